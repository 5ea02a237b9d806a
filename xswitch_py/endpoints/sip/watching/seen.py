"""The calls of users as those who watch a user see them: what the bus says of legs."""

import itertools
from dataclasses import replace
from typing import Any, Final

from xswitch_py.base import events
from xswitch_py.base.address import Address
from xswitch_py.base.ids import LegId
from xswitch_py.endpoints.sip.watching.packages import Appearance, Life

__all__ = ["Appearances"]

# What each event makes of an appearance.
_CHANGES: Final[dict[type[events.Event], dict[str, Any]]] = {
    events.LegRinging: {"life": Life.EARLY},
    events.LegAnswered: {"life": Life.CONFIRMED},
    events.LegHeld: {"held": True},
    events.LegUnheld: {"held": False},
    events.LegEnded: {"life": Life.TERMINATED, "held": False},
}


class Appearances:
    """The legs of all users. Those that ended stay until another of the user begins, or all of them have ended."""

    def __init__(self) -> None:
        self._users: dict[LegId, Address] = {}  # of the legs that are up
        self._seen: dict[Address, dict[LegId, Appearance]] = {}

    def take(self, event: events.Event) -> Address | None:
        """Take an event of the bus; name the user of whom something is new."""
        match event:
            case events.LegStarted(user=Address() as user):
                self._start(user, event)
                return user
            case events.ContactAdded(user=user) | events.ContactRemoved(user=user):
                return user
        changes = _CHANGES.get(type(event))
        leg: LegId | None = getattr(event, "leg", None)
        if changes is None or leg is None or (found := self._users.get(leg)) is None:
            return None
        seen = self._seen[found]
        seen[leg] = replace(seen[leg], **changes)
        if isinstance(event, events.LegEnded):
            self._end(found, leg)
        return found

    def of(self, user: Address) -> tuple[Appearance, ...]:
        """What can be seen of a user, the oldest first."""
        return tuple(self._seen.get(user, {}).values())

    def __len__(self) -> int:
        return sum(map(len, self._seen.values()))

    def _start(self, user: Address, event: events.LegStarted) -> None:
        own, other = (event.callee, event.caller) if event.outbound else (event.caller, event.callee)
        kept = {leg: each for leg, each in self._seen.get(user, {}).items() if each.life is not Life.TERMINATED}
        taken = {each.number for each in kept.values()}
        number = next(number for number in itertools.count(1) if number not in taken)
        self._users[event.leg] = user
        self._seen[user] = {**kept, event.leg: Appearance(number, event.outbound, own, other)}

    def _end(self, user: Address, leg: LegId) -> None:
        del self._users[leg]
        if all(each.life is Life.TERMINATED for each in self._seen[user].values()):
            del self._seen[user]
