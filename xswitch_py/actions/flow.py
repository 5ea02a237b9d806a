"""The action `flow`."""

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.core.call import Call, action

__all__ = ["flow"]


@action("flow")
async def flow(call: Call, argument: str) -> None:
    """flow NAME: let a flow written in Python have the call, which ends with it."""
    flows = call.services.flows
    body = flows.body(argument) if flows is not None else None
    if body is None:
        raise CallError(Cause.NO_ROUTE_DESTINATION, f"there is no flow {argument!r}")
    await body(call)
