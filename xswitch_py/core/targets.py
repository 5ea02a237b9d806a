"""Whom a call can be brought to: what the words of a target mean, and ringing them.

1001                            a user, everywhere they can be reached; "user/1001" is the same
1001,1002                       several at once; the first to answer
1001|1002                       one after the other
gateway/berlin/030123           a number, through a gateway
gateway/berlin+paris/0301|1000  through either, by weight; if neither takes it, a user
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import groupby

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.base.offer import Offer, Party, Wish
from xswitch_py.core.call import Call
from xswitch_py.core.dial import EVERYWHERE, first_answer
from xswitch_py.core.leg import Leg
from xswitch_py.core.progress import Progress
from xswitch_py.core.registry import Contact
from xswitch_py.core.services import Services

__all__ = ["GATEWAY", "Target", "legs", "reach", "ring"]

GATEWAY = "gateway"  # how the targets begin that leave the house

Target = tuple[Contact, Offer]


async def ring(call: Call, wanted: str, ring_for: float | None = None) -> Leg:
    """Ring targets for a call, whose caller hears how it goes; give the first that answers.

    Raises:
        CallError: nobody does.
    """

    async def attempt(targets: Sequence[Target]) -> Leg:
        progress = Progress(call)
        try:
            limit = ring_for or call.services.plan.ring_timeout
            return await first_answer(legs(call, targets), limit, progress.hear)
        finally:
            progress.stop()

    if call.direction == "internal" and f"{GATEWAY}/" in wanted:
        call.direction = "outbound"
    return await reach(call, wanted, call.leg.party, call.leg.wish, attempt)


async def reach(
    call: Call, wanted: str, caller: Party, wish: Wish, attempt: Callable[[Sequence[Target]], Awaitable[Leg]]
) -> Leg:
    """Try targets in order, each time as many together as are meant to ring together; give who is got to answer.

    Raises:
        CallError: nobody was.
    """
    failure = CallError(Cause.NO_ROUTE_DESTINATION, "nobody to ring")
    for together in wanted.split("|"):
        found: list[Target] = []
        for name in together.split(","):
            try:
                found += await _targets(call.services, name.strip(), caller, wish)
            except CallError as error:  # who is not there keeps nobody else from being rung
                failure = error
        for targets in _rounds(found):
            try:
                return await attempt(targets)
            except CallError as error:
                failure = error
                calling = call.calling
                if (calling is not None and calling.cause is not None) or error.cause in EVERYWHERE:
                    raise
    raise failure


def legs(call: Call, targets: Sequence[Target]) -> list[Leg]:
    """Make a leg to each contact, for a call; those that left this moment are passed over.

    Raises:
        CallError: all have.
    """
    made: list[Leg] = []
    failure = CallError(Cause.USER_NOT_REGISTERED, "everybody left")
    for contact, offer in targets:
        try:
            leg = call.services.doors[contact.door].dial(contact, offer)
        except CallError as error:
            failure = error
        except KeyError:
            failure = CallError(Cause.INVALID_GATEWAY, f"there is no door {contact.door}")
        else:
            call.rings(leg)
            made.append(leg)
    if not made:
        raise failure
    return made


async def _targets(services: Services, name: str, caller: Party, wish: Wish) -> list[Target]:
    """List where one name can be reached, and what is offered there."""
    kind, _, rest = name.partition("/")
    if kind == GATEWAY:
        gateways, _, number = rest.partition("/")
        contact = Contact(Address(number, gateways), "sip", f"{GATEWAY}/{gateways}")
        return [(contact, Offer(caller, Party("", number), wish=wish))]
    user = await services.directory.find_callee((rest if kind == "user" else name).partition("@")[0])
    if user is None:
        raise CallError(Cause.NO_ROUTE_DESTINATION, f"no user {name!r}")
    callee = Party(user.display_name, user.number or user.name)
    offer = Offer(caller, callee, user.address, user.context, wish=wish, variables=user.variables)
    found = services.registry.find(user.address)
    if not found:
        raise CallError(Cause.USER_NOT_REGISTERED, str(user.address))
    return [(contact, offer) for contact in found]


def _rounds(targets: list[Target]) -> Iterator[list[Target]]:
    """Those that are preferred alike ring together, the others only if these fail (RFC 3261 section 16.6)."""
    ordered = sorted(targets, key=lambda target: -target[0].q)
    for _, group in groupby(ordered, key=lambda target: target[0].q):
        yield list(group)
