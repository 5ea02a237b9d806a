"""The action `bridge`."""

import asyncio

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.base.offer import Offer, Party
from xswitch_py.base.user import User
from xswitch_py.core.call import Call, action, beside
from xswitch_py.core.dial import first_answer
from xswitch_py.core.leg import Leg

__all__ = ["bridge"]


@action("bridge")
async def bridge(call: Call, argument: str) -> None:
    """bridge USER: ring a user everywhere they can be reached, and join the first to answer."""
    user = await call.services.directory.find(argument.partition("@")[0])
    if user is None:
        raise CallError(Cause.NO_ROUTE_DESTINATION, f"no user {argument!r}")
    legs = _legs(call, user)
    alerted = asyncio.Event()
    async with beside(_ringback(call, alerted), "ringback"):
        callee = await first_answer(legs, call.services.plan.ring_timeout, alerted.set)
    await call.talk(callee)


def _legs(call: Call, user: User) -> list[Leg]:
    """Make a leg to each of the user's contacts; a caller's own leg is not rung by itself."""
    offer = Offer(call.leg.party, Party(user.display_name, user.number or user.name), user.address, wish=call.leg.wish)
    legs: list[Leg] = []
    for contact in call.services.registry.find(Address(user.name, user.domain)):
        try:
            legs.append(call.services.doors[contact.door].dial(contact, offer))
        except CallError:
            continue  # it left this moment
    if not legs:
        raise CallError(Cause.USER_NOT_REGISTERED, str(user.address))
    return legs


async def _ringback(call: Call, alerted: asyncio.Event) -> None:
    await alerted.wait()
    await call.ringback(call.leg.wish)
