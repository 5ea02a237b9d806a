"""A demo that speaks SIP, for the tests of a file, and its peers: each is gone when its test is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.peers.baresip import Baresip
from tests.peers.server import Server, running
from tests.peers.sip import SIP_PORTS, Door
from tests.peers.sipp import Sipp
from tests.peers.sipp_scene import Scene
from tests.peers.verto import VertoPeer

StartSipp = Callable[..., Awaitable[Sipp]]
StartBaresip = Callable[..., Awaitable[Baresip]]
OpenVerto = Callable[[str], Awaitable[VertoPeer]]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """The server under test, with the settings that the file names in SETTINGS."""
    settings = getattr(request.module, "SETTINGS", ())
    async with running(tmp_path_factory.mktemp("server"), *SIP_PORTS, *settings) as started:
        yield started
    log = started.log.read_text()
    assert '"level": "error"' not in log, log[-4000:]


@pytest.fixture(scope="module")
def door(server: Server) -> Door:
    """Where it speaks SIP."""
    return Door.of(server.facts)


@pytest_asyncio.fixture(loop_scope="module")
async def peers() -> AsyncIterator[AsyncExitStack]:
    """What the peers of a test are closed by."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def sipp(door: Door, tmp_path: Path, peers: AsyncExitStack) -> StartSipp:
    """Start sipps: `await sipp(scene, answering=..., transport="tcp")`; those that answer are registered afterwards."""

    async def start(
        scene: Scene, *words: str, transport: str = "udp", answering: Scene | None = None, calls: int = 1
    ) -> Sipp:
        remote = door.address(transport)
        started = await Sipp.start(
            tmp_path, remote, scene, *words, answering=answering, transport=transport, calls=calls
        )
        return await peers.enter_async_context(started)

    return start


@pytest.fixture
def answering(sipp: StartSipp, peers: AsyncExitStack) -> StartSipp:
    """Register sipps that play a scene for each call: `await answering(Scene("1001").called().answered())`."""

    async def start(scene: Scene, transport: str = "udp") -> Sipp:
        async def leave() -> None:
            await (await sipp(Scene(scene.user).register("*", expires=0))).ended()

        peers.push_async_callback(leave)
        registers = Scene(scene.user, domain=scene.domain).register().mark("registered").pause()
        started = await sipp(registers, answering=scene, transport=transport)
        await started.reached("registered")
        return started

    return start


@pytest.fixture
def baresip(door: Door, tmp_path: Path, peers: AsyncExitStack) -> StartBaresip:
    """Start registered phones: `await baresip("1000", transport="tls", media="sdes", hz=440)`."""

    async def start(
        user: str, transport: str = "udp", media: str = "rtp", hz: int = 440, register: bool = True
    ) -> Baresip:
        phone = await Baresip.start(
            tmp_path,
            user,
            door.address(transport),
            domain=door.domain,
            transport=transport,
            media=media,
            hz=hz,
            ca=door.ca,
        )
        await peers.enter_async_context(phone)
        if register:
            await phone.register()
        return phone

    return start


@pytest.fixture
def verto(server: Server, peers: AsyncExitStack) -> OpenVerto:
    """Log in Verto phones: `await verto("1002")`."""

    async def open_(user: str) -> VertoPeer:
        peer = await peers.enter_async_context(await VertoPeer.open(server.ws))
        await peer.login(user)
        return peer

    return open_
