"""A transfer tells how it goes on, in time and to the end (RFC 3515, RFC 6665; S84)."""

import pytest

from tests.pysip.scenes import OURS, new_vias, request, shown
from xswitch_py.pysip.dialog import dialog_of_request
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.message import Request
from xswitch_py.pysip.subscription import (
    Begin,
    Concluded,
    Done,
    Lapsed,
    Referral,
    ReferralEvent,
    ReferralState,
    Told,
    Went,
)
from xswitch_py.pysip.usage import Ask, Clock, Fired, Reply

REFER = request("REFER", to="<sip:bob@pbx.example>;tag=ours", cseq=2, fields=(("Refer-To", "<sip:carol@pbx.example>"),))
NOTIFIED = ["ask NOTIFY", "arm notify 1", "arm expire 180"]
GONE = ["disarm notify", "disarm expire", "done"]


def referral(notify: bool = True) -> Referral:
    dialog = dialog_of_request(request(), "ours", OURS, 10)
    dialog.confirm()
    return Referral(REFER, dialog, new_vias(), notify)


def notified(effects: list[object]) -> list[Request]:
    return [effect.request for effect in effects if isinstance(effect, Ask)]


ACTIVE: list[ReferralEvent] = [Begin()]
RINGING = [*ACTIVE, Fired(Clock.NOTIFY), Went(180)]


@pytest.mark.item("S84")
@pytest.mark.parametrize(
    ("before", "event", "effects", "state"),
    [
        ([], Begin(), ["reply 202 REFER", *NOTIFIED], ReferralState.ACTIVE),
        (ACTIVE, Went(180), [], ReferralState.ACTIVE),
        ([*ACTIVE, Went(180)], Fired(Clock.NOTIFY), NOTIFIED, ReferralState.ACTIVE),
        (ACTIVE, Fired(Clock.NOTIFY), [], ReferralState.ACTIVE),
        ([*ACTIVE, Fired(Clock.NOTIFY)], Went(180), NOTIFIED, ReferralState.ACTIVE),
        (RINGING, Went(180), [], ReferralState.ACTIVE),
        (RINGING, Begin(), [], ReferralState.ACTIVE),
        (RINGING, Told(200), [], ReferralState.ACTIVE),
        (RINGING, Concluded(200), ["ask NOTIFY", *GONE], ReferralState.ENDED),
        (RINGING, Told(481), GONE, ReferralState.ENDED),
        (RINGING, Told(408), GONE, ReferralState.ENDED),
        (RINGING, Lapsed(), GONE, ReferralState.ENDED),
        (RINGING, Fired(Clock.EXPIRE), ["ask NOTIFY", *GONE], ReferralState.ENDED),
        ([*RINGING, Concluded(200)], Concluded(200), [], ReferralState.ENDED),
    ],
)
def test_a_transfer(
    before: list[ReferralEvent], event: ReferralEvent, effects: list[str], state: ReferralState
) -> None:
    machine = referral()
    for each in before:
        machine.receive(each)
    assert (shown(machine.receive(event)), machine.state) == (effects, state)


@pytest.mark.item("S84")
def test_what_the_sender_reads() -> None:
    """Golden."""
    machine = referral()
    machine.event_id = "2"
    effects = [effect for event in (Begin(), Went(180), Fired(Clock.NOTIFY)) for effect in machine.receive(event)]
    effects += machine.receive(Concluded(486, "Busy Here"))
    told = [
        (str(each.cseq), each.headers.get("Event"), each.headers.get("Subscription-State"), each.body.decode())
        for each in notified(list(effects))
    ]
    assert told == [
        ("11 NOTIFY", "refer;id=2", "active;expires=180", "SIP/2.0 100 Trying\r\n"),
        ("12 NOTIFY", "refer;id=2", "active;expires=180", "SIP/2.0 180 Ringing\r\n"),
        ("13 NOTIFY", "refer;id=2", "terminated;reason=noresource", "SIP/2.0 486 Busy Here\r\n"),
    ]
    last = notified(list(effects))[-1]
    assert (last.headers.get("Content-Type"), last.contacts) == ("message/sipfrag;version=2.0", (OURS,))


def test_a_transfer_that_takes_too_long_says_so() -> None:
    machine = referral()
    machine.receive(Begin())
    (notify,) = notified(list(machine.receive(Fired(Clock.EXPIRE))))
    assert notify.headers.get("Subscription-State") == "terminated;reason=timeout"
    assert notify.headers.get("Event") == "refer"


@pytest.mark.item("S84")
def test_who_wants_no_notify_gets_none() -> None:
    """Refer-Sub: false."""
    machine = referral(notify=False)
    accepted, done = machine.receive(Begin())
    assert isinstance(accepted, Reply) and accepted.response.headers.get("Refer-Sub") == "false"
    assert done == Done()
    assert machine.receive(Concluded(200)) == []


@pytest.mark.item("S84")
@pytest.mark.parametrize("event", [Went(180), Concluded(200)])
def test_nobody_is_told_after_the_dialog(event: ReferralEvent) -> None:
    """The transferor may hang up before the end."""
    machine = referral()
    machine.receive(Begin())
    machine.receive(Fired(Clock.NOTIFY))
    machine.dialog.end()
    assert shown(machine.receive(event)) == GONE


def test_nothing_goes_on_before_the_refer_is_accepted() -> None:
    machine = referral()
    with pytest.raises(SipError):
        machine.receive(Went(180))
    assert machine.state is ReferralState.NEW
