"""XCC's commands by its names: thin translations to what the switch can be told.

A `uuid` is a channel: a leg. Whatever changes one takes its call over, as `Accept` does: a call that waits for programs
(the dialplan's `control`) ends if none has within 10 seconds; one that was taken stays as long as its caller does.
"""

from collections.abc import Callable
from typing import Final

from xswitch_py.base import events
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.call import Body, Call
from xswitch_py.core.commands import bridges, calls
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.commands.found import state_of
from xswitch_py.core.meetings import waiting
from xswitch_py.models import calls as native
from xswitch_py.models import xcc
from xswitch_py.rpc.channel import Channel, alone, channel_of, made, replied, said, sound, target

__all__ = [
    "accept",
    "answer",
    "bridge",
    "channel_bridge",
    "dial",
    "hangup",
    "hold",
    "mute",
    "play",
    "read_digits",
    "read_dtmf",
    "record",
    "send_dtmf",
    "send_info",
    "set_var",
    "stop",
    "three_way",
    "transfer",
    "unbridge",
]

_WRITE: Final = "calls:write"
_FLAGS: Final = {0: "SELF", 1: "PEER", 2: "BOTH"}
_LONGEST: Final = 14_400  # seconds of a recording
_HUNG_UP: Final = 410  # stopped, or the channel is gone


@command("XNode.Dial", _WRITE, own=True)
async def dial(desk: Desk, who: Asker, wish: xcc.Dial) -> xcc.Dialed:
    """Make a channel: ring somebody, and reply once they answer, or nobody does.

    The channel then waits for what programs do with it. Its uuid is in the reply, not the one that was asked for.
    """
    destination = wish.destination
    first, shared = destination.call_params[0], destination.global_params
    members = {
        "from": target(destination),
        "caller_name": first.cid_name or shared.get("caller_id_name", ""),
        "caller_number": first.cid_number or shared.get("caller_id_number", ""),
        "ring_for": first.timeout or None,
        "variables": shared | first.params,
        "wait": True,
    }
    shown = await calls.originate.function(desk, who, made(native.Originate, "/destination", members))
    uuid = next((leg.id for leg in shown.legs if leg.side == "caller"), "")
    return replied(desk, xcc.Dialed, uuid, cause=Cause.SUCCESS)


@command("XNode.Accept", _WRITE, own=True)
async def accept(desk: Desk, who: Asker, uuid: xcc.Uuid) -> xcc.Reply:
    """Take a call over, and do nothing else.

    A call that the dialplan leaves to programs (`control`) ends within 10 seconds if none takes it; one that was taken
    stays as long as its caller does. Whatever changes a channel takes its call over, too.
    """
    channel_of(desk, who, uuid)
    return replied(desk, xcc.Reply, uuid)


@command("XNode.Answer", _WRITE, own=True)
async def answer(desk: Desk, who: Asker, uuid: xcc.Uuid) -> xcc.Reply:
    """Answer a channel that has come in."""
    await calls.answer.function(desk, who, channel_of(desk, who, uuid).name)
    return replied(desk, xcc.Reply, uuid)


@command("XNode.Play", _WRITE, own=True)
async def play(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.Play) -> xcc.Reply:
    """Let a channel hear a sound; reply when it is over."""
    channel = said(channel_of(desk, who, uuid))
    members = {"source": sound(wish.media), "side": channel.side, "wait": True}
    one, why = made(native.Play, "/media/data", members), "done"
    for _ in range(wish.media.loop or 1):
        if why == "done":
            why = (await calls.play.function(desk, who, channel.name, one)).why
    return replied(desk, xcc.Reply, uuid, **_OUTCOMES[why])


@command("XNode.Stop", _WRITE, own=True)
async def stop(desk: Desk, who: Asker, uuid: xcc.Uuid) -> xcc.Reply:
    """End what is played to a channel's call, and its recordings."""
    await calls.stop.function(desk, who, channel_of(desk, who, uuid).name)
    return replied(desk, xcc.Reply, uuid)


@command("XNode.Mute", _WRITE, own=True)
async def mute(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.Mute) -> xcc.Reply:
    """Let nobody hear what a channel's peer says, or let it be heard again."""
    channel = said(channel_of(desk, who, uuid))
    muting = native.Mute(side=channel.side, muted=wish.level != 0)
    await calls.mute.function(desk, who, channel.name, muting)
    return replied(desk, xcc.Reply, uuid)


