"""The states of a dialog, one by one."""

import pytest

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import ProtocolError
from xswitch_py.base.offer import Party
from xswitch_py.endpoints.verto.machine import (
    NEXT,
    Answer,
    Answered,
    Arm,
    Attached,
    Bye,
    Dialog,
    Disarm,
    Display,
    Effect,
    End,
    Event,
    Expired,
    HangUp,
    Invite,
    Kept,
    Left,
    Lost,
    Media,
    Rang,
    Renewed,
    Send,
    State,
    Suspend,
    Unhold,
    Update,
    Watch,
)

ALICE, BOB = Party("Alice", "1001"), Party("Bob", "1002")
OUT = Cause.DESTINATION_OUT_OF_ORDER
EVENTS: list[Event] = [
    Invite("s"), Media("s"), Answer(None), Answered(ALICE), Display(BOB), Bye(Cause.CRASH), Left(Cause.USER_BUSY),
    Lost(), Renewed("s"), Kept(), Attached(), Expired(), Update("s"),
]  # fmt: skip


def dialog(state: State = State.NEW, *, outbound: bool = False, recover: bool = True, shown: bool = False) -> Dialog:
    flows = state is State.DETACHED
    return Dialog("c", outbound, ALICE, BOB, {}, {}, recover, state, shown, flows)


def told(effects: list[Effect]) -> list[object]:
    """Effects; of what is sent, only the method."""
    return [effect.method if isinstance(effect, Send) else effect for effect in effects]


@pytest.mark.parametrize(
    ("before", "event", "after", "effects"),
    [
        (State.NEW, Invite("s"), State.RINGING, ["verto.invite", Rang()]),
        (State.NEW, Media("s"), State.EARLY, ["verto.media"]),
        (State.NEW, Answer("s"), State.ACTIVE, ["verto.answer"]),
        (State.EARLY, Answer(None), State.ACTIVE, ["verto.answer"]),
        (State.RINGING, Answered(BOB), State.ACTIVE, []),
        (State.ACTIVE, Display(BOB), State.ACTIVE, ["verto.display"]),
        (State.DETACHED, Display(BOB), State.DETACHED, []),
        (State.ATTACHING, Display(BOB), State.ATTACHING, []),
        (State.ACTIVE, Bye(Cause.CRASH), State.ENDED, ["verto.bye"]),
        (State.NEW, Bye(Cause.CRASH), State.ENDED, ["verto.bye"]),
        (State.DETACHED, Bye(Cause.CRASH), State.ENDED, [Disarm()]),
        (State.ATTACHING, Bye(Cause.CRASH), State.ENDED, [Disarm(), "verto.bye"]),
        (State.RINGING, Left(Cause.USER_BUSY), State.ENDED, [End(Cause.USER_BUSY)]),
        (State.ATTACHING, Left(Cause.USER_BUSY), State.ENDED, [Disarm(), End(Cause.USER_BUSY)]),
        (State.NEW, Lost(), State.ENDED, [End(OUT)]),
        (State.RINGING, Lost(), State.ENDED, [End(OUT)]),
        (State.EARLY, Lost(), State.ENDED, [End(OUT)]),
        (State.ACTIVE, Lost(), State.DETACHED, [Suspend(), Arm()]),
        (State.ACTIVE, Lost(keeps=True), State.DETACHED, [Watch(False), Arm()]),
        (State.ATTACHING, Lost(keeps=True), State.DETACHED, [Disarm(), Suspend(), Arm()]),
        (State.ACTIVE, Update("s"), State.ACTIVE, ["verto.modify"]),
        (State.DETACHED, Lost(), State.DETACHED, []),
        (State.ATTACHING, Lost(), State.DETACHED, [Disarm(), Suspend(), Arm()]),
        (State.DETACHED, Renewed("s"), State.ATTACHING, ["verto.attach"]),
        (State.ATTACHING, Attached(), State.ACTIVE, [Disarm(), Unhold()]),
        (State.DETACHED, Expired(), State.DETACHED, [HangUp(Cause.RECOVERY_ON_TIMER_EXPIRE)]),
        (State.ATTACHING, Expired(), State.ATTACHING, [HangUp(Cause.RECOVERY_ON_TIMER_EXPIRE)]),
    ],
)
def test_each_step(before: State, event: Event, after: State, effects: list[object]) -> None:
    one = dialog(before)
    assert told(one.receive(event)) == effects
    assert one.state is after


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_what_cannot_follow_changes_nothing(state: State, event: Event) -> None:
    one, same = dialog(state), dialog(state)
    if state is State.ENDED:
        assert one.receive(event) == []
        assert one == same
    elif (state, type(event)) not in NEXT and not isinstance(event, Lost):
        with pytest.raises(ProtocolError, match=f"{type(event).__name__} in {state.value}"):
            one.receive(event)
        assert one == same
    else:
        one.receive(event)


def test_the_sdp_goes_once() -> None:
    """V18."""
    one = dialog()
    [media], [answer] = one.receive(Media("s")), one.receive(Answer(None))
    assert media == Send("verto.media", {"callID": "c", "sdp": "s", "variables": {}})
    assert answer == Send("verto.answer", {"callID": "c", "variables": {}})


def test_a_client_that_was_not_invited_yet_hears_no_bye() -> None:
    assert dialog(outbound=True).receive(Bye(Cause.ORIGINATOR_CANCEL)) == []


def test_a_call_that_shall_not_be_recovered_ends_with_its_socket() -> None:
    """V39."""
    one = dialog(State.ACTIVE, recover=False)
    assert one.receive(Lost()) == [End(Cause.NORMAL_CLEARING)]
    assert dialog(State.EARLY, recover=False).receive(Lost()) == [End(OUT)]


def test_what_was_shown_is_shown_again_after_an_attach() -> None:
    one = dialog(State.ATTACHING, shown=True)
    one.receive(Display(Party("Carol", "1003")))
    display = one.receive(Attached())[-1]
    assert isinstance(display, Send)
    assert display.params["display_number"] == "1003"


def test_who_answered_is_who_is_called() -> None:
    """V24."""
    one = dialog(State.RINGING, outbound=True)
    one.receive(Answered(Party("Desk", "7")))
    [display] = one.receive(Display(BOB))
    assert isinstance(display, Send)
    assert (display.params["callee_id_name"], display.params["caller_id_name"]) == ("Desk", "Bob")


def test_only_media_that_went_on_is_kept() -> None:
    one = dialog(State.ACTIVE, shown=True)
    one.receive(Lost(keeps=True))
    assert told(one.receive(Kept())) == [Disarm(), Watch(True), "verto.display"]
    assert one.state is State.ACTIVE
    losses: list[list[Event]] = [[Lost()], [Lost(keeps=True), Renewed("s"), Lost(keeps=True)]]
    for lost in losses:
        other = dialog(State.ACTIVE)
        for event in lost:
            other.receive(event)
        with pytest.raises(ProtocolError):
            other.receive(Kept())
        assert other.state is State.DETACHED
