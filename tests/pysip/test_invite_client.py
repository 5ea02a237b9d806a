"""INVITEs of ours above the transaction: forks, ACKs, giving up, end (RFC 3261 section 13.2)."""

import pytest

from tests.pysip.scenes import answer, contact, new_vias, request, shown
from xswitch_py.pysip.dialog import DialogState, dialog_of_response
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.invite_client import (
    Accepted,
    Confirm,
    Early,
    GotNothing,
    Inviting,
    InvitingEvent,
    InvitingState,
    Over,
)
from xswitch_py.pysip.message import Response
from xswitch_py.pysip.transaction import Failure
from xswitch_py.pysip.usage import Ask, CancelInvite, Fields, GotBye, GotResponse, HangUp, SendAck

INVITE = request(body=b"v=0 ours")
LATE = request()  # without SDP: they offer
BOB: Fields = (contact(),)


def answered(status: int, tag: str = "bob", body: bytes = b"", fields: Fields = BOB) -> Response:
    return answer(INVITE, status, tag=tag, body=body, fields=fields)


def got(status: int, tag: str = "bob", body: bytes = b"") -> InvitingEvent:
    return GotResponse(answered(status, tag, body))


def reliable(rseq: int, tag: str = "bob", body: bytes = b"") -> InvitingEvent:
    fields = (contact(), ("Require", "100rel"), ("RSeq", str(rseq)))
    return GotResponse(answered(183, tag, body, fields))


def bye(tag: str = "bob") -> InvitingEvent:
    return GotBye(request("BYE", from_=f"<sip:bob@pbx.example>;tag={tag}", to="<sip:alice@pbx.example>;tag=alice"))


def inviting(late: bool = False) -> Inviting:
    return Inviting(LATE if late else INVITE, new_vias())


ANSWERED = [got(200)]
CANCELLED: list[InvitingEvent] = [got(180), HangUp("SIP;cause=200")]


@pytest.mark.item("S29")
@pytest.mark.item("S60")
@pytest.mark.item("S61")
@pytest.mark.item("S62")
@pytest.mark.item("S67")
@pytest.mark.parametrize(
    ("before", "event", "effects", "state"),
    [
        ([], got(100), [], InvitingState.CALLING),
        ([], got(180, tag=""), ["early 180 INVITE"], InvitingState.CALLING),
        ([], got(180), ["early 180 INVITE"], InvitingState.CALLING),
        ([], got(200), ["sendack ACK", "accepted 200 INVITE"], InvitingState.CONFIRMED),
        ([], got(486), ["over"], InvitingState.ENDED),
        ([], GotNothing(Failure.TIMEOUT), ["over"], InvitingState.ENDED),
        ([], HangUp(), ["cancelinvite INVITE"], InvitingState.CANCELLED),
        ([], bye(), ["reply 481 BYE"], InvitingState.CALLING),
        ([got(180)], bye(), ["reply 200 BYE"], InvitingState.CALLING),
        ([got(180)], got(200), ["sendack ACK", "accepted 200 INVITE"], InvitingState.CONFIRMED),
        ([got(180, "one")], got(200, "two"), ["sendack ACK", "accepted 200 INVITE"], InvitingState.CONFIRMED),
        ([], reliable(1), ["ask PRACK", "early 183 INVITE"], InvitingState.CALLING),
        ([reliable(1)], reliable(1), [], InvitingState.CALLING),
        ([reliable(1)], reliable(3), [], InvitingState.CALLING),
        ([reliable(1)], reliable(2), ["ask PRACK", "early 183 INVITE"], InvitingState.CALLING),
        ([reliable(7)], reliable(1, "eve"), ["ask PRACK", "early 183 INVITE"], InvitingState.CALLING),
        (ANSWERED, got(180, "late"), [], InvitingState.CONFIRMED),
        (ANSWERED, got(200), ["sendack ACK"], InvitingState.CONFIRMED),
        (ANSWERED, got(200, "slow"), ["sendack ACK", "ask BYE"], InvitingState.CONFIRMED),
        ([*ANSWERED, got(200, "slow")], got(200, "slow"), ["sendack ACK"], InvitingState.CONFIRMED),
        (ANSWERED, got(486, "slow"), [], InvitingState.CONFIRMED),
        (ANSWERED, GotNothing(Failure.TRANSPORT), [], InvitingState.CONFIRMED),
        (ANSWERED, HangUp(), ["ask BYE", "over"], InvitingState.ENDED),
        (ANSWERED, bye(), ["reply 200 BYE", "over"], InvitingState.ENDED),
        (ANSWERED, bye("eve"), ["reply 481 BYE"], InvitingState.CONFIRMED),
        ([*ANSWERED, bye()], bye(), ["reply 481 BYE"], InvitingState.ENDED),
        ([*ANSWERED, bye()], HangUp(), [], InvitingState.ENDED),
        ([*ANSWERED, HangUp()], got(200), ["sendack ACK"], InvitingState.ENDED),
        (CANCELLED, HangUp(), [], InvitingState.CANCELLED),
        (CANCELLED, got(487), ["over"], InvitingState.ENDED),
        (CANCELLED, GotNothing(Failure.TIMEOUT), ["over"], InvitingState.ENDED),
        (CANCELLED, got(200), ["sendack ACK", "ask BYE", "over"], InvitingState.ENDED),
        ([*CANCELLED, got(200)], got(200), ["sendack ACK"], InvitingState.ENDED),
        ([*CANCELLED, got(200)], got(200, "too"), ["sendack ACK", "ask BYE"], InvitingState.ENDED),
        ([*CANCELLED, got(487)], got(200), ["sendack ACK", "ask BYE"], InvitingState.ENDED),
    ],
)
def test_an_invite_of_ours(
    before: list[InvitingEvent], event: InvitingEvent, effects: list[str], state: InvitingState
) -> None:
    machine = inviting()
    for each in before:
        machine.receive(each)
    assert (shown(machine.receive(event)), machine.state) == (effects, state)


