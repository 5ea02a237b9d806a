"""Commands about calls: see them, place them, and do with them what a person at a phone could."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, Final

import structlog

from xswitch_py.base.errors import CallError, Refused
from xswitch_py.base.offer import Offer, Wish
from xswitch_py.base.offer import Party as Shown
from xswitch_py.base.problem import Code
from xswitch_py.base.user import User
from xswitch_py.core.access import Asker
from xswitch_py.core.call import Body, Call
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.commands.found import call_of, legs_by_call, seen, shown, side_of, state_of
from xswitch_py.core.dial import first_answer
from xswitch_py.core.leg import AUDIO, Leg
from xswitch_py.core.meetings import waiting
from xswitch_py.core.prompts import Wanted
from xswitch_py.core.prompts import gather as gather_digits
from xswitch_py.core.prompts import play as play_source
from xswitch_py.core.prompts import stop as stop_sounds
from xswitch_py.core.targets import GATEWAY, Target, legs, reach, ring
from xswitch_py.models.calls import (
    Bridging,
    CallBridge,
    Digits,
    Ending,
    Gather,
    Gathered,
    Holding,
    Mute,
    Originate,
    Play,
    Played,
    Record,
    Stopped,
    Supervise,
    Transfer,
    Variables,
)
from xswitch_py.models.calls import (
    Call as CallShown,
)
from xswitch_py.models.given import Cursor, Limit
from xswitch_py.models.recordings import RecordingShown
from xswitch_py.models.shape import Page

__all__ = [
    "answer",
    "bridge",
    "dtmf",
    "gather",
    "get",
    "hangup",
    "hold",
    "list_calls",
    "mute",
    "originate",
    "play",
    "record",
    "set_variables",
    "stop",
    "supervise",
    "transfer",
    "unhold",
]

log = structlog.get_logger("xswitch.core")

_READ: Final = "calls:read"
_WRITE: Final = "calls:write"
_DIALING: Final = 1000  # calls that may be dialled at once
_OWN_DIALING: Final = 5  # and so many of one user


@command("calls.list", _READ, own=True)
async def list_calls(desk: Desk, who: Asker, limit: Limit = 50, cursor: Cursor = None) -> Page[CallShown]:
    """List the calls that are up, the oldest first."""
    user = who.only(_READ)
    calls = [call for call in desk.switch.calls.values() if user is None or seen(desk, who, call, _READ)]
    start = next((place for place, call in enumerate(calls, 1) if f"call_{call.id}" == cursor), 0) if cursor else 0
    chosen = calls[start : start + limit]
    by_call = legs_by_call(desk.switch.legs.values())
    items = [shown(desk, call, by_call.get(call.id, ())) for call in chosen]
    more = start + limit < len(calls)
    return Page[CallShown].model_construct(items=items, next_cursor=items[-1].id if more else None, total=None)


@command("calls.get", _READ, own=True)
async def get(desk: Desk, who: Asker, call: str) -> CallShown:
    """Show a call."""
    return shown(desk, call_of(desk, who, call, _READ))


@command("calls.originate", _WRITE, own=True)
async def originate(desk: Desk, who: Asker, wish: Originate) -> CallShown:
    """Place a call: ring somebody, and then do as if they had dialled a number.

    Who may only place calls of their own is rung themselves first.
    """
    user = who.only(_WRITE)
    dialing = [call for call in desk.switch.calls.values() if call.calling is None]
    if len(dialing) >= _DIALING or (user and sum(call.offer.user == user for call in dialing) >= _OWN_DIALING):
        raise Refused(Code.TOO_MANY, "too many calls are being dialled", retry_after=5)
    context = wish.context
    if user is not None:
        context = await _own_context(desk, who, wish)
    number = wish.to or ""
    offer = Offer(Shown("", wish.from_), Shown("", number), user, context, variables=dict(wish.variables))
    answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def first(call: Call) -> Leg:
        try:
            leg = await _reach_first(desk, call, wish)
        except CallError as error:
            _settle(answered, error)
            raise
        except BaseException:
            answered.cancel()
            raise
        call.offer = replace(call.offer, caller=leg.party, user=leg.offer.user or user)
        _settle(answered, None)
        return leg

    call = desk.switch.originate(offer, first, None if wish.to else waiting)
    if wish.wait:
        await asyncio.wait((answered,))
        if answered.cancelled():
            raise Refused(Code.CONFLICT, "the call was ended", state="ended")
        if isinstance(error := answered.exception(), CallError):
            raise Refused(Code.CALL_FAILED, str(error), cause=error.cause.value, call=f"call_{call.id}")
    return shown(desk, call)


@command("calls.hangup", _WRITE, own=True)
async def hangup(desk: Desk, who: Asker, call: str, wish: Ending) -> CallShown:
    """Hang up a call."""
    found = call_of(desk, who, call)
    before = shown(desk, found)
    found.hangup(wish.cause)
    return before


@command("calls.answer", _WRITE, own=True)
async def answer(desk: Desk, who: Asker, call: str) -> CallShown:
    """Answer a call that has come in, if it is not answered yet."""
    found = call_of(desk, who, call)
    side_of(desk, found, "caller")
    await found.answer()
    return shown(desk, found)


@command("calls.bridge", _WRITE, own=True)
async def bridge(desk: Desk, who: Asker, call: str, wish: Bridging) -> CallBridge:
    """Ring somebody for a call and join the two; whoever it talked to before is let go."""
    found = call_of(desk, who, call)
    _not_outside(who, wish.to)
    side_of(desk, found, "caller")
    answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    found.turn(_bridging(wish, answered))
    if wish.wait:
        await asyncio.wait((answered,))
        if answered.cancelled():
            raise Refused(Code.CONFLICT, "the call was ended, or does something else", state=state_of(found))
        answered.result()
    return CallBridge(state="answered" if wish.wait else "ringing", call=shown(desk, found))


@command("calls.hold", _WRITE, own=True)
async def hold(desk: Desk, who: Asker, call: str, wish: Holding) -> CallShown:
    """Put a call on hold: who is on the other side hears music."""
    found = call_of(desk, who, call)
    side_of(desk, found, wish.side).hold(True)
    return shown(desk, found)


@command("calls.unhold", _WRITE, own=True)
async def unhold(desk: Desk, who: Asker, call: str, wish: Holding) -> CallShown:
    """Take a call off hold."""
    found = call_of(desk, who, call)
    side_of(desk, found, wish.side).hold(False)
    return shown(desk, found)


@command("calls.mute", _WRITE, own=True)
async def mute(desk: Desk, who: Asker, call: str, wish: Mute) -> CallShown:
    """Let nobody hear what one side says, or let it be heard again."""
    found = call_of(desk, who, call)
    side_of(desk, found, wish.side).mute(wish.muted)
    return shown(desk, found)


@command("calls.transfer", _WRITE, own=True)
async def transfer(desk: Desk, who: Asker, call: str, wish: Transfer) -> CallShown:
    """Send one side of a call elsewhere, as if it had dialled a number; the other side ends.

    Who may only change calls of their own sends it no further than they could call themselves.
    """
    account = await _themselves(desk, who)
    context, found = "" if account is None else account.context, call_of(desk, who, call)
    side_of(desk, found, wish.side)
    if wish.side == "caller":
        desk.switch.redirect(found, wish.to, context)
    else:
        desk.switch.transfer(found.leg, wish.to, context)
    return shown(desk, found)


@command("calls.dtmf", _WRITE, own=True)
async def dtmf(desk: Desk, who: Asker, call: str, wish: Digits) -> CallShown:
    """Let one side of a call hear digits."""
    found = call_of(desk, who, call)
    side_of(desk, found, wish.side).send_digits(wish.digits, wish.ms)
    return shown(desk, found)


@command("calls.play", _WRITE, own=True)
async def play(desk: Desk, who: Asker, call: str, wish: Play) -> Played:
    """Let one side of a call hear a sound; a call that talks to somebody goes on talking afterwards."""
    found = call_of(desk, who, call)
    leg = await _hearing(desk, found, wish.side)
    sound = play_source(found, leg, wish.source, loop=wish.loop)
    if wish.wait:
        return Played.model_validate({"why": await sound})
    _go_on(sound, found)
    return Played(why="playing")


@command("calls.stop", _WRITE, own=True)
async def stop(desk: Desk, who: Asker, call: str) -> Stopped:
    """End what is played to a call and all its recordings."""
    found = call_of(desk, who, call)
    recorder, recordings = desk.switch.services.recorder, found.recordings
    ended = [each for each in recordings if recorder is not None and recorder.stop(each)]
    recordings.clear()
    return Stopped(sounds=stop_sounds(found), recordings=len(ended))


@command("calls.record", _WRITE, own=True)
async def record(desk: Desk, who: Asker, call: str, wish: Record) -> RecordingShown:
    """Record a call: one side's voice left, what it hears right."""
    found = call_of(desk, who, call)
    leg, recorder = side_of(desk, found, wish.side), desk.switch.services.recorder
    if recorder is None:
        raise Refused(Code.UNAVAILABLE, "nothing can be recorded here")
    users = {str(each.offer.user) for each in (leg, leg.bridged) if each is not None and each.offer.user is not None}
    name = await recorder.start(found.id, leg.id, tuple(sorted(users)), wish.longest)
    found.recordings.add(name)
    row = await desk.stores.recordings.get(name)
    assert row is not None
    return RecordingShown.of(row)


