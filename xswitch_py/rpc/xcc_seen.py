"""XCC's commands that only look: at variables, at a channel, at the switch."""

from typing import Any, Final

from xswitch_py.core.access import Asker
from xswitch_py.core.commands import status
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.leg import Leg, State
from xswitch_py.models import xcc
from xswitch_py.rpc.channel import channel_of, replied

__all__ = ["get_channel_data", "get_state", "get_var", "jstatus"]

_READ: Final = "calls:read"
_STATES: Final = {  # channel state, call state, answer state
    State.NEW: ("CS_ROUTING", "DOWN", "ringing"),
    State.RINGING: ("CS_EXECUTE", "RINGING", "ringing"),
    State.EARLY: ("CS_EXECUTE", "EARLY", "early"),
    State.ACTIVE: ("CS_EXECUTE", "ACTIVE", "answered"),
    State.ENDED: ("CS_HANGUP", "HANGUP", "hangup"),
}
_UNITS: Final = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


@command("XNode.GetVar", _READ, own=True)
async def get_var(desk: Desk, who: Asker, uuid: xcc.Uuid, wish: xcc.VarNames) -> xcc.Vars:
    """Tell variables of a channel's call."""
    known = channel_of(desk, who, uuid, _READ).call.variables
    return replied(desk, xcc.Vars, uuid, data={name: known[name] for name in wish.data if name in known})


@command("XNode.GetState", _READ, own=True)
async def get_state(desk: Desk, who: Asker, uuid: xcc.Uuid) -> xcc.State:
    """Say how a channel is."""
    channel = channel_of(desk, who, uuid, _READ)
    leg = channel.leg
    answered, bridged, video = leg.state is State.ACTIVE, leg.bridged is not None, _has_video(desk, leg)
    state, call_state, answer_state = _STATES[leg.state]
    return replied(
        desk,
        xcc.State,
        uuid,
        channel_state="CS_EXCHANGE_MEDIA" if bridged else state,
        call_state="HELD" if leg.held else call_state,
        answer_state=answer_state,
        bridged=bridged,
        answered=answered,
        hold=leg.held,
        video=video,
        video_ready=video and answered,
        controlled=channel.call.minded.is_set(),
        ready=answered or leg.state is State.EARLY,
        up=leg.cause is None,
    )


@command("XNode.GetChannelData", _READ, own=True)
async def get_channel_data(desk: Desk, who: Asker, uuid: xcc.Uuid) -> xcc.ChannelData:
    """Tell what is known of a channel, in FreeSWITCH's words."""
    channel = channel_of(desk, who, uuid, _READ)
    leg, call = channel.leg, channel.call
    caller, callee = leg.offer.caller, leg.offer.callee
    data = {
        "Unique-ID": leg.id,
        "Channel-Call-UUID": channel.name,
        "Channel-State": _STATES[leg.state][0],
        "Call-Direction": "outbound" if leg.outbound else "inbound",
        "Answer-State": _STATES[leg.state][2],
        "Caller-Caller-ID-Name": caller.name,
        "Caller-Caller-ID-Number": caller.number,
        "Caller-Callee-ID-Name": callee.name,
        "Caller-Destination-Number": callee.number,
        "Caller-Context": leg.offer.context,
        "Other-Leg-Unique-ID": leg.bridged.id if leg.bridged is not None else "",
    }
    variables = {f"variable_{name}": value for name, value in call.variables.items()}
    return replied(desk, xcc.ChannelData, uuid, data=data | variables)


@command("XNode.JStatus", "status:read")
async def jstatus(desk: Desk, who: Asker) -> xcc.JStatus:
    """Say how the switch is."""
    now = await status.look(desk)
    totals = sum(now.totals.started.values())
    data: dict[str, Any] = {
        "systemStatus": "ready" if now.ready else "not ready",
        "version": now.version,
        "uptime": _units(int(now.uptime)),
        "sessions": {"count": {"total": totals, "active": now.legs}},
    }
    return replied(desk, xcc.JStatus, "", data=data)


def _has_video(desk: Desk, leg: Leg) -> bool:
    return desk.switch.services.media.has_video(leg.id)


def _units(seconds: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, size in _UNITS:
        found[name], seconds = divmod(seconds, size)
    return found
