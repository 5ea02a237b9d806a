"""Peers that misbehave get their answer, and a call that goes on meanwhile does not notice."""

import asyncio
import json
import random
import socket
import struct
import time
from contextlib import suppress
from typing import Final

import pytest

from tests.flows.live import ECHO, undisturbed
from tests.peers.light import CANNED_OFFER, LightPeer
from tests.peers.media import FarEnd
from tests.peers.server import Server, running
from tests.peers.wire import Refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

_SOON_S: Final = 5.0


async def logged_in(server: Server, user: str) -> LightPeer:
    """A client without media."""
    peer = await LightPeer.open(server.ws)
    await peer.login(user)
    return peer


async def outcome(peer: LightPeer, sdp: str) -> str:
    """What became of an invite with this SDP: `answer`, or the cause it was refused or ended with."""
    try:
        call_id = await peer.invite(ECHO, sdp)
    except Refused as refused:
        return str(refused.error.get("cause", refused.message))
    method, message = await peer.first(("verto.answer", "verto.bye"), callID=call_id)
    if method == "verto.bye":
        return str(message["cause"])
    await peer.bye(call_id)
    return "answer"


async def test_a_flood_of_logins_locks_out_who_guesses_and_nobody_else(server: Server) -> None:
    """V15, X6."""

    async def guess(number: int) -> None:
        async with await LightPeer.open(server.ws) as guesser:
            for word in range(10):
                with pytest.raises(Refused) as refused:
                    await guesser.login("1003", f"guess-{number}-{word}")
                assert (refused.value.code, refused.value.message) == (-32001, "Authentication Failure")

    async with undisturbed(server):
        await asyncio.gather(*(guess(number) for number in range(10)))
        async with await LightPeer.open(server.ws) as right:
            with pytest.raises(Refused, match="Authentication Failure"):
                await right.login("1003")
        async with await LightPeer.open(server.ws) as other:
            start = time.monotonic()
            await other.login("1004")
            assert time.monotonic() - start < 2


@pytest.mark.slow
async def test_a_socket_that_never_logs_in_is_closed_after_ten_seconds(server: Server) -> None:
    start = time.monotonic()
    async with await LightPeer.open(server.ws) as peer:
        with suppress(Refused):
            await peer.request("login")
        await peer.closed(15)
        assert 9 < time.monotonic() - start < 13


async def test_a_reader_too_slow_is_put_out_while_a_call_goes_on(server: Server) -> None:
    """V46: chat of 200 kB a message to a socket that reads nothing."""
    async with undisturbed(server), await logged_in(server, "1006") as talker:
        slow = await logged_in(server, "1005")
        slow.link.transport.pause_reading()
        for _ in range(100):
            await talker.request("verto.info", msg={"to": "1005", "body": "x" * 200_000})
        slow.link.transport.resume_reading()
        await slow.closed()
        assert len(slow.frames) < 90
        assert (await talker.request("verto.ping"))["message"] == "PONG"


async def test_a_message_over_a_million_bytes_closes_its_socket(server: Server) -> None:
    async with undisturbed(server):
        fits = await logged_in(server, "1007")
        head = len(json.dumps({"jsonrpc": "2.0", "method": "verto.ping", "params": {"x": ""}, "id": 99}))
        reply = fits.pending(99)
        fits.send(
            json.dumps({"jsonrpc": "2.0", "method": "verto.ping", "params": {"x": "y" * (1_000_000 - head)}, "id": 99})
        )
        assert (await asyncio.wait_for(reply, _SOON_S))["result"]["message"] == "PONG"
        fits.send("x" * 1_000_001)
        assert await fits.closed() == 1009
        early = await LightPeer.open(server.ws)
        early.send("x" * 2_000_000)
        assert await early.closed() == 1009


TOO_DEEP: Final = ("[" * 33 + "]" * 33, '{"a":' * 33 + "1" + "}" * 33, "[" * 400_000, "-" * 900_000, "1" * 900_000)


async def test_json_too_deep_is_refused_and_the_socket_lives(server: Server) -> None:
    """X3: nested 33 times, endless, or one number of 900,000 digits."""
    async with undisturbed(server), await logged_in(server, "1007") as peer:
        for deep in TOO_DEEP:
            reply = peer.pending(None)
            peer.send(deep)
            message = await asyncio.wait_for(reply, _SOON_S)
            assert message["error"]["code"] == -32600, deep[:40]
            assert (await peer.request("verto.ping"))["message"] == "PONG"


async def test_json_as_deep_as_allowed_is_read(server: Server) -> None:
    async with await logged_in(server, "1007") as peer:
        deep: object = 1
        for _ in range(29):  # the message and its params are two more
            deep = [deep]
        assert (await peer.request("verto.ping", x=deep))["message"] == "PONG"


async def test_an_offer_with_any_line_missing_gets_its_answer(server: Server) -> None:
    """X12: each line in turn, in time."""
    far = FarEnd()
    lines = (await far.offer()).splitlines()
    await far.close()
    async with undisturbed(server), await logged_in(server, "1008") as peer:
        seen = {}
        for number, line in enumerate(lines):
            sdp = "\r\n".join([*lines[:number], *lines[number + 1 :], ""])
            async with asyncio.timeout(_SOON_S):
                seen[line] = await outcome(peer, sdp)
    assert "answer" in seen.values()
    assert set(seen.values()) <= {"answer", "INCOMPATIBLE_DESTINATION", "INVALID_MSG_UNSPECIFIED"}, seen
    assert all(seen[line] != "answer" for line in lines if line.startswith(("m=audio", "a=ice-pwd", "a=ice-ufrag")))


