"""The action `hangup`."""

from xswitch_py.base.cause import Cause, heard
from xswitch_py.base.errors import CallError
from xswitch_py.core.call import Call, action

__all__ = ["hangup"]


@action("hangup")
async def hangup(call: Call, argument: str) -> None:
    """hangup [CAUSE]: end the call, with a cause by name or number."""
    raise CallError(heard(argument, argument) or Cause.NORMAL_CLEARING)