@command("XNode.Record", _WRITE, own=True)
async def record(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.Record) -> xcc.Recorded:
    """Record a channel: its peer's voice left, what it hears right."""
    channel = channel_of(desk, who, uuid)
    if wish.action == "STOP":
        return replied(desk, xcc.Recorded, uuid, path=_stop_recordings(desk, channel.call))
    said(channel)
    begun = native.Record(side=channel.side, longest=wish.limit or _LONGEST)
    recording, recorder = (
        (await calls.record.function(desk, who, channel.name, begun)).id,
        desk.switch.services.recorder,
    )
    if wish.action == "RECORD" and recorder is not None and recorder.goes_on(recording):
        await _until(desk, lambda event: isinstance(event, events.RecordingEnded) and event.recording == recording)
    return replied(desk, xcc.Recorded, uuid, path=recording)


@command("XNode.Hangup", _WRITE, own=True)
async def hangup(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.Hangup) -> xcc.Reply:
    """Hang up a channel, the one it talks to, or both."""
    leg = channel_of(desk, who, uuid).leg
    flag, peer = _FLAGS.get(wish.flag, wish.flag) if isinstance(wish.flag, int) else wish.flag, leg.bridged
    if flag == "PEER" and peer is None:
        raise Refused(Code.CONFLICT, "the channel talks to nobody", state=leg.state.value)
    for one in (leg if flag != "PEER" else None, peer if flag != "SELF" else None):
        if one is not None:
            one.hangup(wish.cause)
    return replied(desk, xcc.Reply, uuid)


@command("XNode.Bridge", _WRITE, own=True)
async def bridge(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.Bridge) -> xcc.Reply:
    """Ring somebody for a channel and join the two; reply once they answer, or nobody does.

    Whoever it talked to before is let go. Who is rung sees the channel's party, whatever `cid_number` says.
    """
    channel = alone(channel_of(desk, who, uuid))
    first = wish.destination.call_params[0]
    members = {
        "to": target(wish.destination),
        "ring_for": first.timeout or None,
        "then": "stay" if wish.flow_control in ("NONE", "CALLER") else "hangup",
        "wait": True,
    }
    await calls.bridge.function(desk, who, channel.name, made(native.Bridging, "/destination", members))
    return replied(desk, xcc.Reply, uuid)


@command("XNode.ChannelBridge", _WRITE, own=True)
async def channel_bridge(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.ChannelBridge) -> xcc.Reply:
    """Join two channels; reply when they talk to each other no longer. `bridges.create` does not wait."""
    pair = [alone(channel_of(desk, who, name)) for name in (uuid, wish.peer_uuid)]
    then = "stay" if wish.flow_control == "NONE" else "hangup"
    members = {"calls": [channel.name for channel in pair], "then": then}
    legs = {channel.leg.id for channel in pair}
    await bridges.make.function(desk, who, made(native.NewBridge, "/peer_uuid", members))
    await _until(desk, lambda event: isinstance(event, events.CallUnbridged | events.LegEnded) and event.leg in legs)
    return replied(desk, xcc.Reply, uuid)


@command("XNode.UnBridge", _WRITE, own=True)
async def unbridge(desk: Desk, who: Asker, uuid: xcc.Uuid) -> xcc.Reply:
    """Part a channel from the one that it talks to.

    Both then wait for what programs do with them; but who was reached for the other one is hung up.
    """
    channel = channel_of(desk, who, uuid)
    if channel.leg.bridged is None:
        raise Refused(Code.CONFLICT, "the channel talks to nobody", state=state_of(channel.call))
    for meeting in desk.switch.meetings.values():
        if channel.call in meeting.calls:
            for call in tuple(meeting.calls):
                meeting.remove(call)
            return replied(desk, xcc.Reply, uuid)
    channel.call.turn(waiting)
    return replied(desk, xcc.Reply, uuid)


@command("XNode.Hold", _WRITE, own=True)
async def hold(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.Hold) -> xcc.Reply:
    """Put a channel's call on hold, or take it off: who is on the other side hears music."""
    channel = said(channel_of(desk, who, uuid))
    held = wish.action == "ON" or (wish.action == "TOGGLE" and not channel.leg.held)
    do = calls.hold if held else calls.unhold
    await do.function(desk, who, channel.name, native.Holding(side=channel.side))
    return replied(desk, xcc.Reply, uuid)


@command("XNode.Transfer", _WRITE, own=True)
async def transfer(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.Transfer) -> xcc.Reply:
    """Send a channel elsewhere, as if it had dialled a number; the one it talks to ends."""
    channel = said(channel_of(desk, who, uuid))
    sent = made(native.Transfer, "/extension", {"to": wish.extension, "side": channel.side})
    await calls.transfer.function(desk, who, channel.name, sent)
    return replied(desk, xcc.Reply, uuid)


