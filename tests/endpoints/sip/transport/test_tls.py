"""SIP over TLS: versions, names and chains, handshakes that never end, a certificate that changes."""

import asyncio
import functools
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.endpoints.sip.transport.world import SOON, Hearer, Peer, answering, options, peer, place, quick, until, wires
from xswitch_py.base.errors import ConfigError
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.endpoints.sip.transport.links import Wires
from xswitch_py.endpoints.sip.transport.seal import client_context
from xswitch_py.listen.certificate import make, public_part, ssl_context, temporary_context

VIA: Final = "TLS 192.0.2.9:5061"


def message(number: int = 1, body: bytes = b"") -> bytes:
    return options(number, body, VIA)


@dataclass(frozen=True)
class Paper:
    """A certificate for `pbx.example.org`, on both sides."""

    path: Path
    ours: ssl.SSLContext
    authorities: Path
    theirs: ssl.SSLContext  # of a client that trusts it


def paper(folder: Path, *names: str) -> Paper:
    path, public = folder / "wss.pem", folder / "ca.pem"
    make(path, *names)
    public.write_text(public_part(path))
    return Paper(path, ssl_context(path), public, ssl.create_default_context(cafile=public))


@pytest.fixture(scope="module")
def cert(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    yield paper(tmp_path_factory.mktemp("cert"), "pbx.example.org")


@pytest.mark.item("S15")
@pytest.mark.item("S17")
@pytest.mark.item("S25")
async def test_a_phone_is_served_over_tls(cert: Paper) -> None:
    hearer = Hearer()
    async with wires(hearer, "tls", certificate=cert.ours) as made, peer(made.addresses["tls"], cert.theirs) as phone:
        phone.send(b"\r\n\r\n" + message(1, b"x" * 40_000) + message(2))
        assert (await hearer.next())[0].body == b"x" * 40_000
        request, flow = await hearer.next()
        assert (request.call_id, flow.transport, flow.remote) == ("call-2", "TLS", phone.address)
        assert flow.near == place(made.addresses["tls"])
        assert (await phone.next()).startswith(b"\r\nSIP/2.0 200 ")
        await phone.next()
        flow.send(b"y" * 100_000)
        async with asyncio.timeout(SOON):
            assert await phone.reader.readexactly(100_000) == b"y" * 100_000
        assert made.open("TLS", *phone.address) is flow


@pytest.mark.item("S17")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("version", "served"),
    [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)],
)
async def test_only_tls_of_today_is_spoken(cert: Paper, version: ssl.TLSVersion, served: bool) -> None:
    client = ssl.create_default_context(cafile=cert.authorities)
    client.minimum_version = client.maximum_version = version
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    async with wires(Hearer(), "tls", certificate=cert.ours) as made:
        if served:
            async with peer(made.addresses["tls"], client) as phone:
                phone.send(message())
                assert (await phone.next()).startswith(b"SIP/2.0 200 ")
        else:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                async with peer(made.addresses["tls"], client):
                    pass


@pytest.mark.item("S16")
@pytest.mark.item("S108")
@pytest.mark.parametrize("first", [b"", b"\x16\x03\x01"])
async def test_a_handshake_that_never_ends_is_ended_and_counted_meanwhile(cert: Paper, first: bytes) -> None:
    hearer = Hearer()
    bounds = quick(handshake=0.2, strangers=1)
    async with wires(hearer, "tls", certificate=cert.ours, bounds=bounds) as made:
        async with peer(made.addresses["tls"]) as mute:
            mute.send(first)
            async with peer(made.addresses["tls"]) as second:
                assert await second.rest() == b""
            assert await mute.rest() == b""
        await until(lambda: len(made._streams or ()) == 0)
        async with peer(made.addresses["tls"], cert.theirs) as phone:
            phone.send(message())
            assert (await phone.next()).startswith(b"SIP/2.0 200 ")


