"""What is kept of each call, whose it is, and how much of it."""

import asyncio

import pytest

from xswitch_py.base import events
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party
from xswitch_py.core import trace as traces_module
from xswitch_py.core.bus import Bus
from xswitch_py.core.trace import CallTrace, Traces

ALICE, BOB = Address("1000", "example.org"), Address("1001", "example.org")
CALLER, CALLEE = Party("Alice", "1000"), Party("Bob", "1001")


def leg_started(leg: str, at: float = 1.0, *, outbound: bool = False) -> events.LegStarted:
    return events.LegStarted(LegId(leg), at, outbound, "sip", BOB if outbound else ALICE, CALLER, CALLEE)


def call_started(call: str = "c", leg: str = "a", at: float = 2.0) -> events.CallStarted:
    return events.CallStarted(CallId(call), LegId(leg), at, CALLER, CALLEE, ALICE, "sip")


def joined(leg: str, call: str = "c", at: float = 3.0) -> events.LegJoined:
    return events.LegJoined(CallId(call), LegId(leg), at, BOB)


def call_ended(call: str = "c", leg: str = "a", at: float = 9.0) -> events.CallEnded:
    cause = Cause.NORMAL_CLEARING
    return events.CallEnded(
        CallId(call), LegId(leg), 2.0, None, at, cause, CALLER, CALLEE, ALICE, "", 0, 0, 0, quality={"rtt": 5.0}
    )


def fed(*happened: events.Event) -> Traces:
    traces = Traces()
    for event in happened:
        traces.take(event)
    return traces


def found(traces: Traces, call: str = "c") -> CallTrace:
    trace = traces.find(CallId(call))
    assert trace is not None
    return trace


def texts(traces: Traces, call: str = "c") -> list[str]:
    return [entry.text for entry in found(traces, call).entries()]


def test_both_legs_are_on_one_axis_whatever_came_before_they_joined() -> None:
    traces = fed(leg_started("a"), leg_started("b", 1.5, outbound=True))
    traces.note(LegId("b"), "sip", ">", "INVITE sip:1001", at=2.5)
    traces.note(LegId("a"), "sip", "<", "INVITE sip:1001", at=0.5)
    traces.take(call_started())
    traces.take(joined("b"))
    traces.note(LegId("b"), "sip", "<", "180 Ringing", at=4.0)
    assert [(entry.leg, entry.way, entry.text) for entry in found(traces).entries()] == [
        ("a", "<", "INVITE sip:1001"),
        ("a", "", "sip leg from 1000"),
        ("b", "", "sip leg to 1001"),
        ("a", "", "call 1000 to 1001"),
        ("b", ">", "INVITE sip:1001"),
        ("b", "<", "180 Ringing"),
    ]
    trace = found(traces)
    assert trace.caller == "a" and trace.users == {ALICE, BOB}
    assert [(leg.id, leg.party.number) for leg in trace.legs.values()] == [("a", "1000"), ("b", "1001")]
    assert traces.call_of(LegId("b")) == "c" and traces.call_of(LegId("x")) is None


def test_events_are_told_in_words_and_secret_digits_are_not() -> None:
    a, call = LegId("a"), CallId("c")
    traces = fed(
        leg_started("a"),
        call_started(),
        leg_started("b", outbound=True),
        joined("b"),
        events.LegMilestone(a, 3.0, "ice", "nominated 192.0.2.1:5000"),
        events.LegMilestone(a, 3.1, "media", "first packet heard opus"),
        events.CallBridged(call, 4.0, a, LegId("b")),
        events.DigitHeard(a, 5.0, "", 100, "info", call),
        events.DigitHeard(a, 5.1, "7", 100, "rfc4733", call),
        events.DigitsGathered(call, a, 5.2, "", "count"),
        events.LegMeasured(a, 6.0, 4.2, {}, call),
        events.LegMeasured(a, 6.1, 1.3, {}, call),
        call_ended(),
    )
    entries = found(traces).entries()[3:]
    assert [(entry.layer, entry.text) for entry in entries] == [
        ("ice", "nominated 192.0.2.1:5000"),
        ("media", "first packet heard opus"),
        ("call", "bridged with 1001"),
        ("media", "digit (secret) by info"),
        ("media", "digit 7 by rfc4733"),
        ("media", "gathered digits: count"),
        ("rtp", "poor quality, MOS 1.3"),
        ("call", "call ended: NORMAL_CLEARING"),
    ]
    assert found(traces).measured[a].mos == 1.3 and found(traces).totals[a] == {"rtt": 5.0}


