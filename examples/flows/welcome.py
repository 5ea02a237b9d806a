"""Greet who dials 8000, wait for a digit, and connect them with whom the variable `other` names."""

from xswitch_py.flow import Call, flow


@flow(number="8000")
async def welcome(call: Call) -> None:
    """Greet, ask, connect."""
    await call.answer()
    await call.play("file:welcome")
    if await call.gather(digits=1, timeout=20):
        await call.bridge(call.variables.get("other", "1002"))
