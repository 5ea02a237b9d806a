"""A real switch in this process, and who asks it over HTTP."""

from collections.abc import AsyncIterator

import httpx
import pytest

from xswitch_py import app, config
from xswitch_py.app import App
from xswitch_py.cli.serve import accounts
from xswitch_py.config import Config

FREE = [
    "listen.http=127.0.0.1:0",
    "listen.https=",
    "listen.sip_udp=127.0.0.1:0",
    "listen.sip_tcp=",
    "listen.sip_tls=",
    "listen.sip_ws=",
    "listen.sip_wss=",
    "media.webrtc_port=0",
]


class Api:
    """The switch, and clients of it."""

    def __init__(self, switch: App) -> None:
        self.app = switch
        self.facts = switch.facts()
        self.base = f"{self.facts['http']}/api/v1"

    def client(self, key: str | None = None) -> httpx.AsyncClient:
        """Make a client with an API key; the administrator's if none is named, no key at all if it is empty."""
        key = self.facts.get("api_key", "") if key is None else key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.AsyncClient(base_url=self.base, headers=headers, timeout=20, trust_env=False)


def settings(*more: str) -> Config:
    """Make the config of a demo on free ports."""
    return config.load(None, [*FREE, *more], {}, base=config.DEMO)


@pytest.fixture
async def switch() -> AsyncIterator[Api]:
    """A demo that runs."""
    made = app.build(settings(), demo=accounts("secret-word"))
    await made.start()
    try:
        yield Api(made)
    finally:
        made.stop()
        await made.run()


@pytest.fixture
async def api(switch: Api) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator's client."""
    async with switch.client() as client:
        yield client
