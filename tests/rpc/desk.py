"""A script at a desk: it asks by JSON-RPC, and the peers behind the desk write down what they are told."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.core.commands.live import Live, live
from tests.core.world import Peer, at_once
from xswitch_py.core.access import SYSTEM, Asker
from xswitch_py.core.leg import Leg
from xswitch_py.models.xcc import Subscribe
from xswitch_py.rpc.answer import Rpc
from xswitch_py.rpc.hearing import Hearing

__all__ = ["Script", "script"]


class Script:
    """Who asks; a `Listener`."""

    def __init__(self, at: Live) -> None:
        self.at, self.world, self.desk = at, at.world, at.desk
        self.rpc = Rpc(at.desk)
        self.hearing: Hearing | None = None
        self._ids = itertools.count(1)

    def subscribe(self, who: Asker, wish: Subscribe) -> list[str]:
        """See `Listener`."""
        self.hearing = Hearing(self.desk, who, wish)
        return self.hearing.types

    def unsubscribe(self) -> bool:
        """See `Listener`."""
        self.hearing = None
        return True

    async def ask(self, method: str, who: Asker = SYSTEM, /, **params: Any) -> Any:
        """Make a request; give the reply."""
        request = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        reply = await self.rpc.answer(request, who, self)
        assert isinstance(reply, dict)
        assert reply["id"] == request["id"]
        return reply

    async def result(self, method: str, who: Asker = SYSTEM, /, **params: Any) -> Any:
        """Make a request that is good; give the result."""
        reply = await self.ask(method, who, **params)
        assert "result" in reply, reply
        return reply["result"]

    async def error(self, method: str, who: Asker = SYSTEM, /, **params: Any) -> Any:
        """Make a request that is refused; give the error."""
        reply = await self.ask(method, who, **params)
        assert "error" in reply, reply
        return reply["error"]

    def answers(self, user: str) -> Peer:
        """Let a user answer whenever they are rung."""
        peer = self.world.contact(user)
        peer.does = at_once
        return peer

    async def dialled(self, user: str) -> Leg:
        """Let the script ring a user, who answers."""
        self.answers(user)
        reply = await self.result("XNode.Dial", destination={"call_params": [{"dial_string": f"user/{user}"}]})
        assert reply["code"] == 200, reply
        return self.desk.switch.legs[reply["uuid"]]


@asynccontextmanager
async def script(folder: Path) -> AsyncIterator[Script]:
    """Lay the desk."""
    async with live(folder) as at:
        try:
            yield Script(at)
        finally:
            await at.desk.switch.drain(0)
