"""Where everything is, for people and for scripts."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from xswitch_py import __version__
from xswitch_py.config import Demo
from xswitch_py.listen.listener import Listener

__all__ = ["addresses", "facts", "places"]

_NUMBERS: Final = {"echo": "9196", "tone": "9197", "music": "9198"}  # of the shipped dialplan
_ANY: Final = ("0.0.0.0", "::")  # listening on all addresses
_NAMES: Final = (("http", "https"), ("sip_ws", "sip_wss"))  # of the listeners, without and with TLS


def addresses(sip: Mapping[str, str], listeners: Sequence[Listener]) -> dict[str, str]:
    """Say where we listen: "http", "https", "sip_udp"... -> host:port."""
    at = {f"sip_{name}": text for name, text in sip.items()}
    for listener, names in zip(listeners, _NAMES, strict=False):
        at |= {names[name == "https"]: text for name, text in listener.addresses.items()}
    return at


def facts(at: Mapping[str, str], domain: str, media: list[str], rtp: str, demo: Demo | None) -> dict[str, Any]:
    """Say what `--json` prints; `at` is of `addresses`."""
    found: dict[str, Any] = {"version": __version__, "pid": os.getpid()}
    for scheme, verto in (("http", "ws"), ("https", "wss")):
        if scheme in at:
            found |= {scheme: f"{scheme}://{at[scheme]}", verto: f"{verto}://{at[scheme]}/ws"}
    found |= {"sip": _sip(at, domain), "media": {"webrtc": media, "rtp": rtp}}
    if demo is not None:
        found["admin"] = {"user": demo.admin.user, "password": demo.admin.password}
        found["users"] = [{"user": each.user, "password": each.password} for each in demo.users]
        found["numbers"] = dict(_NUMBERS)
        found["api_key"] = demo.key
    return found


def places(at: Mapping[str, str], ours: Collection[str]) -> Iterator[tuple[str, int]]:
    """List every address and port that we listen on; `ours` are this computer's addresses."""
    for text in at.values():
        host, _, port = text.rpartition(":")
        host = host.strip("[]")
        yield from ((each, int(port)) for each in (ours if host in _ANY else (host,)))


def _sip(at: Mapping[str, str], domain: str) -> dict[str, str]:
    found = {name: at[f"sip_{name}"] for name in ("udp", "tcp", "tls") if f"sip_{name}" in at}
    for scheme, shared, alone in (("ws", "http", "sip_ws"), ("wss", "https", "sip_wss")):
        if shared in at:
            found[scheme] = f"{scheme}://{at[shared]}/sip"
        elif alone in at:
            found[scheme] = f"{scheme}://{at[alone]}"
    return found | {"domain": domain}