@command("calls.gather", _WRITE, own=True)
async def gather(desk: Desk, who: Asker, call: str, wish: Gather) -> Gathered:
    """Wait for digits that one side of a call presses."""
    found = call_of(desk, who, call)
    leg = await _hearing(desk, found, wish.side)
    wanted = Wanted(
        wish.most, wish.least, wish.timeout, wish.between, wish.terminators, tuple(wish.play), wish.tries, wish.secret
    )
    digits = gather_digits(found, leg, wanted)
    if not wish.wait:
        _go_on(digits, found)
        return Gathered(digits="", why="waiting")
    heard = await _while_up(digits, leg)
    return Gathered.model_validate({"digits": heard.text, "why": heard.why, "terminator": heard.terminator})


@command("calls.supervise", _WRITE)
async def supervise(desk: Desk, who: Asker, call: str, wish: Supervise) -> CallShown:
    """Ring somebody who then hears a call, and is heard by none; a call of its own."""
    found = call_of(desk, who, call)
    leg = side_of(desk, found, wish.side)
    media = desk.switch.services.media

    async def listening(supervisor: Call) -> None:
        heard = media.listen(supervisor.leg.id, leg.id)
        try:
            await leg.over.wait()
        finally:
            media.unbridge(heard)

    shown_as = Shown("Supervision", leg.party.number)
    wanted = Originate.model_validate({"from": wish.by, "caller_name": "Supervision", "caller_number": ""})
    offer = Offer(shown_as, leg.party)
    return shown(desk, desk.switch.originate(offer, lambda made: _reach_first(desk, made, wanted), listening))


