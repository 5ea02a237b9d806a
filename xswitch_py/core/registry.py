"""Where a user can be reached now."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from xswitch_py.base.address import Address
from xswitch_py.base.events import ContactAdded, ContactRemoved
from xswitch_py.core.bus import Bus

__all__ = ["Contact", "Registry"]


@dataclass(frozen=True, slots=True)
class Contact:
    """One place where a user can be reached: `key` means something to the door only (a Verto sessid, say)."""

    user: Address
    door: str
    key: str
    q: float = field(default=1.0, compare=False)  # how much it is preferred, 0 to 1: those of one rank ring together
    url: str = field(default="", compare=False)  # what follows are facts for people
    host: str = field(default="", compare=False)
    transport: str = field(default="", compare=False)  # "udp", "wss"...
    agent: str = field(default="", compare=False)
    until: float | None = field(default=None, compare=False)  # Unix seconds; None: while its connection lasts


class Registry:
    """All contacts, in the order in which they came."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._contacts: dict[Address, dict[Contact, Contact]] = {}  # each by itself

    def add(self, contact: Contact) -> None:
        """A user can be reached here; adding it again takes over its facts, and nobody is told."""
        places = self._contacts.setdefault(contact.user, {})
        is_new = contact not in places
        places[contact] = contact
        if is_new:
            self._bus.publish(ContactAdded(contact.user, contact.door, time.time()))

    def remove(self, contact: Contact) -> None:
        """A user can no longer be reached here; removing it again changes nothing."""
        places = self._contacts.get(contact.user, {})
        if contact in places:
            del places[contact]
            if not places:
                del self._contacts[contact.user]
            self._bus.publish(ContactRemoved(contact.user, contact.door, time.time()))

    def find(self, user: Address) -> tuple[Contact, ...]:
        """List where a user can be reached, the longest known first."""
        return tuple(self._contacts.get(user, {}).values())

    def __iter__(self) -> Iterator[Contact]:
        """List all contacts of all users."""
        return (contact for places in tuple(self._contacts.values()) for contact in tuple(places.values()))

    def __len__(self) -> int:
        return sum(map(len, self._contacts.values()))
