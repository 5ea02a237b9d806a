"""The action `transfer`."""

from dataclasses import replace

from xswitch_py.base.offer import Party
from xswitch_py.core.call import Call, action
from xswitch_py.core.script import Rerouted

__all__ = ["transfer"]


@action("transfer")
async def transfer(call: Call, argument: str) -> None:
    """transfer NUMBER: start again as if the caller had dialled this number."""
    raise Rerouted(replace(call.offer, callee=Party("", argument)))
