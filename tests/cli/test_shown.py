"""What the switch says, in words."""

from datetime import UTC, datetime

import pytest

from xswitch_py.cli import shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (0.4, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3725, "1 h 2 min"), (200_000, "2 d 7 h")],
)
def test_times_have_two_units(seconds: float, text: str) -> None:
    assert shown.since(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2.5e9, "2.5 GB")])
def test_sizes_are_readable(count: float, text: str) -> None:
    assert shown.size(count) == text


def test_an_event_is_one_line_without_what_is_empty() -> None:
    told = {"time": "2030-01-02T03:04:05.678Z", "type": "call.ended", "call_id": "call_1"}
    data = {"cause": "USER_BUSY", "text": "two words", "none": None, "no": "", "seconds": 0, "party": {"name": "é"}}
    line = '03:04:05.678 call.ended call_1 cause=USER_BUSY text="two words" seconds=0 party={"name": "é"}'
    assert shown.event(told | {"data": data}) == line
    assert shown.event({**told, "call_id": None, "data": {}}) == "03:04:05.678 call.ended"


def test_a_call_is_one_row() -> None:
    one = {
        "id": "call_1", "state": "bridged", "started": "2030-01-01T00:00:00Z",
        "caller": {"name": "Alice", "number": "1000"}, "callee": {"name": "", "number": "1001"},
        "legs": [{"door": "verto", "codec": "opus"}, {"door": "sip", "codec": ""}],
    }  # fmt: skip
    (row,) = shown.calls([one], datetime(2030, 1, 1, 0, 1, 5, tzinfo=UTC))
    assert row == ["call_1", "bridged", "Alice <1000>", "1001", "1 min 5 s", "verto:opus sip:-"]
    assert shown.party({"name": "", "number": ""}) == "-"
