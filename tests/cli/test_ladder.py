"""Ladders of whole calls, as people see them."""

from typing import Any

import pytest

from xswitch_py.cli.ladder import ladder


def leg(name: str, side: str, number: str, door: str = "sip") -> dict[str, Any]:
    return {"id": name, "side": side, "door": door, "party": {"name": "", "number": number}}


def entry(ms: float, leg: str | None, way: str, text: str, layer: str = "sip") -> dict[str, Any]:
    return {"ms": ms, "leg": leg, "layer": layer, "way": way, "text": text}


def call(legs: list[dict[str, Any]], *entries: dict[str, Any]) -> dict[str, Any]:
    return {"call": "call_1", "began": "2026-01-02T03:04:05Z", "legs": legs, "entries": entries, "missing": 0}


BUSY = call(
    [leg("a", "caller", "1000", "verto"), leg("b", "callee", "1002")],
    entry(-2.4, "a", "<", "verto.invite", "verto"),
    entry(0.0, "a", ">", "result CALL CREATED", "verto"),
    entry(0.4, None, "", "call 1000 to 1002", "call"),
    entry(3.1, "b", ">", "INVITE sip:1002@192.0.2.7"),
    entry(12.0, "b", "<", "486 Busy Here"),
    entry(12.2, "b", ">", "ACK sip:1002@192.0.2.7"),
    entry(12.9, "a", "", "nominated 192.0.2.1:5000", "ice"),
    entry(61_003.25, "a", ">", "verto.bye", "verto"),
)

DRAWN = """\
call_1  2026-01-02T03:04:05Z

               1000 (verto)                     xswitch                     1002 (sip)
   -0.002            │─────── verto.invite ───────▶│                             │
   +0.000            │◀─── result CALL CREATED ────│                             │
   +0.000            │                             │ ● call 1000 to 1002         │
   +0.003            │                             │ INVITE sip:1002@192.0.2.7 ─▶│
   +0.012            │                             │◀────── 486 Busy Here ───────│
   +0.012            │                             │── ACK sip:1002@192.0.2.7 ──▶│
   +0.013            │                             │ ● ice: nominated 192.0.2.1:5000 [1000]
  +61.003            │◀──────── verto.bye ─────────│                             │
"""

FORKED = call(
    [leg("a", "caller", "1000"), *(leg(f"b{number}", "callee", f"100{number}") for number in range(1, 6))],
    entry(0.0, "a", "<", "INVITE"),
    entry(1.0, "b1", ">", "INVITE"),
    entry(2.0, "b2", ">", "INVITE"),
    entry(3.0, "b5", "<", "200 OK"),
)

PLAIN = """\
call_1  2026-01-02T03:04:05Z

                1000 (sip)                xswitch               1001 (sip)               4 others
   +0.000            |------- INVITE ------->|                       |                       |
   +0.001            |                       |------- INVITE ------->|                       |
   +0.002            |                       |------------------- INVITE ------------------->|
   +0.003            |                       |<------------------- 200 OK -------------------|
"""


def test_a_busy_callee() -> None:
    assert "\n".join(ladder(BUSY, 92)) + "\n" == DRAWN


def test_of_more_parties_than_there_is_room_for_the_last_ones_share_a_lifeline_in_plain_ascii() -> None:
    assert "\n".join(ladder(FORKED, 104, plain=True)) + "\n" == PLAIN
    assert PLAIN.isascii()


@pytest.mark.parametrize("width", [0, 60, 80, 100, 250])
@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("trace", [BUSY, FORKED, call([], entry(0, None, "", "x" * 300, "call")), call([])])
def test_no_line_is_wider_than_the_terminal(trace: dict[str, Any], width: int, plain: bool) -> None:
    lines = ladder(trace, width, plain=plain)
    assert max(map(len, lines)) <= max(width, 60)
    assert len(lines) == 3 + len(trace["entries"])


def test_a_peer_cannot_steer_the_terminal_or_break_a_line() -> None:
    legs = [leg("a", "caller", "10\x1b[2J\n00")]
    text = "\n".join(ladder(call(legs, entry(0, "a", "<", "200 \x1b]0;x\x07\r\nOK\u202e漢e\u0301"))))
    assert text.count("\n") == 3 and not set(text) & set("\x1b\x07\r\u202e漢\u0301")


def test_what_belongs_to_a_leg_that_is_not_listed_is_a_note() -> None:
    lines = ladder(call([leg("a", "caller", "1000")], entry(0, "gone", "<", "BYE")), 80)
    assert "● sip: BYE" in lines[3]