@pytest.mark.item("S29")
@pytest.mark.item("S61")
def test_the_first_answer_wins_and_its_ack_is_repeated_as_it_was() -> None:
    machine = inviting()
    first = machine.receive(got(200))
    assert isinstance(first[0], SendAck)
    assert machine.receive(got(200)) == [SendAck(first[0].request)]
    assert str(first[0].request.cseq) == "1 ACK"
    assert first[0].request.uri.host == "203.0.113.9"
    assert first[0].request.vias[0].branch != INVITE.vias[0].branch
    assert machine.dialog is not None and machine.dialog.id.remote_tag == "bob"


@pytest.mark.item("S61")
def test_each_fork_is_a_dialog_of_its_own() -> None:
    machine = inviting()
    told = [machine.receive(got(180, tag))[0] for tag in ("one", "two", "one")]
    dialogs = [each.dialog for each in told if isinstance(each, Early)]
    assert dialogs[0] is dialogs[2] is not dialogs[1]


def test_forks_without_end_are_not_followed() -> None:
    machine = inviting()
    for number in range(25):
        machine.receive(got(180, f"t{number}"))
    assert len(machine.forks) == 20
    assert machine.receive(got(180, "one-more")) == []
    assert machine.receive(got(200, "one-more")) == []


@pytest.mark.item("S60")
def test_giving_up_says_why_in_cancel_and_bye() -> None:
    """Completed elsewhere."""
    machine = inviting()
    assert machine.receive(HangUp("SIP;cause=200")) == [CancelInvite(INVITE, "SIP;cause=200")]
    asked = [effect for effect in machine.receive(got(200)) if isinstance(effect, Ask)]
    assert [each.request.headers.get("Reason") for each in asked] == ["SIP;cause=200"]


def test_a_refusal_and_a_failure_are_handed_on() -> None:
    refused, failed = inviting(), inviting()
    response = answered(486)
    assert refused.receive(GotResponse(response)) == [Over(refusal=response)]
    assert failed.receive(GotNothing(Failure.TRANSPORT)) == [Over(failure=Failure.TRANSPORT)]


