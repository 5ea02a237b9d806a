"""Causes in SIP's words and back: final answers and the Reason header (RFC 3326, RFC 3398; sip.md 14)."""

from typing import Final, NamedTuple

from xswitch_py.base.cause import CAUSES, Cause, by_code, by_name, by_sip
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.grammar import parse_params
from xswitch_py.pysip.headers import parse_number
from xswitch_py.pysip.message import Message, Response
from xswitch_py.pysip.usage import Fields

__all__ = ["cause_in", "cause_of", "reason_of", "refusal_of", "status_of"]

_Q850: Final = 128  # numbers below are Q.850's, those above our own
_ELSEWHERE: Final = 'SIP;cause=200;text="Call completed elsewhere"'  # phones then show no missed call
_NEAREST: Final = {Cause.MEDIA_TIMEOUT: 31}  # what Q.850 has for a cause of ours (sip.md 4.5)
_LATER: Final = ("Retry-After", "5")  # seconds


class _Reason(NamedTuple):
    protocol: str
    number: int
    text: str


def status_of(cause: Cause) -> int:
    """Give the final answer that refuses a call with this cause: always an error."""
    status = CAUSES[cause].sip
    return status if status >= 300 else 480


def reason_of(cause: Cause) -> str:
    """Write the value of a Reason header."""
    if cause in (Cause.LOSE_RACE, Cause.PICKED_OFF):
        return _ELSEWHERE
    row = CAUSES[cause]
    number = _NEAREST.get(cause, row.code)
    if number < _Q850:
        return f'Q.850;cause={number};text="{cause.value}"'
    return f'SIP;cause={status_of(cause)};text="{cause.value}"'


def refusal_of(cause: Cause) -> Fields:
    """Give the header fields that go with `status_of`."""
    return (("Reason", reason_of(cause)), *((_LATER,) if status_of(cause) == 503 else ()))


def cause_in(message: Message) -> Cause | None:
    """Read the Reasons of a message: a Q.850 number that we know wins, then a name of ours, then a SIP status."""
    reasons = _reasons(message)
    for reason in reasons:
        if reason.protocol == "Q.850" and (cause := _by_number(reason)):
            return cause
    for reason in reasons:
        if (cause := by_name(reason.text) or _by_status(reason, message)) is not None:
            return cause
    return None


def cause_of(response: Response) -> Cause:
    """Say why a call failed that was refused so."""
    return cause_in(response) or by_sip(response.status)


def _by_number(reason: _Reason) -> Cause | None:
    named = by_name(reason.text)
    return named if named is not None and _NEAREST.get(named) == reason.number else by_code(reason.number)


def _by_status(reason: _Reason, message: Message) -> Cause | None:
    """What a SIP status says; 200 in a CANCEL is that somebody else answered (RFC 3326 section 2)."""
    if reason.protocol != "SIP":
        return None
    if 200 <= reason.number < 300:
        elsewhere = message.cseq.method == "CANCEL" or "elsewhere" in reason.text.lower()
        return Cause.LOSE_RACE if elsewhere else Cause.NORMAL_CLEARING
    return by_sip(reason.number) if 300 <= reason.number < 700 else None


def _reasons(message: Message) -> list[_Reason]:
    """List what can be read of them."""
    found = []
    try:
        for value in message.headers.all("Reason"):
            protocol, semicolon, params = value.partition(";")
            said = parse_params(semicolon + params)
            found.append(
                _Reason(protocol.strip().upper(), parse_number(said.get("cause") or "") or 0, said.get("text") or "")
            )
    except BadMessage:
        pass  # a reason is good to know, and no more
    return found
