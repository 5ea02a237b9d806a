"""What one socket is told: channels in XCC's words from the bus, and all else from the feed."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.envelope import GAP, TYPES
from xswitch_py.core.feed import Subscription, unknown
from xswitch_py.core.leg import Leg, State
from xswitch_py.models.xcc import EVENTS, Subscribe
from xswitch_py.rpc.channels import COVERED, Channels, Row, Word

__all__ = ["Hearing", "Notify"]

Notify = Callable[[str, dict[str, Any]], None]  # a notification's name and parameters; never waits

_READ = "events:read"
_EVENT = "event"  # what is told in no words of XCC's


class Hearing:
    """One wish, and what it brings; `tell` begins it, and `close` ends it."""

    def __init__(self, desk: Desk, who: Asker, wish: Subscribe) -> None:
        """Raises Refused: they may hear nothing, or no event is of a type that they want."""
        self.user = who.only(_READ)
        plain = [each for each in wish.types if each not in EVENTS]
        if strange := set(unknown(plain)):
            errors = [
                {"pointer": f"/types/{place}", "detail": "no event is of this type"}
                for place, kind in enumerate(wish.types)
                if kind in strange
            ]
            raise Refused(Code.INVALID, "no event is of such a type", errors=errors)
        self.types = wish.types or [*EVENTS, *(each for each in TYPES if each not in COVERED and each != GAP)]
        self._desk = desk
        self._call = wish.call
        self._words = frozenset(self.types).intersection(EVENTS)
        self._feed: Subscription | None = None
        if plain := [each for each in self.types if each not in EVENTS]:
            self._feed = desk.feed.subscribe(plain, user=self.user, call=wish.call, after=wish.after)

    async def tell(self, notify: Notify) -> None:
        """Tell what happens until this is closed, or the switch stops."""
        async with asyncio.TaskGroup() as group:
            if self._words:
                group.create_task(self._tell_words(notify), name="channels to a socket")
            if self._feed is not None:
                group.create_task(self._tell_feed(self._feed, notify), name="events to a socket")

    def close(self) -> None:
        """End it."""
        if self._feed is not None:
            self._feed.close()

    async def _tell_feed(self, feed: Subscription, notify: Notify) -> None:
        while found := await feed.batch():
            for envelope in found:
                notify(_EVENT, envelope.as_json())

    async def _tell_words(self, notify: Notify) -> None:
        channels = known(self._desk)
        happening = self._desk.switch.services.bus.listen()
        try:
            async for event in happening:
                for word in channels.take(event):
                    if self._wants(word):
                        notify(word.method, word.params)
        finally:
            await happening.aclose()

    def _wants(self, word: Word) -> bool:
        if word.method not in self._words or (self._call is not None and self._call != f"call_{word.call}"):
            return False
        return self.user is None or self.user in word.users


def known(desk: Desk) -> Channels:
    """Give the channels that there are now."""
    channels, legs = Channels(desk.feed.node), desk.switch.legs
    rows = {leg.id: _row(desk, leg) for leg in legs.values()}
    for leg in legs.values():
        if leg.bridged is not None:
            rows[leg.id].peer = rows.get(leg.bridged.id)
    for row in rows.values():
        channels.know(row)
    return channels


def _row(desk: Desk, leg: Leg) -> Row:
    call = desk.switch.calls.get(leg.call) if leg.call is not None else None
    users = {leg.offer.user, call.offer.user if call is not None else None} - {None}
    started = call.started if call is not None else time.time()
    answered = None
    if leg.state is State.ACTIVE:
        answered = (call.answered if call is not None else None) or started
    return Row(
        leg.id,
        leg.outbound,
        leg.offer.caller,
        leg.offer.callee,
        started,
        {user for user in users if user is not None},
        leg.call,
        told=leg.call is not None,
        answered=answered,
        ready=answered is not None,
    )
