"""Messages to try machines with, and what machines want done in one line each."""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from xswitch_py.pysip import transaction, usage
from xswitch_py.pysip.headers import Address, Via, parse_address
from xswitch_py.pysip.message import Request, Response, response_to
from xswitch_py.pysip.uri import Uri, parse_uri
from xswitch_py.pysip.usage import Fields

OURS = parse_address("<sip:pbx@192.0.2.1:5060>")


def request(
    method: str = "INVITE",
    *,
    uri: str = "sip:bob@pbx.example",
    from_: str = "<sip:alice@pbx.example>;tag=alice",
    to: str = "<sip:bob@pbx.example>",
    call_id: str = "call-1",
    cseq: int = 1,
    branch: str = "z9hG4bK-1",
    contact: str = "<sip:alice@198.51.100.7:5070>",
    fields: Fields = (),
    body: bytes = b"",
) -> Request:
    """A request as it stands on the wire."""
    return Request.new(
        method,
        parse_uri(uri),
        from_=parse_address(from_),
        to=parse_address(to),
        call_id=call_id,
        cseq=cseq,
        via=Via("UDP", "198.51.100.7", 5070, branch),
        contact=parse_address(contact) if contact else None,
        fields=fields,
        body=body,
        content_type="application/sdp" if body else "",
    )


def answer(to: Request, status: int, *, tag: str = "bob", fields: Fields = (), body: bytes = b"") -> Response:
    """An answer of somebody's to a request."""
    return response_to(to, status, to_tag=tag, fields=fields, body=body)


def contact(text: str = "<sip:bob@203.0.113.9:5080>") -> tuple[str, str]:
    """A Contact field."""
    return ("Contact", text)


def new_vias() -> Callable[[], Via]:
    """A maker of our Vias: their branches are z9hG4bK-ours-1 and so on."""
    numbers = count(1)
    return lambda: Via("UDP", "192.0.2.1", 5060, f"z9hG4bK-ours-{next(numbers)}")


def sip(text: str) -> Uri:
    """A URI."""
    return parse_uri(text)


def addr(text: str) -> Address:
    """An address."""
    return parse_address(text)


def said(message: Request | Response) -> str:
    """A message in a word or two."""
    return message.method if isinstance(message, Request) else f"{message.status} {message.cseq.method}"


def shown(effects: Iterable[Any]) -> list[str]:
    """Effects in a line each, such as `send 200 INVITE` and `arm A 0.5`."""
    return [_shown(effect) for effect in effects]


def _shown(effect: Any) -> str:
    match effect:
        case transaction.Arm(timer=timer, seconds=seconds):
            return f"arm {timer.value} {seconds:g}"
        case transaction.Disarm(timer=timer):
            return f"disarm {timer.value}"
        case usage.Arm(clock=clock, seconds=seconds):
            return f"arm {clock.value} {seconds:g}"
        case usage.Disarm(clock=clock):
            return f"disarm {clock.value}"
        case transaction.Failed(why=why):
            return f"failed {why.value}"
        case usage.Reply(response=response):
            return f"reply {said(response)}"
    name = type(effect).__name__.lower()
    inner = next((getattr(effect, slot) for slot in ("message", "request", "response") if hasattr(effect, slot)), None)
    return name if inner is None else f"{name} {said(inner)}"
