"""Who subscribed to which event channel, and to whom an event goes (verto.md section 11)."""

from typing import Any, Final, Protocol

from xswitch_py.base.permissions import Permissions
from xswitch_py.endpoints.verto.wire import Json

__all__ = ["KNOWN", "Channels", "Subscriber", "deliver", "main_part"]

KNOWN: Final = frozenset(  # main parts of the channels that the protocol itself names
    {
        "presence",
        "conference",
        "conference-liveArray",
        "conference-chat",
        "conference-mod",
        "conference-info",
        "FSevent",
    }
)
_MOST: Final = 1000  # channels a subscriber may have
_LONGEST: Final = 256  # characters of a name


class Subscriber(Protocol):
    """What channels need of a session."""

    subscriptions: dict[str, int]  # channel -> number of the next event

    @property
    def permissions(self) -> Permissions:
        """What the user may do."""

    @property
    def guest(self) -> bool:
        """Whether the user may see only what is public."""

    def tell(self, method: str, params: Json, *, urgent: bool = True) -> None:
        """Send the client a request."""


class Channels:
    """All subscriptions."""

    def __init__(self) -> None:
        self._subscribers: dict[str, dict[Subscriber, None]] = {}

    def subscribe(self, who: Subscriber, channel: str) -> bool:
        """Subscribe; False if the name is too long or there are too many."""
        if len(channel) > _LONGEST or len(who.subscriptions) >= _MOST:
            return False
        who.subscriptions[channel] = 0
        self._subscribers.setdefault(channel, {})[who] = None
        return True

    def unsubscribe(self, who: Subscriber, channel: str) -> bool:
        """End a subscription; False if there is none."""
        if who.subscriptions.pop(channel, None) is None:
            return False
        listeners = self._subscribers[channel]
        del listeners[who]
        if not listeners:
            del self._subscribers[channel]
        return True

    def leave(self, who: Subscriber) -> None:
        """End all subscriptions of somebody."""
        for channel in tuple(who.subscriptions):
            self.unsubscribe(who, channel)

    def wanted(self, channel: str) -> bool:
        """Say whether anybody listens."""
        return channel in self._subscribers or main_part(channel) in self._subscribers

    def publish(self, channel: str, event: Json) -> None:
        """Tell the subscribers of the full name and those of its main part, nobody twice (V45)."""
        told: set[int] = set()
        for name in dict.fromkeys((channel, main_part(channel))):
            for who in tuple(self._subscribers.get(name, ())):
                if id(who) not in told:
                    told.add(id(who))
                    deliver(who, name, channel, event)


def deliver(who: Subscriber, name: str, channel: str, event: Json) -> None:
    """Send one event of a channel to a subscriber of `name`; guests get what is public, or granted."""
    visibility: Any = event.get("contentVisibility")
    if who.guest and visibility not in (None, "public") and not who.permissions.allows("channels", channel):
        return
    serial = who.subscriptions[name]
    who.subscriptions[name] = serial + 1
    params = {**event, "eventChannel": channel, "eventSerno": serial, "subscribedChannel": name}
    who.tell("verto.event", params, urgent=False)


def main_part(channel: str) -> str:
    """What precedes the first dot."""
    return channel.partition(".")[0]
