"""The action `bridge`.

bridge 1001                            a user, everywhere they can be reached
bridge 1001,1002                       several at once; the first to answer
bridge 1001|1002                       one after the other
bridge gateway/berlin/0$1              a number, through a gateway
bridge gateway/berlin+paris/$1|1000    through either, by weight; if neither takes it, a user
"""

from collections.abc import Iterator
from itertools import groupby

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.base.offer import Offer, Party
from xswitch_py.core.call import Call, action
from xswitch_py.core.dial import EVERYWHERE, first_answer
from xswitch_py.core.leg import Leg
from xswitch_py.core.progress import Progress
from xswitch_py.core.registry import Contact

__all__ = ["bridge"]


@action("bridge")
async def bridge(call: Call, argument: str) -> None:
    """bridge TARGET[,TARGET...][|TARGET...]: ring users or a gateway's number, and join the first to answer."""
    failure = CallError(Cause.NO_ROUTE_DESTINATION, "nobody to ring")
    for together in argument.split("|"):
        wanted: list[_Target] = []
        for name in together.split(","):
            try:
                wanted += await _targets(call, name.strip())
            except CallError as error:  # who is not there keeps nobody else from being rung
                failure = error
        for targets in _rounds(wanted):
            try:
                callee = await _ring(call, targets)
            except CallError as error:
                failure = error
                if call.leg.cause is not None or error.cause in EVERYWHERE:
                    raise
            else:
                return await call.talk(callee)
    raise failure


_Target = tuple[Contact, Offer]


async def _targets(call: Call, name: str) -> list[_Target]:
    """List where one name can be reached, and what is offered there."""
    kind, _, rest = name.partition("/")
    if kind == "gateway":
        gateways, _, number = rest.partition("/")
        contact = Contact(Address(number, gateways), "sip", f"gateway/{gateways}")
        return [(contact, Offer(call.leg.party, Party("", number), wish=call.leg.wish))]
    services = call.services
    user = await services.directory.find((rest if kind == "user" else name).partition("@")[0])
    if user is None:
        raise CallError(Cause.NO_ROUTE_DESTINATION, f"no user {name!r}")
    callee = Party(user.display_name, user.number or user.name)
    wish, variables = call.leg.wish, user.variables
    offer = Offer(call.leg.party, callee, user.address, user.context, wish=wish, variables=variables)
    found = services.registry.find(user.address)
    if not found:
        raise CallError(Cause.USER_NOT_REGISTERED, str(user.address))
    return [(contact, offer) for contact in found]


def _rounds(targets: list[_Target]) -> Iterator[list[_Target]]:
    """Those that are preferred alike ring together, the others only if these fail (RFC 3261 section 16.6)."""
    ordered = sorted(targets, key=lambda target: -target[0].q)
    for _, group in groupby(ordered, key=lambda target: target[0].q):
        yield list(group)


async def _ring(call: Call, targets: list[_Target]) -> Leg:
    progress = Progress(call)
    try:
        return await first_answer(_legs(call, targets), call.services.plan.ring_timeout, progress.hear)
    finally:
        progress.stop()


def _legs(call: Call, targets: list[_Target]) -> list[Leg]:
    """Make a leg to each contact; those that left this moment are passed over."""
    legs: list[Leg] = []
    failure = CallError(Cause.USER_NOT_REGISTERED, "everybody left")
    for contact, offer in targets:
        try:
            leg = call.services.doors[contact.door].dial(contact, offer)
        except CallError as error:
            failure = error
        except KeyError:
            failure = CallError(Cause.INVALID_GATEWAY, f"there is no door {contact.door}")
        else:
            leg.placed_for = call.leg
            legs.append(leg)
    if not legs:
        raise failure
    return legs
