"""What the SIP phone does in recorded calls: the recordings hold the frames of Verto, and of SIP no more than notes."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from tests.traces.scene import Step, parse

__all__ = ["SCRIPT", "noted", "with_phone"]

_ASKED: Final = "SIP > INVITE from 1000 to 1005 sdp"
_ENDED: Final = 'SIP > BYE Q.850;cause=16;text="NORMAL_CLEARING"'
_GIVEN_UP: Final = 'SIP;cause=487;text="ORIGINATOR_CANCEL"'
_REFUSED: Final = f"SIP > 487 INVITE {_GIVEN_UP}"

_Rows = tuple[tuple[str, tuple[str, ...]], ...]

SCRIPT: Final[Mapping[str, _Rows]] = {
    "callee_sip_busy": (
        ("A > result 2", (_ASKED, "SIP < 180")),
        ("A > verto.media", ("SIP < 486", "SIP > ACK")),
    ),
    "caller_cancel_ringing": (
        ("A > result 4", (_ASKED, "SIP < 180")),
        ("SIP > CANCEL", ("SIP > ACK",)),
    ),
    "verto_to_sip": (
        ("A > result 2", (_ASKED, "SIP < 180")),
        ("A > verto.media", ("SIP < 200 sdp", "SIP > ACK")),
        ("SIP = sound", ("SIP < BYE", "SIP > 200 BYE")),
        ("A > result 3", (_ASKED, "SIP < 180")),
        ("A > verto.media", ("SIP < 200 sdp", "SIP > ACK")),
        ("A > result 4", (_ENDED,)),
    ),
    "sip_to_verto": (
        ("A > verto.clientReady", ("SIP < INVITE 1001",)),
        ("A > result 3", (_ENDED, "SIP < INVITE 1001")),
        ("SIP = sound", ("SIP < BYE", "SIP > 200 BYE")),
    ),
    "sip_cancel_to_verto": (
        ("A > verto.clientReady", ("SIP < INVITE 1001",)),
        ("A > verto.invite", ("SIP > 183 INVITE sdp", "SIP < CANCEL", "SIP > 200 CANCEL", _REFUSED)),
    ),
    "early_media_sip": (
        ("A > result 2", (_ASKED, "SIP < 183 sdp")),
        ("A = sound", ("SIP < 200 sdp", "SIP > ACK")),
        ("A > result 3", (_ENDED,)),
    ),
    "dtmf": (
        ("A > result 2", (_ASKED, "SIP < 200 sdp", "SIP > ACK")),
        ("A > result 8", (_ENDED,)),
    ),
    "hold_unhold": (
        ("A > result 2", (_ASKED, "SIP < 200 sdp", "SIP > ACK")),
        ("A > result 6", ("SIP = sound",)),
        ("A > result 7", (_ENDED,)),
    ),
}  # fmt: skip
"""For a recording: after which line of the scene the phone does what, in order. It opens before the first line."""

_NOTES: Final[tuple[tuple[str, Callable[[re.Match[str]], tuple[str, ...]]], ...]] = (
    (r"SIP side saw \[100, 183\] then 200",
     lambda found: ("SIP > 183 INVITE sdp", "SIP > 200 INVITE sdp again")),
    (r"media: Verto (\w+) rx \d+; SIP PCMU rx \d+", lambda found: (f"A = sound {found[1]}", "SIP = sound")),
    (r"before the answer: Verto has \d+ packets of early media", lambda found: ("A = sound",)),
    (r"the SIP callee got: cancel", lambda found: (f"SIP > CANCEL {_GIVEN_UP}",)),
    (r"the SIP side got RFC 4733 digits: (\S+), lengths .*", lambda found: (f"SIP > digits {found[1]}",)),
    (r"the Verto peer sent telephone-events (\S+) .*; the SIP side got '(\S+)', lengths .*",
     lambda found: (f"A < digits {found[1]}", f"SIP > digits {found[2]}")),
    (r"SIP sent RFC 4733 (\S+); the Verto peer got telephone-events in RTP: '(\S*)' .*",
     lambda found: (f"SIP < digits {found[1]}", f"A > digits {found[2]}".rstrip())),
    (r"the server's send_dtmf \S+: the Verto peer got telephone-events in RTP: '(\S*)'",
     lambda found: (f"A > digits {found[1]}".rstrip(),)),
    (r"after \w+: SIP leg got \d+ packets in 1.2 s; re-INVITEs seen by the SIP leg: 0",
     lambda found: ("SIP = packets",)),
)  # fmt: skip
"""What a note says of the phone and of media; not how long digits were, how many packets came, nor a 100."""


def noted(text: str) -> tuple[Step, ...]:
    """Read a note."""
    for pattern, lines in _NOTES:
        if found := re.fullmatch(pattern, text):
            return parse(lines(found))
    return ()


def with_phone(name: str, steps: Iterable[Step]) -> Iterator[Step]:
    """Put what the phone does into a scene.

    Raises:
        ValueError: the scene has not all lines that the phone waits for.
    """
    rows = list(SCRIPT.get(name, ()))
    if rows:
        yield Step("SIP", "open", "1005")
    for step in steps:
        yield step
        if rows and str(step).startswith(rows[0][0]):
            yield from parse(rows.pop(0)[1])
    if rows:
        raise ValueError(f"{name}: {rows[0]}")
    if name in SCRIPT:
        yield Step("SIP", "close")
