"""Gateways against sipp as the carrier."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.endpoints.sip.gateways.world import account, eventually, switch
from xswitch_py.endpoints.sip.gateways.config import GatewayConfig, Proxy

ECHOED: Final = "[last_Via:]\n[last_From:]\n[last_To:];tag=sipp[call_number]\n[last_Call-ID:]\n[last_CSeq:]\n"
CHALLENGE: Final = 'WWW-Authenticate: Digest realm="sipp.example", nonce="{}", algorithm=MD5, qop="auth"\n'


def send(status: str, fields: str = "") -> str:
    """A step that answers."""
    return f"<send><![CDATA[\nSIP/2.0 {status}\n{ECHOED}{fields}Content-Length: 0\n\n]]></send>"


def scenario(*steps: str) -> str:
    """A scenario of these steps."""
    return f'<?xml version="1.0"?><!DOCTYPE scenario SYSTEM "sipp.dtd"><scenario>{"".join(steps)}</scenario>'


# Challenges, takes the right password, lets go after it was proven again.
REGISTRAR: Final = scenario(
    '<recv request="REGISTER"/>',
    send("401 Unauthorized", CHALLENGE.format("n1")),
    '<recv request="REGISTER"><action><verifyauth assign_to="1" username="acct77" password="secret"/></action></recv>',
    '<nop hide="true" test="1" next="1"/>',
    send("403 Forbidden"),
    '<nop hide="true" next="9"/>',
    '<label id="1"/>',
    send("200 OK", "[last_Contact:];expires=60\n"),
    '<recv request="REGISTER"/>',
    send("401 Unauthorized", CHALLENGE.format("n2")),
    '<recv request="REGISTER"><action><verifyauth assign_to="2" username="acct77" password="secret"/></action></recv>',
    '<nop hide="true" test="2" next="2"/>',
    send("403 Forbidden"),
    '<label id="2"/>',
    send("200 OK"),
    '<label id="9"/>',
)
ALIVE: Final = scenario('<recv request="OPTIONS"/>', send("200 OK"))


class Sipp:
    """A sipp on loopback, and where it answers."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._folder = folder
        self._process: asyncio.subprocess.Process

    async def start(self, text: str, *options: str) -> None:
        """Play a scenario for whoever comes."""
        path = self._folder / "scenario.xml"
        path.write_text(text)
        self._process = await asyncio.create_subprocess_exec(
            *("sipp", "-sf", str(path), "-i", "127.0.0.1", "-p", str(self.port), "-nostdin", *options),
            cwd=self._folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def ended(self) -> int:
        """Wait until all calls were made; give the code: 0 if all went as the scenario says."""
        return await asyncio.wait_for(self._process.wait(), 10)

    async def kill(self) -> None:
        """Be gone at once."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def sipp(folder: Path, text: str, *options: str) -> AsyncIterator[Sipp]:
    """A sipp that plays a scenario."""
    loop = asyncio.get_running_loop()
    free, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    port: int = free.get_extra_info("sockname")[1]
    free.close()
    await asyncio.sleep(0)  # until the port is free
    made = Sipp(folder, port)
    await made.start(text, *options)
    try:
        yield made
    finally:
        await made.kill()


@pytest.mark.item("S44")
@pytest.mark.item("S95")
async def test_it_registers_and_leaves_with_a_password(tmp_path: Path) -> None:
    async with sipp(tmp_path, REGISTRAR, "-m", "1") as there, switch() as ours:
        await ours.gateways.start([account(("127.0.0.1", there.port), timeout=10)])
        await ours.until("TRYING", "REGED")
        await ours.gateways.stop()
        assert await there.ended() == 0


@pytest.mark.item("S44")
@pytest.mark.item("S95")
async def test_a_wrong_password_gets_nowhere(tmp_path: Path) -> None:
    async with sipp(tmp_path, REGISTRAR, "-m", "1") as there, switch() as ours:
        await ours.gateways.start([account(("127.0.0.1", there.port), password="wrong", timeout=10)])
        assert (await ours.until("TRYING", "FAIL_WAIT"))[1] == "403 Forbidden"


@pytest.mark.item("S96")
async def test_it_goes_down_and_comes_back_with_the_carrier(tmp_path: Path) -> None:
    async with sipp(tmp_path, ALIVE) as there, switch() as ours:
        config = GatewayConfig("carrier", Proxy("127.0.0.1", there.port), ping=0.05, timeout=1.0)
        await ours.gateways.start([config])
        await eventually(lambda: ours.gateways.status()[0].code == 200)
        await there.kill()
        assert "OPTIONS" in (await ours.until("DOWN"))[0]
        await there.start(ALIVE)
        await ours.until("NOREG")
        assert ours.gateways.ways("carrier", "4711")
