"""Commands about the set-up: what is right and wrong with it."""

import asyncio
from typing import Final

from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk
from xswitch_py.models.doctor import Check, Diagnosis

__all__ = ["run"]

_PATIENCE: Final = 10.0  # seconds, for disks that do not answer


@command("doctor.run", "config:read")
async def run(desk: Desk, who: Asker) -> Diagnosis:
    """Look at ports, certificate, addresses, files, disk and packages, and say what to do about what is wrong.

    It is what `xswitch doctor` finds out by itself; only that also places a call.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            found = await desk.doctor()
    except TimeoutError:
        raise Refused(Code.UNAVAILABLE, "the checks take too long: some disk does not answer", retry_after=10) from None
    return Diagnosis(checks=[Check(name=one.name, state=one.state, text=one.text, fix=one.fix) for one in found])
