"""What a front door must offer the core."""

from dataclasses import dataclass, field
from typing import Protocol

from xswitch_py.base.address import Address
from xswitch_py.base.offer import Offer
from xswitch_py.core.leg import Leg
from xswitch_py.core.registry import Contact

__all__ = ["Endpoint", "Message"]


@dataclass(frozen=True, slots=True)
class Message:
    """A line of chat. `extra` holds further members that user interfaces pass to each other (`from_msg_name`)."""

    sender: Address
    to: Address
    body: str
    extra: dict[str, str] = field(default_factory=dict)


class Endpoint(Protocol):
    """A front door, as calls see it."""

    name: str  # "verto": in contacts and in logs

    def dial(self, to: Contact, offer: Offer) -> Leg:
        """Make a leg towards a contact, at once; `Leg.place` then offers it the call.

        Raises:
            CallError: nobody is there any more.
        """

    def deliver(self, to: Contact, message: Message) -> bool:
        """Hand a chat message to a contact; say whether it was there to take it."""

    def drop(self, contact: Contact) -> bool:
        """Let a user be reached there no longer; calls that are up go on. Says whether it was there."""
