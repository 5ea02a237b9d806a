"""Gateways, with sipp as the carrier: calls out and in, registration there, and whether it is alive."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from tests.peers.server import Server, running
from tests.peers.sip import SIP_PORTS, Door
from tests.peers.sipp import Sipp, free_port
from tests.peers.sipp_scene import Scene
from tests.peers.verto import VertoPeer
from tests.sound import has_tone

pytestmark = pytest.mark.asyncio(loop_scope="module")

DIALPLAN = """
[[rule]]
name = "out"
number = "0(.+)"
steps = ["bridge gateway/carrier/$1"]

[[rule]]
name = "in"
context = "public"
number = "555"
steps = ["bridge 1001"]

[[rule]]
name = "users"
number = "[0-9]{4}"
steps = ["bridge $0"]
"""
GATEWAYS = """
[gateway.carrier]
proxy = "127.0.0.1:{port}"
allow = ["127.0.0.1/32"]
ping = 0

[gateway.registered]
proxy = "127.0.0.1:{registrar}"
register = true
username = "acct77"
password = "quiet"
expire = 600
ping = 0
"""
CHALLENGE = 'WWW-Authenticate: Digest realm="carrier.example", nonce="5a7e", algorithm=MD5, qop="auth"'


class Trunks(NamedTuple):
    """A server with gateways, and the ports where their carriers may listen."""

    server: Server
    port: int
    registrar: int
    folder: Path

    @property
    def remote(self) -> str:
        return Door.of(self.server.facts).udp


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def trunks(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trunks]:
    """The server, with a dialplan that leads out and in."""
    folder, port, registrar = tmp_path_factory.mktemp("trunks"), free_port(), free_port()
    (folder / "dialplan.toml").write_text(DIALPLAN)
    (folder / "gateways.toml").write_text(GATEWAYS.format(port=port, registrar=registrar))
    files = (f"files.dialplan={folder / 'dialplan.toml'}", f"files.gateways={folder / 'gateways.toml'}")
    registers = registrar_scene()
    async with await Sipp.start(folder, None, registers, port=registrar, calls=1000) as carrier:
        async with running(folder, *SIP_PORTS, *files) as server:
            await carrier.reached("registered")
            yield Trunks(server, port, registrar, carrier.folder)


def registrar_scene() -> Scene:
    """Challenge a REGISTER and take it the second time; answer to nothing else."""
    scene = (
        Scene().expect("REGISTER").reply(401, CHALLENGE).expect("REGISTER", 'Authorization: *Digest username="acct77"')
    )
    return scene.reply(200, "Expires: 600").mark("registered")


@pytest.mark.item("S44")
@pytest.mark.item("S95")
async def test_we_register_with_a_carrier_that_challenges(trunks: Trunks) -> None:
    log = (trunks.folder / "messages").read_text()
    requests = [each for each in log.split("-" * 47) if "\nREGISTER " in each]
    numbers = [each.partition("CSeq: ")[2].partition(" ")[0] for each in requests[:2]]
    assert int(numbers[1]) == int(numbers[0]) + 1
    calls = {each.partition("Call-ID: ")[2].partition("\n")[0] for each in requests[:2]}
    assert len(calls) == 1
    assert all(";tag=" not in each.partition("\nTo: ")[2].partition("\n")[0] for each in requests[:2])


@pytest.mark.item("S98")
@pytest.mark.item("S100")
async def test_a_call_goes_out_by_a_gateway(trunks: Trunks) -> None:
    """The carrier sees the number that the rule makes of what was dialled, and is heard: here it echoes."""
    scene = Scene("carrier").called(holds="^INVITE sip:49301234@127.0.0.1").answered().hung_up()
    async with await Sipp.start(trunks.folder, None, scene, port=trunks.port) as carrier:
        async with await VertoPeer.open(trunks.server.ws) as caller:
            await caller.login("1000")
            call = await caller.invite("049301234", 620)
            await call.answered()
            assert has_tone(*await call.media.hear(0.3, after=0.2), 620)
            await call.bye()
        await carrier.ended()


@pytest.mark.item("S98")
async def test_a_caller_is_told_what_the_carrier_says(trunks: Trunks) -> None:
    scene = Scene("carrier").called().respond(404).expect("ACK")
    async with await Sipp.start(trunks.folder, None, scene, port=trunks.port) as carrier:
        async with await VertoPeer.open(trunks.server.ws) as caller:
            await caller.login("1000")
            assert (await (await caller.invite("01")).ended())["cause"] == "UNALLOCATED_NUMBER"
        await carrier.ended()


@pytest.mark.item("S99")
async def test_a_call_comes_in_from_an_address_that_is_allowed(trunks: Trunks) -> None:
    """Without a password, in the gateway's context of the dialplan, and with the caller's number."""
    scene = Scene("+4930777", domain="carrier.example").invite("sip:555@localhost", login=0).connected().hung_up()
    async with await VertoPeer.open(trunks.server.ws) as callee:
        await callee.login("1001")
        async with await Sipp.start(trunks.folder, trunks.remote, scene, port=trunks.port) as carrier:
            ringing = await callee.ringing()
            assert ringing["caller_id_number"] == "+4930777"
            call = await callee.answer(ringing, 620)
            assert has_tone(*await call.media.hear(0.3, after=0.2), 620)
            await call.bye()
            await carrier.ended()


@pytest.mark.item("S100")
async def test_a_call_from_a_carrier_reaches_no_rule_of_users(trunks: Trunks) -> None:
    scene = Scene("+4930777", domain="carrier.example").invite("sip:049301234@localhost", login=0).refused(404)
    async with await Sipp.start(trunks.folder, trunks.remote, scene, port=trunks.port) as carrier:
        await carrier.ended()


@pytest.mark.item("S99")
async def test_who_claims_to_be_a_user_must_prove_it_even_from_there(trunks: Trunks) -> None:
    scene = Scene("1000").invite("1001", login=0).refused(407)
    async with await Sipp.start(trunks.folder, trunks.remote, scene, port=trunks.port) as carrier:
        await carrier.ended()
