"""Every command is reachable from every door: REST, JSON-RPC, flows and the command line."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.commands.live import Live, live
from tests.flow.house import house
from xswitch_py import assets
from xswitch_py.api.app import http_app
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.cli.words import Methods
from xswitch_py.core.access import SYSTEM
from xswitch_py.core.commands import COMMANDS
from xswitch_py.flow import Call, flow
from xswitch_py.rpc.answer import Rpc

NAMES = sorted(COMMANDS)


class Nobody:
    """Lets nobody in: only the document is asked for."""

    async def asker(self, request: Any) -> Any:
        raise Refused(Code.NOT_AUTHENTICATED)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path) as made:
        yield made


async def test_rest_has_an_operation_for_each_command(at: Live) -> None:
    paths = http_app(at.desk, Nobody(), assets.web()).openapi()["paths"]
    operations = {each["operationId"] for path in paths.values() for each in path.values()}
    assert sorted(set(NAMES) - operations) == []


async def test_json_rpc_has_a_method_for_each_command(at: Live) -> None:
    rpc = Rpc(at.desk)
    for name in NAMES:
        request = {"jsonrpc": "2.0", "id": 1, "method": name, "params": {"no such member": 1}}
        reply = await rpc.answer(request, SYSTEM)
        assert isinstance(reply, dict)
        assert (name, reply["error"]["data"]["code"]) == (name, "invalid"), "it was found, and judged what it was given"


async def test_the_command_line_knows_each_command_from_the_document(at: Live) -> None:
    methods = Methods(Rpc(at.desk).document())
    for name in NAMES:
        methods.check(name)
    with pytest.raises(ValueError, match="nonsense"):
        methods.check("calls.nonsense")


async def test_a_flow_can_do_each_command(tmp_path: Path) -> None:
    found: dict[str, str] = {}

    @flow(number="8000")
    async def everything(call: Call) -> None:
        for name in NAMES:
            try:
                await call.do(name, **{"no such member": 1})
            except Refused as refused:
                found[name] = refused.code.value

    async with house(tmp_path) as made:
        made.dial(everything)
        await made.world.over()
    assert found == dict.fromkeys(NAMES, "invalid")