def test_who_was_rung_first_for_a_program_is_the_caller_once_they_answered() -> None:
    traces = fed(call_started(leg=""), leg_started("b", outbound=True), joined("b"))
    assert found(traces).caller == ""
    traces.take(joined("b"))
    assert found(traces).caller == "b"


def test_a_leg_that_goes_to_another_call_is_traced_there() -> None:
    traces = fed(leg_started("a"), call_started())
    traces.note(LegId("a"), "sip", "<", "REFER", at=5.0)
    traces.take(call_started("d", "a", 6.0))
    traces.note(LegId("a"), "sip", ">", "NOTIFY", at=7.0)
    assert "REFER" in texts(traces) and "NOTIFY" not in texts(traces)
    assert texts(traces, "d") == ["call 1000 to 1001", "NOTIFY"]


def test_a_late_answer_belongs_to_a_call_that_is_over() -> None:
    traces = fed(leg_started("a"), call_started(), call_ended())
    traces.note(LegId("a"), "sip", "<", "200 OK", at=10.0)
    assert texts(traces)[-1] == "200 OK" and found(traces).ended == 9.0


def test_an_id_that_is_used_again_gives_nothing_of_the_new_call_to_the_old_one() -> None:
    """Clients choose the ids of their legs: somebody else may take one that was used before."""
    traces = fed(leg_started("a"), call_started(), call_ended())
    traces.note(LegId("a"), "verto", "<", "verto.invite", at=49.9)
    for event in (leg_started("a", 50.0), call_started("d", "a", 50.1)):
        traces.take(event)
    traces.note(LegId("a"), "verto", ">", "verto.answer", at=51.0)
    assert not [text for text in texts(traces) if text.startswith("verto")]
    assert texts(traces, "d") == ["verto.invite", "sip leg from 1000", "call 1000 to 1001", "verto.answer"]


def test_of_a_long_call_the_first_entries_and_the_latest_are_kept() -> None:
    traces = fed(leg_started("a"), call_started())
    for number in range(2000):
        traces.note(LegId("a"), "sip", "<", f"INFO {number}", at=3.0 + number)
    trace = found(traces)
    assert len(trace.entries()) == 501 and trace.missing == 2002 - 500
    said = texts(traces)
    assert said[299:302] == ["INFO 297", "1502 entries were not kept", "INFO 1800"]
    assert said[-1] == "INFO 1999"


def test_the_newest_thousand_calls_are_kept_and_those_that_are_up() -> None:
    traces = fed(leg_started("up"), call_started("up", "up"))
    for number in range(1100):
        for event in (leg_started(f"l{number}"), call_started(f"c{number}", f"l{number}")):
            traces.take(event)
        traces.take(call_ended(f"c{number}", f"l{number}"))
    kept = [number for number in range(1100) if traces.find(CallId(f"c{number}"))]
    assert kept == list(range(100, 1100)) and traces.find(CallId("up"))
    assert len(traces._logs) == len(traces._seen) == 1001


def test_memory_is_bounded_and_calls_that_are_over_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces_module, "_BYTES", 100_000)
    traces = fed(leg_started("a"), call_started(), call_ended(), leg_started("b"), call_started("d", "b"))
    for _ in range(150):
        traces.note(LegId("b"), "sip", "<", "INFO", size=300)
        assert traces.size <= 100_000
    assert traces.find(CallId("c")) is None
    assert 0 < len(found(traces, "d").entries()) < 100  # what it noted went, too, in the end
    assert traces.size == sum(log.size for log in {id(log): log for log in traces._logs.values()}.values())


def test_legs_that_never_join_a_call_do_not_pile_up() -> None:
    traces = Traces()
    for number in range(3000):
        traces.note(LegId(f"l{number}"), "sip", "<", "INVITE")
    assert len(traces._logs) == 2000
    assert traces.size == sum(log.size for log in traces._logs.values())


async def test_it_listens_until_the_bus_closes() -> None:
    bus, traces = Bus(), Traces()
    running = asyncio.create_task(traces.run(bus))
    await asyncio.sleep(0)
    for event in (leg_started("a"), call_started()):
        bus.publish(event)
    bus.close()
    await running
    assert len(found(traces).entries()) == 2
