"""The Verto door: lets peers in, places calls to them, hands them chat, and tells them who is on a call."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, MediaError
from xswitch_py.base.events import CallBridged
from xswitch_py.base.ids import new_id
from xswitch_py.base.offer import Offer
from xswitch_py.base.permissions import Permissions
from xswitch_py.core.endpoint import Message
from xswitch_py.core.leg import Leg
from xswitch_py.core.registry import Contact
from xswitch_py.core.switch import Switch
from xswitch_py.endpoints.verto import wire
from xswitch_py.endpoints.verto.house import DOOR, Guest, House, Limits, Programs
from xswitch_py.endpoints.verto.methods import METHODS
from xswitch_py.endpoints.verto.presence import channel_of
from xswitch_py.endpoints.verto.session import Session, Socket
from xswitch_py.endpoints.verto.visit import Displaced

__all__ = ["Limits", "Verto"]

_LIMITS: Final = Limits()


class Verto:
    """The door."""

    name = DOOR
    subprotocol: str | None = None  # clients ask for none

    def __init__(self, switch: Switch, permissions: Mapping[str, Permissions], limits: Limits = _LIMITS) -> None:
        """`permissions` are by the role of a user."""
        self._house = House(switch, permissions, limits, METHODS)

    def admit(self, programs: Programs) -> None:
        """Let those who come from now on also ask what is not Verto's."""
        self._house.programs = programs

    async def serve(self, socket: Socket) -> None:
        """Talk to one peer until it leaves."""
        await Session(self._house, socket).serve()

    def dial(self, to: Contact, offer: Offer) -> Leg:
        """Make a leg towards a client.

        Raises:
            CallError: it has left, or has too many calls.
        """
        session = self._find(to)
        if session is None:
            raise CallError(Cause.DESTINATION_OUT_OF_ORDER, "the client has left")
        return session.calls.begin(new_id(), offer)

    def deliver(self, to: Contact, message: Message) -> bool:
        """Hand a chat message to a client; say whether it was there."""
        session = self._find(to)
        if session is None:
            return False
        said = wire.chat(str(message.sender), str(message.to), message.body, message.extra)
        session.tell("verto.info", said, urgent=False)
        return True

    def drop(self, contact: Contact) -> bool:
        """Put a client out; its calls wait for it, as if its socket were lost."""
        session = self._find(contact)
        if session is not None:
            session.feed(Displaced())
        return session is not None

    async def watch(self) -> None:
        """Tell subscribers who is on a call, and clients how theirs are and what they may see, until the bus closes."""
        house = self._house
        async for event in house.switch.services.bus.listen():
            house.states.take(event)
            if isinstance(event, CallBridged):
                await self._met(event)
            for user, data in house.presence.take(event):
                if house.channels.wanted(channel := channel_of(user)):
                    house.channels.publish(channel, {"data": data})

    async def _met(self, event: CallBridged) -> None:
        """See that two who are joined have the same pictures: those whom a transfer joins never agreed on any."""
        switch = self._house.switch
        one, other = switch.legs.get(event.leg), switch.legs.get(event.other)
        if one is not None and other is not None and one.bridged is other:
            with suppress(MediaError):  # one of them has left
                await switch.updates.meet(one, other)

    def _find(self, to: Contact) -> Guest | None:
        session = self._house.sessions.get(to.key)
        return session if session is not None and session.contact == to else None
