"""Where a user can be reached now."""

import time
from dataclasses import dataclass

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


class Registry:
    """All contacts, in the order in which they came."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._contacts: dict[Address, dict[Contact, None]] = {}

    def add(self, contact: Contact) -> None:
        """A user can be reached here; adding it again changes nothing."""
        places = self._contacts.setdefault(contact.user, {})
        if contact not in places:
            places[contact] = None
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
        return tuple(self._contacts.get(user, ()))

    def __len__(self) -> int:
        return sum(map(len, self._contacts.values()))
