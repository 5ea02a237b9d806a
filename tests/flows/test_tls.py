"""Port 8082: Verto over TLS, for a client that trusts the server's own certificate and nothing else."""

import ssl

import pytest

from tests.flows.live import ECHO
from tests.peers.server import Server
from tests.peers.verto import VertoPeer
from tests.sound import has_tone

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_client_that_trusts_only_tls_ca_talks_over_wss(server: Server, host: str) -> None:
    port = str(server.facts["wss"]).rpartition(":")[2].partition("/")[0]
    async with await VertoPeer.open(f"wss://{host}:{port}/ws", tls=server.tls(), host="127.0.0.1") as peer:
        await peer.login("1000")
        call = await peer.invite(ECHO, 440)
        await call.answered()
        assert has_tone(*await call.media.hear(0.3, after=0.3), 440)
        await call.bye()


async def test_a_client_that_trusts_the_usual_authorities_refuses_us(server: Server) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await VertoPeer.open(str(server.facts["wss"]), tls=ssl.create_default_context())