@pytest.mark.item("S59")
def test_a_late_offer_is_answered_in_the_ack() -> None:
    """Until the answer is there, the repeated 2xx has to wait."""
    machine = inviting(late=True)
    (accepted,) = machine.receive(got(200, body=b"offer"))
    assert isinstance(accepted, Accepted) and accepted.unanswered
    assert machine.receive(got(200, body=b"offer")) == []
    (ack,) = machine.receive(Confirm(accepted.response, b"answer"))
    assert isinstance(ack, SendAck)
    assert (ack.request.body, ack.request.content_type) == (b"answer", "application/sdp")
    assert machine.receive(got(200, body=b"offer")) == [ack]
    with pytest.raises(SipError):
        machine.receive(Confirm(accepted.response, b"again"))


@pytest.mark.item("S67")
def test_hanging_up_before_the_late_answer_sends_the_ack_first() -> None:
    machine = inviting(late=True)
    machine.receive(got(200, body=b"offer"))
    assert shown(machine.receive(HangUp())) == ["sendack ACK", "ask BYE", "over"]


@pytest.mark.item("S62")
def test_an_offer_in_a_reliable_ringing_is_answered_in_the_prack() -> None:
    """And the 2xx then has nothing left to answer."""
    machine = inviting(late=True)
    (early,) = machine.receive(reliable(5, body=b"offer"))
    assert isinstance(early, Early) and early.unanswered
    (prack,) = machine.receive(Confirm(early.response, b"answer"))
    assert isinstance(prack, Ask)
    assert (prack.request.headers.get("RAck"), prack.request.body) == ("5 1 INVITE", b"answer")
    assert shown(machine.receive(got(200, body=b"offer"))) == ["sendack ACK", "accepted 200 INVITE"]


@pytest.mark.item("S62")
def test_a_prack_names_what_it_acknowledges() -> None:
    prack = inviting().receive(reliable(77))[0]
    assert isinstance(prack, Ask)
    assert (prack.request.headers.get("RAck"), prack.request.to.tag) == ("77 1 INVITE", "bob")


def test_there_must_be_an_offer_to_answer() -> None:
    machine = inviting(late=True)
    response = answered(200, body=b"offer")
    for wrong in (Confirm(response, b"answer"), Confirm(answered(200, "eve"), b"answer")):
        with pytest.raises(SipError):
            machine.receive(wrong)
    machine.receive(got(180))
    with pytest.raises(SipError):
        machine.receive(Confirm(response, b"answer"))
    machine.receive(GotResponse(response))
    with pytest.raises(SipError):
        machine.receive(Confirm(answered(183), b"answer"))


def later() -> Inviting:
    dialog = dialog_of_response(INVITE, answered(200))
    dialog.confirm(answered(200))
    again = dialog.request("INVITE", new_vias()(), b"v=0 hold")
    return Inviting(again, new_vias(), dialog)


def again(machine: Inviting, status: int, host: str = "203.0.113.9") -> InvitingEvent:
    return GotResponse(answer(machine.invite, status, fields=(contact(f"<sip:bob@{host}>"),)))


def test_a_later_invite_moves_the_target() -> None:
    machine = later()
    effects = machine.receive(again(machine, 200, "moved.example"))
    assert shown(effects) == ["sendack ACK", "accepted 200 INVITE"]
    assert isinstance(effects[0], SendAck) and effects[0].request.uri.host == "moved.example"
    assert str(effects[0].request.cseq) == "2 ACK"


@pytest.mark.item("S66")
def test_a_later_invite_that_fails_leaves_the_call() -> None:
    machine = later()
    assert shown(machine.receive(again(machine, 488))) == ["over"]
    assert machine.dialog is not None and machine.dialog.state is DialogState.CONFIRMED


@pytest.mark.item("S67")
def test_hanging_up_during_a_later_invite_is_a_bye() -> None:
    """What comes of the INVITE afterwards gets its ACK only."""
    machine = later()
    assert shown(machine.receive(HangUp())) == ["ask BYE", "over"]
    assert shown(machine.receive(again(machine, 200))) == ["sendack ACK"]
    stranger = answer(machine.invite, 200)
    stranger.headers.set("To", "<sip:bob@pbx.example>;tag=eve")
    assert machine.receive(GotResponse(stranger)) == []


def test_their_bye_during_a_later_invite_is_honoured() -> None:
    machine = later()
    assert shown(machine.receive(bye())) == ["reply 200 BYE", "over"]
