"""Transactions of theirs obey the tables of RFC 3261 section 17.2, RFC 6026 and RFC 4320 (S28)."""

import pytest

from tests.pysip.scenes import answer, request, shown
from xswitch_py.pysip.server_transaction import InviteServer, OtherServer
from xswitch_py.pysip.transaction import Answered, Arrived, Event, Fired, Lost, State, Timer, Times, server_key

INVITE = request()
MESSAGE = request("MESSAGE")
KEY = server_key(INVITE)


def invite(reliable: bool = False) -> InviteServer:
    return InviteServer(KEY, INVITE, "flow", reliable, Times())


def other(reliable: bool = False) -> OtherServer:
    return OtherServer(server_key(MESSAGE), MESSAGE, "flow", reliable, Times())


def came(method: str = "INVITE") -> Event:
    return Arrived(request(method), "flow", False)


def respond(status: int) -> Event:
    return Answered(KEY, answer(INVITE, status))


def reply(status: int) -> Event:
    return Answered(KEY, answer(MESSAGE, status))


def fired(timer: Timer) -> Event:
    return Fired(KEY, timer)


NEW = [came()]
RINGING = [*NEW, respond(180)]
ACCEPTED = [*RINGING, respond(200)]
REFUSED = [*NEW, respond(486)]
CONFIRMED = [*REFUSED, came("ACK")]


@pytest.mark.item("S28")
@pytest.mark.item("S29")
@pytest.mark.parametrize(
    ("before", "event", "effects", "state"),
    [
        ([], came(), ["arm trying 0.2", "deliver INVITE"], State.PROCEEDING),
        (NEW, came(), [], State.PROCEEDING),
        (NEW, fired(Timer.TRYING), ["send 100 INVITE"], State.PROCEEDING),
        ([*NEW, fired(Timer.TRYING)], came(), ["send 100 INVITE"], State.PROCEEDING),
        ([*NEW, fired(Timer.TRYING)], respond(180), ["send 180 INVITE"], State.PROCEEDING),
        (NEW, respond(180), ["disarm trying", "send 180 INVITE"], State.PROCEEDING),
        (NEW, respond(200), ["disarm trying", "send 200 INVITE", "arm L 32"], State.ACCEPTED),
        (NEW, respond(486), ["disarm trying", "send 486 INVITE", "arm G 0.5", "arm H 32"], State.COMPLETED),
        (NEW, Lost("flow"), [], State.PROCEEDING),
        (RINGING, fired(Timer.TRYING), [], State.PROCEEDING),
        (RINGING, came(), ["send 180 INVITE"], State.PROCEEDING),
        (RINGING, came("ACK"), [], State.PROCEEDING),
        (ACCEPTED, came(), [], State.ACCEPTED),
        (ACCEPTED, respond(200), ["send 200 INVITE"], State.ACCEPTED),
        (ACCEPTED, respond(486), [], State.ACCEPTED),
        (ACCEPTED, came("ACK"), ["deliver ACK"], State.ACCEPTED),
        (ACCEPTED, fired(Timer.L), ["terminated"], State.TERMINATED),
        (REFUSED, came(), ["send 486 INVITE"], State.COMPLETED),
        (REFUSED, respond(200), [], State.COMPLETED),
        (REFUSED, fired(Timer.G), ["send 486 INVITE", "arm G 1"], State.COMPLETED),
        ([*REFUSED, *[fired(Timer.G)] * 4], fired(Timer.G), ["send 486 INVITE", "arm G 4"], State.COMPLETED),
        (REFUSED, fired(Timer.H), ["failed 408", "terminated"], State.TERMINATED),
        (REFUSED, came("ACK"), ["disarm G", "disarm H", "arm I 5"], State.CONFIRMED),
        (CONFIRMED, came("ACK"), [], State.CONFIRMED),
        (CONFIRMED, came(), [], State.CONFIRMED),
        (CONFIRMED, fired(Timer.G), [], State.CONFIRMED),
        (CONFIRMED, fired(Timer.I), ["terminated"], State.TERMINATED),
        ([*CONFIRMED, fired(Timer.I)], came(), [], State.TERMINATED),
    ],
)
def test_an_invite_of_theirs(before: list[Event], event: Event, effects: list[str], state: State) -> None:
    """The 2xx is repeated by the core, and INVITEs that repeat after it are absorbed."""
    machine = invite()
    for each in before:
        machine.receive(each)
    assert (shown(machine.receive(event)), machine.state) == (effects, state)


ASKED = [came("MESSAGE")]
SLOW = [*ASKED, fired(Timer.TRYING)]
ANSWERED = [*SLOW, reply(200)]


@pytest.mark.item("S28")
@pytest.mark.parametrize(
    ("before", "event", "effects", "state"),
    [
        ([], came("MESSAGE"), ["arm trying 3.5", "arm abandoned 32", "deliver MESSAGE"], State.TRYING),
        (ASKED, came("MESSAGE"), [], State.TRYING),
        (ASKED, fired(Timer.TRYING), ["send 100 MESSAGE"], State.PROCEEDING),
        (ASKED, reply(180), [], State.TRYING),
        (ASKED, reply(408), [], State.TRYING),
        (ASKED, reply(200), ["disarm trying", "disarm abandoned", "send 200 MESSAGE", "arm J 32"], State.COMPLETED),
        (ASKED, fired(Timer.ABANDONED), ["terminated"], State.TERMINATED),
        (SLOW, came("MESSAGE"), ["send 100 MESSAGE"], State.PROCEEDING),
        (SLOW, reply(404), ["disarm trying", "disarm abandoned", "send 404 MESSAGE", "arm J 32"], State.COMPLETED),
        (SLOW, fired(Timer.ABANDONED), ["terminated"], State.TERMINATED),
        (ANSWERED, came("MESSAGE"), ["send 200 MESSAGE"], State.COMPLETED),
        (ANSWERED, reply(404), [], State.COMPLETED),
        (ANSWERED, fired(Timer.J), ["terminated"], State.TERMINATED),
    ],
)
def test_another_request_of_theirs(before: list[Event], event: Event, effects: list[str], state: State) -> None:
    """No provisional answer but a late 100, and no 408."""
    machine = other()
    for each in before:
        machine.receive(each)
    assert (shown(machine.receive(event)), machine.state) == (effects, state)


@pytest.mark.item("S28")
def test_reliable_transports_repeat_nothing_and_linger_not() -> None:
    called, asked = invite(reliable=True), other(reliable=True)
    called.receive(came())
    assert shown(called.receive(respond(486))) == ["disarm trying", "send 486 INVITE", "arm H 32"]
    assert shown(called.receive(came("ACK"))) == ["disarm G", "disarm H", "terminated"]
    asked.receive(came("MESSAGE"))
    assert shown(asked.receive(reply(200)))[-2:] == ["send 200 MESSAGE", "terminated"]
