"""INVITEs of theirs above the transaction: progress, answer, ACK, end (RFC 3261 section 13.3)."""

import pytest

from tests.pysip.scenes import OURS, new_vias, request, shown
from xswitch_py.pysip.dialog import DialogState, dialog_of_request
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.invite_server import (
    Acked,
    End,
    Ended,
    Finish,
    Invited,
    InvitedEvent,
    InvitedState,
    Progress,
)
from xswitch_py.pysip.message import Request
from xswitch_py.pysip.reliable import Provisionals
from xswitch_py.pysip.usage import Ask, Clock, Fired, GotAck, GotBye, GotCancel, GotPrack, HangUp, Reply

INVITE = request(body=b"v=0")
INSIDE = "<sip:bob@pbx.example>;tag=ours"
ACK = request("ACK", to=INSIDE, branch="z9hG4bK-ack")
BYE = request("BYE", to=INSIDE, cseq=2, branch="z9hG4bK-bye")


def invited(invite: Request = INVITE, first: bool = True) -> Invited:
    dialog = dialog_of_request(invite, "ours", OURS, 10)
    return Invited(invite, dialog, new_vias(), Provisionals(invite, 1000), first=first)


def progress(status: int = 180, reliably: bool = False, body: bytes = b"") -> InvitedEvent:
    return Progress(invited().dialog.response(INVITE, status, body=body), reliably)


def finish(status: int) -> InvitedEvent:
    return Finish(invited().dialog.response(INVITE, status))


def prack(rseq: int = 1000) -> InvitedEvent:
    return GotPrack(request("PRACK", to=INSIDE, cseq=2, branch="z9hG4bK-p", fields=(("RAck", f"{rseq} 1 INVITE"),)))


ANSWERED = [finish(200)]
CONFIRMED = [*ANSWERED, GotAck(ACK)]
RELIABLE = [progress(183, True, b"v=0")]


@pytest.mark.item("S29")
@pytest.mark.item("S58")
@pytest.mark.item("S60")
@pytest.mark.item("S67")
@pytest.mark.parametrize(
    ("before", "event", "effects", "state"),
    [
        ([], progress(), ["reply 180 INVITE"], InvitedState.PROCEEDING),
        ([], finish(486), ["reply 486 INVITE", "ended"], InvitedState.ENDED),
        ([], finish(200), ["reply 200 INVITE", "arm resend 0.5", "arm no-ack 32"], InvitedState.ANSWERED),
        ([], GotCancel(), ["reply 487 INVITE", "ended"], InvitedState.ENDED),
        ([], GotBye(BYE), ["reply 200 BYE", "reply 487 INVITE", "ended"], InvitedState.ENDED),
        ([], HangUp(), ["reply 480 INVITE", "ended"], InvitedState.ENDED),
        ([], GotAck(ACK), [], InvitedState.PROCEEDING),
        ([], Fired(Clock.RESEND), [], InvitedState.PROCEEDING),
        (ANSWERED, Fired(Clock.RESEND), ["reply 200 INVITE", "arm resend 1"], InvitedState.ANSWERED),
        ([*ANSWERED, *[Fired(Clock.RESEND)] * 4], Fired(Clock.RESEND), ["reply 200 INVITE", "arm resend 4"],
         InvitedState.ANSWERED),
        (ANSWERED, Fired(Clock.NO_ACK), ["ask BYE", "disarm resend", "disarm no-ack", "ended"], InvitedState.ENDED),
        (ANSWERED, GotAck(ACK), ["disarm resend", "disarm no-ack", "acked ACK"], InvitedState.CONFIRMED),
        (ANSWERED, GotAck(request("ACK", to=INSIDE, cseq=9)), [], InvitedState.ANSWERED),
        (ANSWERED, GotCancel(), [], InvitedState.ANSWERED),
        (ANSWERED, HangUp(), [], InvitedState.ANSWERED),
        ([*ANSWERED, HangUp()], GotAck(ACK), ["disarm resend", "disarm no-ack", "acked ACK", "ask BYE", "ended"],
         InvitedState.ENDED),
        (ANSWERED, GotBye(BYE), ["reply 200 BYE", "disarm resend", "disarm no-ack", "ended"], InvitedState.ENDED),
        (CONFIRMED, GotAck(ACK), [], InvitedState.CONFIRMED),
        (CONFIRMED, HangUp(), ["ask BYE", "ended"], InvitedState.ENDED),
        (CONFIRMED, GotBye(BYE), ["reply 200 BYE", "ended"], InvitedState.ENDED),
        (CONFIRMED, Fired(Clock.NO_ACK), [], InvitedState.CONFIRMED),
        ([*CONFIRMED, HangUp()], HangUp(), [], InvitedState.ENDED),
        ([*CONFIRMED, HangUp()], GotBye(BYE), ["reply 481 BYE"], InvitedState.ENDED),
        ([], progress(183, True, b"v=0"),
         ["reply 183 INVITE", "arm resend-provisional 0.5", "arm no-prack 32"], InvitedState.PROCEEDING),
        (RELIABLE, Fired(Clock.RESEND_PROVISIONAL), ["reply 183 INVITE", "arm resend-provisional 1"],
         InvitedState.PROCEEDING),
        (RELIABLE, prack(), ["disarm resend-provisional", "disarm no-prack", "reply 200 PRACK", "pracked PRACK"],
         InvitedState.PROCEEDING),
        (RELIABLE, finish(200), [], InvitedState.WAITING),
        ([*RELIABLE, finish(200)], prack(),
         ["disarm resend-provisional", "disarm no-prack", "reply 200 PRACK", "pracked PRACK",
          "reply 200 INVITE", "arm resend 0.5", "arm no-ack 32"], InvitedState.ANSWERED),
        ([*RELIABLE, finish(200)], GotCancel(),
         ["disarm resend-provisional", "disarm no-prack", "reply 487 INVITE", "ended"], InvitedState.ENDED),
        (RELIABLE, Fired(Clock.NO_PRACK),
         ["disarm resend-provisional", "disarm no-prack", "reply 504 INVITE", "ended"], InvitedState.ENDED),
        (RELIABLE, finish(486),
         ["disarm resend-provisional", "disarm no-prack", "reply 486 INVITE", "ended"], InvitedState.ENDED),
        ([progress(180, True)], finish(200),
         ["disarm resend-provisional", "disarm no-prack", "reply 200 INVITE", "arm resend 0.5", "arm no-ack 32"],
         InvitedState.ANSWERED),
    ],
)  # fmt: skip
def test_an_invite_of_theirs(
    before: list[InvitedEvent], event: InvitedEvent, effects: list[str], state: InvitedState
) -> None:
    machine = invited()
    for each in before:
        machine.receive(each)
    assert (shown(machine.receive(event)), machine.state) == (effects, state)


