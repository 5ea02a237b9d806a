"""Transactions of ours obey the tables of RFC 3261 section 17.1 and RFC 6026 (S28, S31)."""

import pytest

from tests.pysip.scenes import answer, request, said, shown
from xswitch_py.pysip.client_transaction import InviteClient, OtherClient, ack_of_refusal, cancel_of
from xswitch_py.pysip.transaction import (
    Arrived,
    Asked,
    Cancel,
    Event,
    Fired,
    Lost,
    Send,
    State,
    Timer,
    Times,
    client_key,
)

ROUTED = request(fields=(("Route", "<sip:edge.example;lr>"), ("Require", "100rel")), body=b"v=0")
KEY = client_key(ROUTED)


def invite(reliable: bool = False) -> InviteClient:
    return InviteClient(KEY, ROUTED, "flow", reliable, Times())


def other(reliable: bool = False) -> OtherClient:
    message = request("OPTIONS")
    return OtherClient(client_key(message), message, "flow", reliable, Times())


def begun() -> Event:
    return Asked(ROUTED, "flow", False)


def got(status: int, method: str = "INVITE") -> Event:
    return Arrived(answer(request(method), status), "flow", False)


def fired(timer: Timer) -> Event:
    return Fired(KEY, timer)


CALLING = [begun()]
PROCEEDING = [*CALLING, got(180)]
ACCEPTED = [*PROCEEDING, got(200)]
COMPLETED = [*PROCEEDING, got(486)]


@pytest.mark.item("S28")
@pytest.mark.item("S29")
@pytest.mark.item("S31")
@pytest.mark.parametrize(
    ("before", "event", "effects", "state"),
    [
        ([], begun(), ["send INVITE", "arm A 0.5", "arm B 32"], State.CALLING),
        (CALLING, fired(Timer.A), ["send INVITE", "arm A 1"], State.CALLING),
        ([*CALLING, fired(Timer.A)], fired(Timer.A), ["send INVITE", "arm A 2"], State.CALLING),
        (CALLING, fired(Timer.B), ["failed 408", "terminated"], State.TERMINATED),
        (CALLING, Lost("flow"), ["failed 503", "terminated"], State.TERMINATED),
        (CALLING, got(100), ["disarm A", "disarm B", "deliver 100 INVITE"], State.PROCEEDING),
        (CALLING, got(200), ["disarm A", "disarm B", "deliver 200 INVITE", "arm M 32"], State.ACCEPTED),
        (CALLING, got(404), ["disarm A", "disarm B", "send ACK", "deliver 404 INVITE", "arm D 32"], State.COMPLETED),
        (CALLING, Cancel(KEY), [], State.CALLING),
        ([*CALLING, Cancel(KEY)], got(180),
         ["disarm A", "disarm B", "deliver 180 INVITE", "open CANCEL", "arm cancelled 32"], State.PROCEEDING),
        ([*CALLING, Cancel(KEY)], got(200), ["disarm A", "disarm B", "deliver 200 INVITE", "arm M 32"], State.ACCEPTED),
        (PROCEEDING, fired(Timer.A), [], State.PROCEEDING),
        (PROCEEDING, got(183), ["deliver 183 INVITE"], State.PROCEEDING),
        (PROCEEDING, got(200), ["deliver 200 INVITE", "arm M 32"], State.ACCEPTED),
        (PROCEEDING, got(600), ["send ACK", "deliver 600 INVITE", "arm D 32"], State.COMPLETED),
        (PROCEEDING, Lost("flow"), ["failed 503", "terminated"], State.TERMINATED),
        (PROCEEDING, Cancel(KEY), ["open CANCEL", "arm cancelled 32"], State.PROCEEDING),
        ([*PROCEEDING, Cancel(KEY)], Cancel(KEY), [], State.PROCEEDING),
        ([*PROCEEDING, Cancel(KEY)], got(180), ["deliver 180 INVITE"], State.PROCEEDING),
        ([*PROCEEDING, Cancel(KEY)], fired(Timer.CANCELLED), ["failed 408", "terminated"], State.TERMINATED),
        ([*PROCEEDING, Cancel(KEY)], got(487),
         ["disarm cancelled", "send ACK", "deliver 487 INVITE", "arm D 32"], State.COMPLETED),
        (ACCEPTED, got(200), ["deliver 200 INVITE"], State.ACCEPTED),
        (ACCEPTED, got(486), [], State.ACCEPTED),
        (ACCEPTED, got(180), [], State.ACCEPTED),
        (ACCEPTED, Cancel(KEY), [], State.ACCEPTED),
        (ACCEPTED, Lost("flow"), [], State.ACCEPTED),
        (ACCEPTED, fired(Timer.M), ["terminated"], State.TERMINATED),
        (COMPLETED, got(486), ["send ACK"], State.COMPLETED),
        (COMPLETED, got(200), ["deliver 200 INVITE"], State.COMPLETED),
        (COMPLETED, got(180), [], State.COMPLETED),
        (COMPLETED, Lost("flow"), ["terminated"], State.TERMINATED),
        (COMPLETED, fired(Timer.D), ["terminated"], State.TERMINATED),
        ([*COMPLETED, fired(Timer.D)], got(486), [], State.TERMINATED),
    ],
)  # fmt: skip
def test_an_invite_of_ours(before: list[Event], event: Event, effects: list[str], state: State) -> None:
    machine = invite()
    for each in before:
        machine.receive(each)
    assert (shown(machine.receive(event)), machine.state) == (effects, state)


