"""What `demo` and `serve` tell people once everything listens."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from rich.markup import escape

__all__ = ["lines"]


def lines(facts: Mapping[str, Any], took: float) -> Iterator[str]:
    """Say what there is, from the same facts that `--json` prints; `took` is how many seconds the start took."""
    demo = "users" in facts
    yield f"[bold]xswitch {facts['version']}[/]" + (" - demo: in memory, for trying out" if demo else "")
    yield from (f"  {name:<8}{escape(text)}" for name, text in _facts(facts) if text)
    rest = "; nothing is written to disk" if demo else ""
    yield f"  Ready in {took:.1f} s. Ctrl-C stops{rest}."


def _facts(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    page = _local(facts["http"]) if "http" in facts else ""
    if "users" in facts:
        admin = facts["admin"]
        yield "Site", f"{page}/   {admin['user']} / {admin['password']}"
        pair = urlencode({user["user"]: user["password"] for user in facts["users"][:2]})
        yield "Phones", f"{page}/demo/#{pair}   (passwords are new at every start; all of them: --json)"
    yield "Verto", "   ".join(facts[name] for name in ("ws", "wss") if name in facts)
    numbers = "   ".join(f"{number} {name}" for name, number in facts.get("numbers", {}).items())
    between = "   1000-1019 each other" if "users" in facts else ""
    yield "Dial", f"{numbers}{between}" if numbers else ""
    yield "SIP", _sip(facts.get("sip", {}))
    yield "Media", _media(facts.get("media", {}))
    if "api_key" in facts:
        yield "API", f"{page}/docs   key {facts['api_key']}"


def _sip(sip: Mapping[str, Any]) -> str:
    """Say where phones register, and as what: the port is enough on this computer."""
    ways = [f"{name} {sip[name]}" for name in ("udp", "tcp", "tls") if name in sip]
    ways += [sip[name] for name in ("ws", "wss") if name in sip]
    return f"{'   '.join(ways)}   domain {sip['domain']}" if ways else ""


def _media(media: Mapping[str, Any]) -> str:
    ports = sorted({address.rpartition(":")[2] for address in media.get("webrtc", ())})
    told = [f"one UDP port for WebRTC: {', '.join(ports)}"] if ports else []
    return "; ".join([*told, *([f"plain RTP: {media['rtp']}"] if "rtp" in media else [])])


def _local(url: str) -> str:
    """Write a loopback address as browsers trust it with the microphone."""
    parts = urlsplit(url)
    return f"{parts.scheme}://localhost:{parts.port}" if parts.hostname in ("127.0.0.1", "::1") else url
