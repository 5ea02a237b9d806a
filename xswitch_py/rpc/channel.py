"""Channels: what XCC calls a leg, and how its clients name sounds and whom to ring."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from pydantic import ValidationError

from xswitch_py.base.errors import Refused
from xswitch_py.base.ids import LegId
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.call import Call
from xswitch_py.core.commands.desk import Desk, missing
from xswitch_py.core.commands.found import call_of, state_of
from xswitch_py.core.leg import Leg
from xswitch_py.models.shape import Model
from xswitch_py.models.xcc import CallParam, Destination, Media, Reply

__all__ = ["Channel", "alone", "channel_of", "made", "replied", "said", "sound", "target"]

R = TypeVar("R", bound=Reply)
M = TypeVar("M", bound=Model)

_OURS: Final = ("tone:", "silence:", "file:")
_SILENCE: Final = "silence_stream://"
_MUSIC: Final = "local_stream://"
# How those begin and what is left of them; nothing else reaches `targets`, which reads "," and "|" and "gateway/".
_WAYS: Final = (
    (re.compile(r"(?:user/)?([\w.+*#~!'-]+)(?:@[\w.-]+)?"), r"\1"),
    (re.compile(r"(?:sofia/)?gateway/([\w.+-]+)/([\w.+*#~!'-]+)"), r"gateway/\1/\2"),
)


@dataclass(frozen=True, slots=True)
class Channel:
    """A leg, the call that it takes part in, and on which side."""

    leg: Leg
    call: Call
    side: Literal["caller", "callee"]

    @property
    def name(self) -> str:
        """What programs call the call."""
        return f"call_{self.call.id}"


def channel_of(desk: Desk, who: Asker, uuid: str, scope: str = "calls:write") -> Channel:
    """Find a channel; to change one is to take its call over.

    Raises:
        Refused: there is none, or it is not theirs.
    """
    leg = desk.switch.legs.get(LegId(uuid))
    if leg is None or leg.call is None:
        raise missing("channel", uuid)
    try:
        call = call_of(desk, who, f"call_{leg.call}", scope)
    except Refused as refused:
        raise missing("channel", uuid) if refused.code is Code.NOT_FOUND else refused from None
    return Channel(leg, call, "caller" if leg is call.calling else "callee")


def said(channel: Channel) -> Channel:
    """Give a channel that takes part already.

    Raises:
        Refused: it is only rung so far (CONFLICT).
    """
    calling = channel.call.calling
    if calling is None or (channel.side == "callee" and calling.bridged is not channel.leg):
        raise Refused(Code.CONFLICT, "the channel is not answered", state=state_of(channel.call))
    return channel


def alone(channel: Channel) -> Channel:
    """Give a channel that its call is for.

    Raises:
        Refused: it was reached for another one (CONFLICT), whose uuid is the one to use.
    """
    if channel.side == "callee":
        raise Refused(Code.CONFLICT, "the channel was reached for another one", state=state_of(channel.call))
    return channel


def replied(desk: Desk, kind: type[R], uuid: str, **more: Any) -> R:
    """Say how it went; well, if there is nothing more to say."""
    return kind.model_validate({"code": 200, "message": "OK", "node_uuid": desk.feed.node, "uuid": uuid, **more})


def made(shape: type[M], where: str, members: dict[str, Any]) -> M:
    """Make what a command takes of what a client said at a place in its parameters.

    Raises:
        Refused: it cannot be made.
    """
    try:
        return shape.model_validate(members)
    except ValidationError as error:
        raise _invalid(where, error.errors()[0]["msg"]) from None


def sound(media: Media) -> str:
    """Name a sound as we do.

    Raises:
        Refused: it is a text, a path or an address.
    """
    data = media.data
    if media.type != "FILE":
        raise _invalid("/media/type", "there is no speech synthesis")
    if data.startswith(_SILENCE):
        return f"silence:{data.removeprefix(_SILENCE).partition(',')[0]}"
    if data == "music" or data.startswith(_MUSIC):
        return "music"
    if data.startswith(_OURS):
        return data
    if "/" in data:
        raise _invalid("/media/data", "sounds have names; a path or an address is not taken")
    return f"file:{data}"


def target(destination: Destination) -> str:
    """Name whom to ring as we do.

    Raises:
        Refused: a dial string is of a kind that we have no way for.
    """
    way = "," if destination.ringall else "|"
    return way.join(_targets(destination.call_params))


def _targets(params: Iterable[CallParam]) -> Iterable[str]:
    for place, param in enumerate(params):
        text = param.dial_string or param.dest_number
        for pattern, ours in _WAYS:
            if found := pattern.fullmatch(text):
                yield found.expand(ours)
                break
        else:
            where = f"/destination/call_params/{place}/dial_string"
            raise _invalid(where, "must be user/NAME, sofia/gateway/NAME/NUMBER, or a number")


def _invalid(where: str, detail: str) -> Refused:
    return Refused(Code.INVALID, "some members cannot be used", errors=[{"pointer": where, "detail": detail}])
