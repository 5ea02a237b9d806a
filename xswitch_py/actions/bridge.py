"""The action `bridge`; `core.targets` says what a target is."""

from xswitch_py.core.call import Call, action
from xswitch_py.core.targets import ring

__all__ = ["bridge"]


@action("bridge")
async def bridge(call: Call, argument: str) -> None:
    """bridge TARGET[,TARGET...][|TARGET...]: ring users or a gateway's number, and join the first to answer."""
    await call.talk(await ring(call, argument))
