"""Call flows in Python: `@flow` makes an `async def` what a call does, and `Call` is all that it needs.

    from xswitch_py.flow import Call, flow

    @flow(number="8000")
    async def reception(call: Call) -> None:
        await call.answer()
        if await call.gather(play="welcome.wav", timeout=5, tries=2) == "1":
            await call.bridge("user/1001", timeout=20)

When the call ends, whatever the flow waits for raises `CallEnded`. A flow that returns hangs up.
"""

from xswitch_py.flow.call import Call
from xswitch_py.flow.ended import CallEnded
from xswitch_py.flow.marked import flow

__all__ = ["Call", "CallEnded", "flow"]