TRYING = [begun()]
SLOW = [*TRYING, got(100, "OPTIONS")]


@pytest.mark.item("S28")
@pytest.mark.parametrize(
    ("before", "event", "effects", "state"),
    [
        ([], begun(), ["send OPTIONS", "arm E 0.5", "arm F 32"], State.TRYING),
        (TRYING, fired(Timer.E), ["send OPTIONS", "arm E 1"], State.TRYING),
        ([*TRYING, *[fired(Timer.E)] * 3], fired(Timer.E), ["send OPTIONS", "arm E 4"], State.TRYING),
        (TRYING, fired(Timer.F), ["failed 408", "terminated"], State.TERMINATED),
        (TRYING, Lost("flow"), ["failed 503", "terminated"], State.TERMINATED),
        (TRYING, got(100, "OPTIONS"), ["deliver 100 OPTIONS"], State.PROCEEDING),
        (TRYING, got(200, "OPTIONS"), ["disarm E", "disarm F", "deliver 200 OPTIONS", "arm K 5"], State.COMPLETED),
        (SLOW, fired(Timer.E), ["send OPTIONS", "arm E 4"], State.PROCEEDING),
        (SLOW, fired(Timer.F), ["failed 408", "terminated"], State.TERMINATED),
        (SLOW, Lost("flow"), ["failed 503", "terminated"], State.TERMINATED),
        (SLOW, got(404, "OPTIONS"), ["disarm E", "disarm F", "deliver 404 OPTIONS", "arm K 5"], State.COMPLETED),
        ([*SLOW, got(200, "OPTIONS")], got(200, "OPTIONS"), [], State.COMPLETED),
        ([*SLOW, got(200, "OPTIONS")], Lost("flow"), [], State.COMPLETED),
        ([*SLOW, got(200, "OPTIONS")], fired(Timer.K), ["terminated"], State.TERMINATED),
    ],
)
def test_another_request_of_ours(before: list[Event], event: Event, effects: list[str], state: State) -> None:
    machine = other()
    for each in before:
        machine.receive(each)
    assert (shown(machine.receive(event)), machine.state) == (effects, state)


@pytest.mark.item("S28")
def test_reliable_transports_repeat_nothing_and_linger_not() -> None:
    called, asked = invite(reliable=True), other(reliable=True)
    assert shown(called.receive(begun())) == ["send INVITE", "arm B 32"]
    assert shown(called.receive(got(486)))[-3:] == ["send ACK", "deliver 486 INVITE", "terminated"]
    assert shown(asked.receive(begun())) == ["send OPTIONS", "arm F 32"]
    assert shown(asked.receive(got(200, "OPTIONS")))[-2:] == ["deliver 200 OPTIONS", "terminated"]


def test_the_times_can_be_set() -> None:
    machine = InviteClient(KEY, ROUTED, "flow", False, Times(t1=0.1))
    assert shown(machine.receive(begun())) == ["send INVITE", "arm A 0.1", "arm B 6.4"]


@pytest.mark.item("S28")
def test_the_ack_of_a_refusal_follows_the_invite() -> None:
    """Same branch, Request-URI and Route; the To of the answer; nothing else."""
    ack = ack_of_refusal(ROUTED, answer(ROUTED, 486))
    assert (ack.uri, ack.vias, ack.routes) == (ROUTED.uri, ROUTED.vias, ROUTED.routes)
    assert (str(ack.cseq), ack.to.tag, ack.from_, ack.call_id) == ("1 ACK", "bob", ROUTED.from_, "call-1")
    assert ack.body == b""
    assert ack.headers.get("Require") is None and ack.headers.get("Contact") is None


@pytest.mark.item("S31")
def test_a_cancel_follows_the_invite() -> None:
    """Same branch, Request-URI, Route, From, To without tag, CSeq number."""
    cancel = cancel_of(ROUTED, "SIP;cause=200")
    assert (cancel.uri, cancel.vias, cancel.routes) == (ROUTED.uri, ROUTED.vias, ROUTED.routes)
    assert (str(cancel.cseq), cancel.to.tag, cancel.headers.get("Reason")) == ("1 CANCEL", "", "SIP;cause=200")
    assert cancel_of(ROUTED).headers.get("Reason") is None


def test_a_repeated_refusal_gets_an_ack_with_its_own_tag() -> None:
    machine = invite()
    machine.receive(begun())
    machine.receive(got(486))
    (effect,) = machine.receive(Arrived(answer(ROUTED, 486, tag="other"), "flow", False))
    assert isinstance(effect, Send) and said(effect.message) == "ACK" and effect.message.to.tag == "other"
