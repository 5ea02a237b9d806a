"""Who hears whom: each leg hears one thing at a time, and what came last counts.

That is a bridge, or what a task brings it: something that is played, or a leg that it listens to.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Final

from xswitch_py.base.ids import BridgeId
from xswitch_py.media.bridge import join, part
from xswitch_py.media.port import KINDS, Port

__all__ = ["Bridge", "Member", "Patch", "Play"]

_MUSIC: Final = "music"  # what the partner of a held leg hears
_SILENCE: Final = "silence:20"  # what the partner of a muted leg hears

# Starts to play a source to a leg, for ever or once.
Play = Callable[[Port, str, bool], "asyncio.Task[None]"]


@dataclass(frozen=True, slots=True, eq=False)
class Bridge:
    """Two legs that hear each other, or one that hears itself."""

    id: BridgeId
    one: "Member"
    other: "Member"


@dataclass(slots=True, eq=False)
class Member:
    """A leg's part in it."""

    port: Port
    held: bool = False
    muted: bool = False
    bridge: Bridge | None = None  # where what it sends goes
    hears: "Bridge | asyncio.Task[None] | None" = None
    filler: "tuple[str, asyncio.Task[None]] | None" = None  # what is played to it while its partner is held or muted


class Patch:
    """All bridges of a media plane."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._bridges: dict[BridgeId, Bridge] = {}
        self._numbers = count(1)

    def bridge(self, one: Member, other: Member) -> BridgeId:
        """Let two legs hear each other; a bridge that one of them was in is over."""
        bridge = Bridge(self.number(), one, other)
        for member in (one, other):
            if member.bridge is not None and member.bridge is not bridge:
                self._part(member.bridge)
            self.hear(member, bridge)
            member.bridge = bridge
        self._bridges[bridge.id] = bridge
        self._route(bridge)
        return bridge.id

    def number(self) -> BridgeId:
        """Give an id that nothing else has."""
        return BridgeId(next(self._numbers))

    def unbridge(self, bridge: BridgeId) -> None:
        """Part them again, if they are not parted."""
        found = self._bridges.get(bridge)
        if found is not None:
            self._part(found)

    def hear(self, member: Member, what: "Bridge | asyncio.Task[None] | None") -> None:
        """Let a leg hear this instead of what it heard before; a task that played to it is cancelled."""
        before, member.hears = member.hears, what
        if isinstance(before, asyncio.Task):
            before.cancel()
        elif before is not None and before is not what:
            self._route(before)

    def only_hear(self, member: Member, what: "asyncio.Task[None]") -> None:
        """Let a leg hear this, and nobody hear the leg."""
        if member.bridge is not None:
            self._part(member.bridge)
        self.hear(member, what)

    def over(self, member: Member, what: "asyncio.Task[None]") -> None:
        """What a leg heard has come to its end: if it still counts, the leg hears the bridge again that it is in."""
        if member.hears is what:
            self.hear(member, member.bridge)
            self.renew(member)

    def hold(self, member: Member, held: bool) -> None:
        """Let nothing pass to or from a leg, or let it pass again."""
        member.held = held
        for lane in member.port.lanes.values():
            lane.out.mute(held)
        self._mind(member)

    def mute(self, member: Member, muted: bool) -> None:
        """Let nobody hear what a leg's peer says, or let them again."""
        member.muted = muted
        self._mind(member)

    def renew(self, member: Member) -> None:
        """Other things were agreed on with a leg's peer: join it anew."""
        if member.bridge is not None:
            self._route(member.bridge)

    def leave(self, member: Member) -> None:
        """Let a leg hear nothing, and nobody hear it."""
        if member.bridge is not None:
            self._part(member.bridge)
        self.hear(member, None)

    def _mind(self, member: Member) -> None:
        member.port.audio.silence(member.held or member.muted)
        self.renew(member)

    def _part(self, bridge: Bridge) -> None:
        del self._bridges[bridge.id]
        for member in (bridge.one, bridge.other):
            if member.bridge is bridge:
                member.bridge = None
            if member.hears is bridge:
                member.hears = None
        self._route(bridge)

    def _route(self, bridge: Bridge) -> None:
        """Bring what flows in a bridge in line with who takes part, who listens and who is held."""
        self._flow(bridge, bridge.one, bridge.other)
        if bridge.one is not bridge.other:
            self._flow(bridge, bridge.other, bridge.one)

    def _flow(self, bridge: Bridge, source: Member, target: Member) -> None:
        part(source.port, target.port)
        heard = source.bridge is bridge and target.hears is bridge and not target.held
        if heard and not source.held:
            join(source.port, target.port, ("video",) if source.muted else KINDS)
        self._fill(target, (_MUSIC if source.held else _SILENCE if source.muted else "") if heard else "")

    def _fill(self, target: Member, what: str) -> None:
        """Let a leg hear this in place of its partner, or nothing."""
        if target.filler is not None:
            before, task = target.filler
            if before == what:
                return
            task.cancel()
        target.filler = (what, self._play(target.port, what, True)) if what else None