@pytest.mark.parametrize("event", [progress(), progress(200), finish(200), finish(180)])
def test_what_cannot_follow_changes_nothing(event: InvitedEvent) -> None:
    machine = invited()
    machine.receive(finish(200))
    with pytest.raises(SipError):
        machine.receive(event)
    assert machine.state is InvitedState.ANSWERED


def test_a_final_answer_is_no_progress_and_progress_is_not_final() -> None:
    for event in (progress(200), finish(180)):
        with pytest.raises(SipError):
            invited().receive(event)


@pytest.mark.item("S29")
@pytest.mark.item("S59")
def test_an_answer_without_ack_ends_in_a_bye_that_says_why() -> None:
    """After 64 T1 as when the ACK lacked the SDP."""
    machine = invited()
    machine.receive(finish(200))
    machine.receive(HangUp("SIP;cause=488"))
    effects = machine.receive(Fired(Clock.NO_ACK))
    assert isinstance(effects[0], Ask) and effects[0].request.headers.get("Reason") == "SIP;cause=488"
    assert effects[-1] == Ended(End.NO_ACK)
    assert machine.dialog.state is DialogState.ENDED


@pytest.mark.item("S59")
def test_a_late_offer_is_answered_in_the_ack() -> None:
    machine = invited(request())
    machine.receive(finish(200))
    ack = request("ACK", to=INSIDE, body=b"v=0")
    assert machine.receive(GotAck(ack))[-1] == Acked(ack)


@pytest.mark.item("S66")
def test_refusing_a_later_invite_leaves_the_dialog() -> None:
    machine = invited(first=False)
    machine.dialog.confirm()
    machine.receive(finish(488))
    assert machine.dialog.state is DialogState.CONFIRMED


@pytest.mark.item("S67")
def test_a_bye_ends_the_dialog_even_while_a_later_invite_waits() -> None:
    """200, and 487 to what waits."""
    machine = invited(first=False)
    machine.dialog.confirm()
    assert shown(machine.receive(GotBye(BYE))) == ["reply 200 BYE", "reply 487 INVITE", "ended"]
    assert machine.dialog.state is DialogState.ENDED


def test_all_answers_have_one_tag() -> None:
    machine = invited()
    effects = [*machine.receive(progress()), *machine.receive(GotCancel())]
    assert {effect.response.to.tag for effect in effects if isinstance(effect, Reply)} == {"ours"}


def test_a_plain_100_is_never_sent_reliably() -> None:
    machine = invited()
    assert shown(machine.receive(progress(100, True))) == ["reply 100 INVITE"]
