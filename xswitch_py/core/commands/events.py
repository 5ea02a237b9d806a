"""Listening to what happens: what every door does before it tells events in its own way."""

from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.feed import Feed, Subscription, unknown
from xswitch_py.models.events import Listening

__all__ = ["check_types", "listen"]

_READ = "events:read"


def listen(feed: Feed, who: Asker, wish: Listening) -> Subscription:
    """Begin to hear what happens; who may only see what is their own hears no more than that.

    Raises:
        Refused: they may hear nothing, or no event is of a type that they want.
    """
    user = who.only(_READ)
    check_types(wish.types, "/types")
    return feed.subscribe(wish.types, user=user, call=wish.call, after=wish.after)


def check_types(types: list[str], pointer: str) -> None:
    """Refuse types that no event has: who misspells one would wait for ever."""
    strange = set(unknown(types))
    errors = [
        {"pointer": f"{pointer}/{place}", "detail": "no event is of this type"}
        for place, kind in enumerate(types)
        if kind in strange
    ]
    if errors:
        raise Refused(Code.INVALID, "no event is of such a type", errors=errors)