@command("XNode.ThreeWay", _WRITE)
async def three_way(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.ThreeWay) -> xcc.Reply:
    """Let a channel hear another one's call, and be heard by none; or stop that, and it waits."""
    channel = alone(channel_of(desk, who, uuid))
    if wish.direction == "STOP":
        channel.call.turn(waiting)
        return replied(desk, xcc.Reply, uuid)
    heard = said(channel_of(desk, who, wish.target_uuid))
    if heard.call is channel.call:
        raise Refused(Code.CONFLICT, "a channel cannot listen to its own call", state=state_of(channel.call))
    channel.call.turn(_listening(heard))
    return replied(desk, xcc.Reply, uuid)


@command("XNode.SetVar", _WRITE, own=True)
async def set_var(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.SetVar) -> xcc.Reply:
    """Set variables of a channel's call."""
    channel = channel_of(desk, who, uuid)
    await calls.set_variables.function(desk, who, channel.name, native.Variables(variables=dict(wish.data)))
    return replied(desk, xcc.Reply, uuid)


@command("XNode.ReadDTMF", _WRITE, own=True)
async def read_dtmf(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.Read) -> xcc.Pressed:
    """Wait for digits that a channel's peer presses."""
    return await _read(desk, who, uuid, wish)


@command("XNode.ReadDigits", _WRITE, own=True)
async def read_digits(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.Read) -> xcc.Pressed:
    """Wait for digits that a channel's peer presses: the same as XNode.ReadDTMF."""
    return await _read(desk, who, uuid, wish)


@command("XNode.SendDTMF", _WRITE, own=True)
async def send_dtmf(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.Dtmf) -> xcc.Reply:
    """Let a channel's peer hear digits."""
    channel = said(channel_of(desk, who, uuid))
    digits = made(native.Digits, "/dtmf", {"digits": wish.dtmf, "side": channel.side})
    await calls.dtmf.function(desk, who, channel.name, digits)
    return replied(desk, xcc.Reply, uuid)


@command("XNode.SendINFO", _WRITE, own=True)
async def send_info(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.Info) -> xcc.Reply:
    """Send a SIP INFO: no door can yet, so the code is 501 and nothing is sent."""
    channel_of(desk, who, uuid)
    return replied(desk, xcc.Reply, uuid, code=501, message="the channel's door has no way to send this")


_OUTCOMES: Final = {
    "done": {},
    "stopped": {"code": _HUNG_UP, "message": "stopped"},
    "hangup": {"code": _HUNG_UP, "message": "the channel hung up"},
    "failed": {"code": 500, "message": "it could not be played"},
}


async def _until(desk: Desk, wanted: Callable[[events.Event], bool]) -> None:
    """Wait for the end of a recording, a bridge or a leg; nobody has awaited anything since it was seen to go on."""
    kinds = (events.RecordingEnded, events.CallUnbridged, events.LegEnded)
    batches = desk.switch.services.bus.batches(0, only=kinds)
    async for batch in batches:
        if any(map(wanted, batch)):
            break
    await batches.aclose()


async def _read(desk: Desk, who: Asker, uuid: str, wish: xcc.Read) -> xcc.Pressed:
    channel = said(channel_of(desk, who, uuid))
    members = {
        "most": wish.max_digits,
        "least": wish.min_digits,
        "timeout": wish.timeout / 1000,
        "between": wish.digit_timeout / 1000,
        "terminators": "" if wish.terminators == "none" else wish.terminators,
        "play": [] if wish.media is None else [sound(wish.media)],
        "tries": wish.max_tries or 1,
        "side": channel.side,
    }
    heard = await calls.gather.function(desk, who, channel.name, made(native.Gather, "/media/data", members))
    return replied(desk, xcc.Pressed, uuid, dtmf=heard.digits, terminator=heard.terminator)


def _stop_recordings(desk: Desk, call: Call) -> str:
    """End a call's recordings; give the id of one."""
    recorder, ids = desk.switch.services.recorder, sorted(call.recordings)
    call.recordings.clear()
    ended = [each for each in ids if recorder is not None and recorder.stop(each)]
    return ended[0] if ended else ""


def _listening(heard: Channel) -> Body:
    leg = heard.leg

    async def body(call: Call) -> None:
        await call.answer()
        media = call.services.media
        listening = media.listen(call.leg.id, leg.id)
        try:
            await leg.over.wait()
        finally:
            media.unbridge(listening)
        await waiting(call)

    return body
