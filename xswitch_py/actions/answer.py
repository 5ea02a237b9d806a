"""The action `answer`."""

from xswitch_py.core.call import Call, action

__all__ = ["answer"]


@action("answer")
async def answer(call: Call, argument: str) -> None:
    """answer: answer the caller."""
    await call.answer()
