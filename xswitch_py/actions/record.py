"""The action `record`."""

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.core.call import Call, action

__all__ = ["record"]

_LONGEST = 14_400  # seconds


@action("record")
async def record(call: Call, argument: str) -> None:
    """record [SECONDS]: write what the caller says (left) and hears (right) to a file from now on; steps go on."""
    recorder = call.services.recorder
    if recorder is None:
        raise CallError(Cause.SERVICE_UNAVAILABLE, "nothing can be recorded here")
    seconds = int(argument) if argument.isascii() and argument.isdigit() else _LONGEST
    users = (str(call.offer.user),) if call.offer.user is not None else ()
    call.recordings.add(await recorder.start(call.id, call.leg.id, users, seconds))