ODD_OFFERS: Final = {
    "5000 candidates": CANNED_OFFER.replace(
        "a=ice-ufrag",
        "".join(f"a=candidate:1 1 udp {n} 10.0.0.{n & 255} {n} typ host\r\n" for n in range(5000)) + "a=ice-ufrag",
    ),
    "5000 codecs": CANNED_OFFER + "".join(f"a=rtpmap:{n} codec{n}/8000\r\n" for n in range(5000)),
    "5000 media": CANNED_OFFER + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" * 5000,
    "unknown codecs": CANNED_OFFER.replace("opus", "spuo").replace("PCM", "QDN").replace("G722", "G227"),
    "one payload type twice": CANNED_OFFER.replace("a=rtpmap:0 PCMU", "a=rtpmap:111 PCMU"),
    "a component that does not exist": CANNED_OFFER.replace("a=candidate:1 1", "a=candidate:1 9"),
    "a port that does not exist": CANNED_OFFER.replace("127.0.0.1 9 typ", "127.0.0.1 99999 typ"),
    "a name for an address": CANNED_OFFER.replace("127.0.0.1 9 typ", "b1c2d3e4-0000-4000-8000.local 9 typ"),
    "a fingerprint of another kind": CANNED_OFFER.replace("sha-256 5A", "md5 5A"),
    "no line ends": CANNED_OFFER.replace("\r\n", ""),
    "nul bytes": CANNED_OFFER.replace("opus", "o\0us"),
    "one long line": f"v=0\r\na={'x' * 500_000}\r\n{CANNED_OFFER}",
    "not an SDP": "\ud83d\ude00" * 1000,
}  # fmt: skip


async def test_an_odd_offer_gets_its_answer(server: Server) -> None:
    """X12."""
    seen = {}
    async with undisturbed(server), await logged_in(server, "1008") as peer:
        for name, sdp in ODD_OFFERS.items():
            async with asyncio.timeout(_SOON_S):
                seen[name] = await outcome(peer, sdp)
            assert (await peer.request("verto.ping"))["message"] == "PONG"
    assert set(seen.values()) <= {"answer", "INCOMPATIBLE_DESTINATION", "INVALID_MSG_UNSPECIFIED"}, seen
    assert seen["a name for an address"] == "answer"
    assert seen["unknown codecs"] == seen["not an SDP"] == "INCOMPATIBLE_DESTINATION"


def strange_datagrams(ssrc: int) -> list[bytes]:
    """What strangers send: nothing, junk, STUN without or with false integrity, DTLS records, RTP and RTCP."""
    chance = random.Random(7)
    stun = struct.pack("!HHI12s", 1, 0, 0x2112A442, b"strangerhere")
    user = struct.pack("!HH8s", 6, 8, b"abcd:xyz")
    integrity = struct.pack("!HH20s", 8, 20, b"\1" * 20)
    body = user + integrity
    forged = struct.pack("!HHI12s", 1, len(body), 0x2112A442, b"strangerhere") + body
    hello = bytes([22, 254, 253]) + bytes(8) + struct.pack("!H", 60) + bytes([1]) + bytes(59)
    alert = bytes([21, 254, 253]) + bytes(8) + struct.pack("!H", 2) + bytes([2, 40])
    rtp = struct.pack("!BBHLL", 0x80, 111, 7, 7, ssrc) + bytes(80)
    rtcp_bye = struct.pack("!BBHL", 0x81, 203, 1, ssrc)
    junk = [chance.randbytes(size) for size in (1, 2, 3, 11, 12, 19, 20, 21, 100, 1500)]
    return [b"", stun, forged, stun[:10], hello, alert, rtp, rtcp_bye, b"\x80", b"\x16", b"\x00" * 20, *junk]


async def test_strangers_at_the_media_port_get_no_answer_and_do_no_harm(server: Server) -> None:
    """X13, X14, X15."""
    async with undisturbed(server):
        strangers = []
        for host, port in server.media:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as stranger:
                stranger.setblocking(False)
                stranger.connect((host, port))
                for _ in range(20):
                    for datagram in strange_datagrams(random.getrandbits(32)):
                        with suppress(OSError):
                            stranger.send(datagram)
                    await asyncio.sleep(0.02)
                with suppress(BlockingIOError, ConnectionRefusedError):
                    strangers.append(stranger.recv(2048))
        assert strangers == []


async def test_the_log_of_a_whole_run_holds_no_secret(tmp_path_factory: pytest.TempPathFactory) -> None:
    """X22: at the most talkative level."""
    folder = tmp_path_factory.mktemp("secrets")
    password = "Kw7-phone-secret"
    async with running(folder, "log.level=debug", options=("--password", password)) as server:
        async with await LightPeer.open(server.ws) as peer:
            with pytest.raises(Refused):
                await peer.login("1000", "Zq9-wrong-secret")
            await peer.login("1000", password, loginParams={"xui_sessid": "Ty3-token-secret"})
            call_id = await peer.invite(ECHO)
            answer = await peer.expect("verto.answer")
            await peer.bye(call_id)
        pwd = answer["sdp"].partition("a=ice-pwd:")[2].split()[0]
        assert await server.stop() == 0
    log = (folder / "server.log").read_text(errors="replace")
    assert "1000" in log
    secrets = (
        password,
        "Zq9-wrong-secret",
        "Ty3-token-secret",
        pwd,
        "abcdefghijklmnopqrstuvwx",
        server.facts.get("api_key"),
    )
    assert [secret for secret in secrets if secret and secret in log] == []
    assert "PRIVATE KEY" not in log
