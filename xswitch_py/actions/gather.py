"""The action `gather`."""

from dataclasses import replace

from xswitch_py.core.call import Call, action
from xswitch_py.core.prompts import Wanted
from xswitch_py.core.prompts import gather as gather_digits
from xswitch_py.core.script import Rerouted

__all__ = ["gather"]


@action("gather")
async def gather(call: Call, argument: str) -> None:
    """gather MOST SECONDS [SOURCE]: play a source, wait for digits, and go on as if the caller had dialled them.

    If none come the steps go on.
    """
    most, _, rest = argument.partition(" ")
    seconds, _, source = rest.strip().partition(" ")
    await call.answer()
    wanted = Wanted(
        most=_number(most, 1), timeout=_number(seconds, 5), sources=(source.strip(),) if source.strip() else ()
    )
    heard = await gather_digits(call, call.leg, wanted)
    if heard.text:
        raise Rerouted(replace(call.offer, callee=replace(call.offer.callee, number=heard.text)))


def _number(text: str, otherwise: int) -> int:
    return max(1, min(int(text), 600)) if text.isascii() and text.isdigit() and len(text) < 5 else otherwise
