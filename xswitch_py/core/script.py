"""Follow the dialplan: what a call does when somebody simply dials."""

from collections.abc import Mapping
from datetime import datetime

import structlog

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, XSwitchError
from xswitch_py.base.offer import Offer
from xswitch_py.core.call import Action, Body, Call
from xswitch_py.core.dialplan import route

__all__ = ["Rerouted", "follow"]

log = structlog.get_logger("xswitch.core")

_HOPS = 20  # times a call may be sent on before it is taken for a loop


class Rerouted(XSwitchError):
    """The call starts again with another offer."""

    def __init__(self, offer: Offer) -> None:
        super().__init__(offer.callee.number)
        self.offer = offer


def follow(actions: Mapping[str, Action]) -> Body:
    """Make the body of a call that does what the dialplan says."""

    async def body(call: Call) -> None:
        for _ in range(_HOPS):
            try:
                return await _steps(call, actions)
            except Rerouted as rerouted:
                call.offer = rerouted.offer
        raise CallError(Cause.EXCHANGE_ROUTING_ERROR, "the dialplan sends the call in circles")

    return body


async def _steps(call: Call, actions: Mapping[str, Action]) -> None:
    for step in route(call.services.plan.rules, call.offer, datetime.now()):
        log.info("step", action=step.action, argument=step.argument)
        await actions[step.action].run(call, step.argument)
