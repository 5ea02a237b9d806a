"""/phone/reach: what a page asks before anybody logs in, and that sockets are let in just so."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.api.conftest import Api, settings
from xswitch_py import app
from xswitch_py.cli.serve import accounts

pytestmark = pytest.mark.asyncio(loop_scope="module")

LISTED = "https://Phone.example.com"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def switch() -> AsyncIterator[Api]:
    """A switch with a listed origin and a TLS port."""
    made = app.build(settings(f'listen.origins=["{LISTED}"]', "listen.https=127.0.0.1:0"), demo=accounts("secret-word"))
    await made.start()
    yield Api(made)
    made.stop()
    await made.run()


def port(switch: Api, kind: str) -> int:
    return int(str(switch.facts[kind]).rpartition(":")[2])


async def asked(switch: Api, headers: dict[str, str] | None = None, *, secure: bool = False) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        return await client.get(f"{switch.facts['https' if secure else 'http']}/phone/reach", headers=headers)


async def test_any_page_may_ask_and_read_it(switch: Api) -> None:
    """GET /phone/reach."""
    answer = await asked(switch, {"Origin": "https://elsewhere.example", "Host": "pbx.example:8081"})
    assert answer.status_code == 200
    assert answer.json() == {
        "origin_allowed": False,
        "wss": f"wss://pbx.example:{port(switch, 'https')}/ws",
        "version": switch.app.desk.version,
    }
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert (answer.headers["cache-control"], answer.headers["vary"]) == ("no-store", "Origin")


@pytest.mark.parametrize("host", ["pbx.example:8081", "127.0.0.1", "[::1]:8081"])
@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "https://phone.example.com",
        LISTED,
        "http://phone.example.com",
        "https://phone.example.com:8443",
        "https://sub.phone.example.com",
        "https://pbx.example",
        "http://PBX.example:9999",
        "https://pbx.example.evil.example",
        "http://127.0.0.1:5173",
        "http://[::1]",
        "http://[",
        "file://",
        "*",
    ],
)
async def test_it_says_of_a_page_what_the_gate_of_the_sockets_says(switch: Api, origin: str | None, host: str) -> None:
    headers = {"Host": host} | ({} if origin is None else {"Origin": origin})
    told = (await asked(switch, headers)).json()["origin_allowed"]
    assert told is await _let_in(switch, headers)


async def _let_in(switch: Api, headers: dict[str, str]) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port(switch, "http"))
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    writer.write(f"GET /ws HTTP/1.1\r\n{more}{upgrade}Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n".encode())
    async with asyncio.timeout(5):
        line = (await reader.readline()).decode()
    writer.close()
    assert line.split()[1] in ("101", "403"), line
    return line.split()[1] == "101"


async def test_the_address_it_gives_is_where_the_socket_is(switch: Api) -> None:
    told = (await asked(switch)).json()["wss"]
    trust = ssl.create_default_context(cadata=str(switch.facts["tls_ca"]))
    async with connect(told, ssl=trust, proxy=None) as socket:
        assert socket.state.name == "OPEN"
    with pytest.raises(InvalidStatus):
        await connect(told, ssl=trust, proxy=None, origin="https://elsewhere.example")  # type: ignore[arg-type]


async def test_who_came_by_tls_stays_where_they_are(switch: Api) -> None:
    """Also behind a proxy that is believed: it has the certificate, and another port."""
    at = port(switch, "https")
    assert (await asked(switch, {"Host": f"pbx.example:{at}"}, secure=True)).json()[
        "wss"
    ] == f"wss://pbx.example:{at}/ws"
    forwarded = {"Host": "pbx.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    assert (await asked(switch, forwarded)).json()["wss"] == "wss://pbx.example/ws"


@pytest.mark.parametrize("host", ["", "a b", "user@pbx.example", "pbx.example/x", "pbx.example:99999999", "[::1"])
async def test_a_host_that_can_be_none_gives_no_address(switch: Api, host: str) -> None:
    answer = await asked(switch, {"Host": host})
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert answer.json()["wss"] is None


async def test_where_there_is_no_tls_no_address_is_known() -> None:
    made = app.build(settings(), demo=accounts("secret-word"))
    await made.start()
    try:
        assert (await asked(Api(made))).json()["wss"] is None
    finally:
        made.stop()
        await made.run()
