"""A call with a phone that answers: placed, listed, told, drawn and hung up from the command line."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.cli.shell import Shell
from tests.peers.verto import VertoPeer

Facts = dict[str, Any]


@pytest.fixture
async def phone(demo: Facts) -> AsyncIterator[VertoPeer]:
    """1000, who is there."""
    peer = await VertoPeer.open(demo["ws"])
    await peer.login("1000", "secret-word")
    try:
        yield peer
    finally:
        await peer.close()


async def asked(shell: Shell, *arguments: str) -> str:
    """Run a command while the phone goes on."""
    return await asyncio.to_thread(shell, *arguments)


async def test_a_call_from_its_beginning_to_its_end(shell: Shell, phone: VertoPeer) -> None:
    placing = asyncio.create_task(asked(shell, "call", "1000", "9196", "--wait", "--caller-name", "Bob"))
    answered = await phone.answer(await phone.ringing())
    name, state = (await placing).split()
    assert state in ("answered", "bridged")
    (row,) = (await asked(shell, "calls")).splitlines()[1:]
    assert re.match(rf"{name}  \w+ +.*verto:\w+", row)
    (call,) = await asyncio.to_thread(shell.json, "calls")
    assert (call["id"], call["legs"][0]["door"]) == (name, "verto")
    assert (await asked(shell, "status")).splitlines()[1].startswith("calls            1 (1 legs)")
    assert await asked(shell, "hangup", name, "--cause", "user_busy") == f"{name} hung up\n"
    assert (await answered.ended())["cause"] == "USER_BUSY"
    drawn = await asked(shell, "trace", name, "--ascii", "--messages")
    assert re.search(r"\|.*<?-+ verto\.invite -+>?\|", drawn)
    assert '"method":"verto.invite"' in drawn
    told = await asyncio.to_thread(shell.json, "events", "--call", name, "--after", "evt_none_0", "--count", "1")
    assert told["type"] == "events.gap" or told["call_id"] == name


async def test_a_call_without_a_number_waits_for_what_programs_do(shell: Shell, phone: VertoPeer) -> None:
    call = await asyncio.to_thread(shell.json, "call", "1000")
    answered = await phone.answer(await phone.ringing())
    ended = await asyncio.to_thread(shell.json, "hangup", call["id"].removeprefix("call_"))
    assert ended["id"] == call["id"]
    await answered.ended()