@functools.cache
def throw_away() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make the contexts of a server and of a client that trusts it."""
    ours, public = temporary_context()
    return ours, ssl.create_default_context(cadata=public)


@pytest.mark.item("S107")
@hypothesis(max_examples=20)
@given(st.binary(max_size=100) | st.just(b"GET / HTTP/1.1\r\n\r\n"))
async def test_what_is_no_tls_is_closed_and_others_are_served(junk: bytes) -> None:
    ours, theirs = throw_away()
    with capture_logs() as logged:
        async with (
            wires(Hearer(), "tls", certificate=ours, bounds=quick(linger=0.01)) as made,
            peer(made.addresses["tls"]) as bad,
            peer(made.addresses["tls"], theirs) as good,
        ):
            bad.send(junk)
            good.send(message(7))
            assert b"call-7" in await good.next()
            bad.writer.write_eof()
            await bad.rest()
    assert [entry for entry in logged if entry["log_level"] == "error"] == []


@pytest.mark.item("S107")
async def test_what_is_no_sip_inside_of_tls_is_closed_properly(cert: Paper) -> None:
    hearer = Hearer()
    async with (
        wires(hearer, "tls", certificate=cert.ours, bounds=quick()) as made,
        peer(made.addresses["tls"], cert.theirs) as phone,
    ):
        phone.send(b"GET / HTTP/1.1\r\n\r\n" + b"x" * 100_000)
        async with asyncio.timeout(SOON):
            assert await phone.reader.read() == b""  # no error: TLS was closed, not cut off


@pytest.mark.item("S13")
@pytest.mark.item("S17")
async def test_a_connection_of_ours_is_verified(cert: Paper) -> None:
    hearer = Hearer()
    async with answering(cert.ours) as (address, came):
        async with wires(hearer, "tls", certificate=cert.ours, authorities=cert.authorities) as made:
            flow = made.open("TLS", *address, "pbx.example.org")
            flow.send(message(1))
            far = await came.get()
            assert await far.next() == message(1)
            assert made.open("TLS", *address, "pbx.example.org") is flow
            far.send(message(2))
            assert (await hearer.next())[1] is flow
            by_address = made.open("TLS", *address)  # the certificate is for 127.0.0.1 as well
            assert by_address is not flow
            by_address.send(message(3))
            assert await (await came.get()).next() == message(3)


@pytest.mark.item("S17")
@pytest.mark.parametrize(("name", "known"), [("other.example.org", True), ("pbx.example.org", False)])
async def test_a_wrong_name_or_an_unknown_authority_gets_nothing(cert: Paper, name: str, known: bool) -> None:
    hearer = Hearer()
    authorities = cert.authorities if known else None
    async with (
        answering(cert.ours) as (address, came),
        wires(hearer, "tls", certificate=cert.ours, authorities=authorities, bounds=quick()) as made,
    ):
        flow = made.open("TLS", *address, name)
        flow.send(message(1))
        assert await hearer.loss() is flow
        assert came.empty()
        again = made.open("TLS", *address, name, verify=False)
        again.send(message(2))
        assert await (await came.get()).next() == message(2)
    assert hearer.gone.qsize() == 1  # that one


@pytest.mark.item("S17")
async def test_a_name_is_not_proven_by_whoever_comes_to_us(cert: Paper) -> None:
    hearer = Hearer()
    async with wires(hearer, "tls", certificate=cert.ours) as made, peer(made.addresses["tls"], cert.theirs) as phone:
        phone.send(message())
        _, flow = await hearer.next()
        assert made.open("TLS", *phone.address, "gw.example.org") is not flow


async def test_who_never_answers_our_handshake_is_lost(cert: Paper) -> None:
    hearer = Hearer()
    async with (
        answering() as (address, _),
        wires(hearer, "tls", certificate=cert.ours, bounds=quick(connect=0.2)) as made,
    ):
        flow = made.open("TLS", *address)
        flow.send(message())
        assert await hearer.loss() is flow


@pytest.mark.item("S17")
async def test_a_new_certificate_is_for_new_connections(cert: Paper, tmp_path: Path) -> None:
    old = paper(tmp_path, "old.example.org")
    trusting = ssl.create_default_context(cafile=old.authorities)
    hearer = Hearer()
    async with wires(hearer, "tls", certificate=old.ours) as made, peer(made.addresses["tls"], trusting) as before:
        old.path.write_text("nonsense")
        with pytest.raises(ConfigError):
            made.renew_certificate(old.path)
        async with peer(made.addresses["tls"], trusting) as still:
            still.send(message(1))
            await still.next()
        made.renew_certificate(cert.path)
        async with peer(made.addresses["tls"], cert.theirs) as after:
            after.send(message(2))
            await after.next()
        with pytest.raises(ssl.SSLError):
            async with peer(made.addresses["tls"], trusting):
                pass
        before.send(message(3))
        await before.next()


async def test_authorities_that_cannot_be_read_are_named(cert: Paper, tmp_path: Path) -> None:
    for path in (tmp_path / "none.pem", tmp_path / "bad.pem"):
        (tmp_path / "bad.pem").write_text("nonsense")
        made = Wires(Settings(), tls="127.0.0.1:0", certificate=cert.ours, authorities=path)
        with pytest.raises(ConfigError, match=path.name):
            await made.start(Hearer())
    assert client_context().verify_mode is ssl.CERT_REQUIRED


async def test_stopping_says_goodbye_over_tls(cert: Paper) -> None:
    hearer = Hearer()
    async with wires(hearer, "tls", certificate=cert.ours, bounds=quick()) as made:
        reader, writer = await asyncio.open_connection(*place(made.addresses["tls"]), ssl=cert.theirs)
        phone = Peer(reader, writer)
        phone.send(message())
        await phone.next()
    async with asyncio.timeout(SOON):
        assert await reader.read() == b""
    writer.transport.abort()