@command("calls.set_variables", _WRITE, own=True)
async def set_variables(desk: Desk, who: Asker, call: str, wish: Variables) -> CallShown:
    """Set variables of a call, or remove them."""
    found = call_of(desk, who, call)
    for name, value in wish.variables.items():
        if value is None:
            found.variables.pop(name, None)
        else:
            found.variables[name] = value
    return shown(desk, found)


def _settle(answered: asyncio.Future[None], error: CallError | None) -> None:
    if not answered.done():
        if error is None:
            answered.set_result(None)
        else:
            answered.set_exception(error)
            answered.exception()  # whether anybody waits for it or not


async def _reach_first(desk: Desk, call: Call, wish: Originate) -> Leg:
    """Get somebody to answer a call that nobody placed."""
    ring_for = wish.ring_for or desk.switch.services.plan.ring_timeout
    if f"{GATEWAY}/" in wish.from_:
        call.direction = "outbound"

    async def attempt(targets: Any) -> Leg:
        made: list[Target] = list(targets)
        return await first_answer(legs(call, made), ring_for, lambda leg: call.rang())

    caller = Shown(wish.caller_name, wish.caller_number or wish.to or "")
    return await reach(call, wish.from_, caller, Wish(AUDIO), attempt)


async def _own_context(desk: Desk, who: Asker, wish: Originate) -> str:
    """Give the context of who places a call of their own; it is their own phone that rings first."""
    account = await _themselves(desk, who)
    if account is None or wish.from_.removeprefix("user/") not in (account.name, account.number):
        raise Refused(Code.FORBIDDEN, "you may only let your own phone ring first")
    return account.context


async def _themselves(desk: Desk, who: Asker) -> User | None:
    """Find who may only change calls of their own; None for all others."""
    user = who.only(_WRITE)
    found = None if user is None else await desk.switch.services.directory.find(user.user)
    if user is not None and found is None:
        raise Refused(Code.FORBIDDEN, "you are nobody any more")
    return found


def _not_outside(who: Asker, wanted: str) -> None:
    """Those who act for themselves only go out through the dialplan."""
    if who.only(_WRITE) is not None and f"{GATEWAY}/" in wanted:
        raise Refused(Code.FORBIDDEN, "gateways are reached through the dialplan")


def _bridging(wish: Bridging, answered: asyncio.Future[None]) -> Body:
    async def body(call: Call) -> None:
        try:
            other = await ring(call, wish.to, wish.ring_for)
            _settle(answered, None)
            await call.talk(other)
        except CallError as error:
            _settle(answered, error)
            if wish.then == "hangup" or call.leg.cause is not None:
                raise
            await waiting(call)
        finally:
            answered.cancel()

    return body


async def _hearing(desk: Desk, call: Call, side: str) -> Leg:
    """Give a leg that can hear what is played: before the answer, as early media."""
    leg = side_of(desk, call, side)
    await leg.early()
    return leg


async def _while_up(work: Coroutine[Any, Any, Any], leg: Leg) -> Any:
    """Wait for something, but no longer than the leg lasts."""
    task, over = asyncio.ensure_future(work), asyncio.ensure_future(leg.over.wait())
    try:
        await asyncio.wait((task, over), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Refused(Code.CONFLICT, "the call has ended", state="ended")
        return task.result()
    finally:
        task.cancel()
        over.cancel()


def _go_on(work: Coroutine[Any, Any, Any], call: Call) -> None:
    """Let something happen that nobody waits for; it ends with the call's leg."""
    task = asyncio.create_task(_while_up(work, call.leg), name=f"for {call.id}")
    call.background.add(task)

    def over(done: asyncio.Task[Any]) -> None:
        call.background.discard(done)
        if not done.cancelled() and isinstance(error := done.exception(), Exception) and not isinstance(error, Refused):
            log.warning("what a program wanted could not be done", call=call.id, why=str(error))

    task.add_done_callback(over)
