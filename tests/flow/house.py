"""A small world in which number 8000 is a flow's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.core.commands.live import live
from tests.core.world import World
from xswitch_py.actions import ACTIONS
from xswitch_py.core.call import Action, Call
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.dialplan import load
from xswitch_py.core.leg import Leg
from xswitch_py.core.script import follow
from xswitch_py.core.switch import Switch
from xswitch_py.flow import flow
from xswitch_py.flow.hands import Hands
from xswitch_py.flow.marked import Flow, Function
from xswitch_py.flow.run import run

__all__ = ["House", "house"]

RULES = [{"number": "8000", "steps": ["flow here", "hangup CRASH"]}, {"number": "1.*", "steps": ["bridge $0"]}]


class House:
    """The world, its desk, and the flow that 8000 is."""

    def __init__(self, world: World, desk: Desk, cleanup: float) -> None:
        self.flow: Flow | None = None
        self.cleanup = cleanup
        self.tasks: list[asyncio.Task[None]] = []
        actions = {**ACTIONS, "flow": Action("flow", self._flow, "")}
        services = desk.switch.services
        services.plan.rules = load({"rule": RULES}, actions)
        world.switch = Switch(services, follow(actions))
        self.world, self.desk = world, replace(desk, switch=world.switch)

    def dial(self, function: Function | Flow) -> Leg:
        """Let 1000 call the flow."""
        self.flow = function if isinstance(function, Flow) else flow(number="8000")(function)
        return self.world.call("1000", "8000")

    async def until(self, *lines: str) -> None:
        """Wait until these were seen."""
        await self.world.until(*lines)

    async def _flow(self, call: Call, argument: str) -> None:
        assert self.flow is not None
        await run(self.flow, Hands(call, lambda: self.desk), self.tasks.append, self.cleanup)


@asynccontextmanager
async def house(folder: Path, cleanup: float = 5.0) -> AsyncIterator[House]:
    """Build it."""
    async with live(folder) as made:
        built = House(made.world, made.desk, cleanup)
        feed = asyncio.create_task(built.desk.feed.run(made.world.bus))
        yield built
        made.world.bus.close()
        await feed
        if built.tasks:
            await asyncio.wait(built.tasks)
