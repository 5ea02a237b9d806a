"""What programs are told of an event."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from tests.core.facts import AT, CALL, LEG, SAMPLES, gateway, started
from xswitch_py.base import events
from xswitch_py.base.offer import Party
from xswitch_py.core.envelope import GAP, POOR, TYPES, Envelope, told


def test_every_type_is_told_of_some_event_and_no_other() -> None:
    rows = [told(each) for each in SAMPLES]
    assert None not in rows
    assert {row[0] for row in rows if row} | {GAP} == set(TYPES)
    assert len(set(TYPES)) == len(TYPES)


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: type(event).__name__)
def test_what_is_told_is_json_without_our_own_ids_of_calls(event: events.Event) -> None:
    row = told(event)
    assert row is not None
    assert json.loads(json.dumps(row[1], allow_nan=False)) == row[1]
    assert "call" not in row[1]


def test_events_of_the_house_are_told_to_nobody() -> None:
    assert told(events.LegRinging(LEG, AT)) is None
    assert told(events.LegMilestone(LEG, AT, "ice", "192.0.2.1:5000")) is None


def test_only_poor_quality_is_told() -> None:
    assert told(events.LegMeasured(LEG, AT, POOR, {}, CALL)) is None
    assert told(events.LegMeasured(LEG, AT, POOR - 0.01, {}, CALL)) is not None


def test_an_envelope_has_the_members_that_programs_rely_on() -> None:
    envelope = Envelope(7, "n1", "call.answered", AT, {"x": 1}, "call_c1", frozenset({"1000@example.org"}))
    assert json.loads(envelope.text()) == {
        "id": "evt_n1_7",
        "type": "call.answered",
        "time": "2023-11-14T22:13:20.250Z",
        "node": "n1",
        "seq": 7,
        "call_id": "call_c1",
        "data": {"x": 1},
    }


def test_an_event_of_no_call_has_no_call_id() -> None:
    assert "call_id" not in Envelope(1, "n1", "gateway.changed", AT, {}).as_json()


def test_a_text_is_made_once() -> None:
    data: dict[str, Any] = {"x": 1}
    envelope = Envelope(1, "n1", "gateway.changed", AT, data)
    first = envelope.text()
    assert envelope.text() is first
    assert envelope == replace(envelope)


@pytest.mark.parametrize(
    ("value", "shown"),
    [("a\nb\rc", "a\nb\rc"), ("\ud800x", "?x"), (math.nan, None), ([math.inf, 1.5], [None, 1.5]), ("é", "é")],
)
def test_a_text_is_one_line_of_json_in_utf8_whatever_a_peer_said(value: object, shown: object) -> None:
    text = Envelope(1, "n1", "gateway.changed", AT, {"x": value}).text()
    assert "\n" not in text
    assert "\r" not in text
    assert json.loads(text.encode())["data"] == {"x": shown}


def test_a_gap_has_another_id_than_the_event_before_it() -> None:
    assert Envelope(7, "n1", GAP, AT, {}).id != Envelope(7, "n1", "call.ended", AT, {}).id


def test_both_ends_of_a_call_are_told_by_name_and_number() -> None:
    row = told(replace(started(), caller=Party("<b>", "1")))
    assert row is not None
    assert row[1]["caller"] == {"name": "<b>", "number": "1"}
    assert told(gateway()) == ("gateway.changed", {"name": "acme", "state": "REGED", "text": "200 OK"})
