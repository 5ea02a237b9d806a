"""Whole calls between two phones: sound, digits, hold, transfer, and taking a call back after a lost socket."""

import pytest

from tests.flows.live import ECHO
from tests.peers.server import Server
from tests.peers.verto import Call, VertoPeer
from tests.peers.wire import Refused
from tests.sound import has_tone

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def phone(server: Server, user: str, sessid: str | None = None) -> VertoPeer:
    """A phone that is logged in."""
    peer = await VertoPeer.open(server.ws, sessid)
    await peer.login(user)
    return peer


async def joined(caller: VertoPeer, callee: VertoPeer) -> tuple[Call, Call]:
    """A call between two phones: 440 Hz one way, 660 Hz the other."""
    out = await caller.invite(callee.user, 440)
    into = await callee.answer(await callee.ringing(), 660)
    await out.answered()
    return out, into


def credentials(sdp: str) -> set[str]:
    """The ICE user names and passwords of an SDP."""
    return {line.strip() for line in sdp.splitlines() if line.startswith(("a=ice-ufrag:", "a=ice-pwd:"))}


async def hears(call: Call, hz: float) -> bool:
    """Whether the next sound is this tone."""
    return has_tone(*await call.media.hear(0.4, after=0.3), hz)


async def test_two_phones_hear_each_other_and_a_bye_ends_both(server: Server) -> None:
    """V9, V18, V19."""
    async with await phone(server, "1000") as alice, await phone(server, "1001") as bob:
        out, into = await joined(alice, bob)
        assert await hears(out, 660)
        assert await hears(into, 440)
        assert (await out.bye())["cause"] == "NORMAL_CLEARING"
        assert (await into.ended())["causeCode"] == 16
        assert alice.waiting("verto.bye") == []


async def test_digits_by_info_arrive_once_each_as_rfc_4733(server: Server) -> None:
    """V32, several digits at once, and the same digit twice."""
    async with await phone(server, "1000") as alice, await phone(server, "1001") as bob:
        out, into = await joined(alice, bob)
        assert (await out.info(dtmf="1"))["message"] == "SENT"
        await out.info(dtmf="55*#0D")
        assert await into.media.pressed(7) == "155*#0D"
        assert min(into.media.ended) >= 48 * 80  # 80 ms of RTP ticks
        assert await hears(into, 440)
        assert out.media.digits == []
        await out.bye()
        await into.ended()


async def test_more_digits_than_can_wait_are_refused_and_none_is_sent(server: Server) -> None:
    """V32: an answer that says so, and the call goes on."""
    async with await phone(server, "1000") as alice, await phone(server, "1001") as bob:
        out, into = await joined(alice, bob)
        with pytest.raises(Refused) as refused:
            await out.info(dtmf="1" * 33)
        assert (refused.value.code, refused.value.message) == (-32002, "Too many digits")
        await out.info(dtmf="7")
        assert await into.media.pressed(1) == "7"
        await out.bye()
        await into.ended()


async def test_digits_in_rtp_arrive_once_each_as_rfc_4733(server: Server) -> None:
    async with await phone(server, "1000") as alice, await phone(server, "1001") as bob:
        out, into = await joined(alice, bob)
        await into.media.hear(0.1)
        await out.media.press("90#")
        assert await into.media.pressed(3) == "90#"
        assert await hears(into, 440)
        await into.bye()
        assert (await out.ended())["cause"] == "NORMAL_CLEARING"


async def test_a_held_phone_hears_music_and_then_its_peer_again(server: Server) -> None:
    """V31."""
    async with await phone(server, "1000") as alice, await phone(server, "1001") as bob:
        out, into = await joined(alice, bob)
        assert await hears(into, 440)
        assert (await out.modify("hold"))["holdState"] == "held"
        music, rate = await into.media.hear(0.5, after=0.4)
        assert not has_tone(music, rate, 440)
        assert abs(music).max() > 100
        assert (await out.modify("unhold"))["holdState"] == "active"
        assert await hears(into, 440)
        assert await hears(out, 660)
        await out.bye()


async def test_a_blind_transfer_leaves_the_peer_with_the_new_number(server: Server) -> None:
    async with await phone(server, "1000") as alice, await phone(server, "1001") as bob:
        out, into = await joined(alice, bob)
        assert (await out.modify("transfer", destination=ECHO))["message"] == "CALL TRANSFERRED"
        await out.ended()
        assert await hears(into, 660)  # its own tone, from the echo
        await into.bye()


async def test_after_a_lost_socket_the_call_is_taken_back_and_heard_again(server: Server) -> None:
    """V39, V40: the peer's leg stays up, ICE is fresh, sound flows both ways."""
    async with await phone(server, "1000") as alice:
        lost = await phone(server, "1001")
        out, into = await joined(alice, lost)
        assert await hears(out, 660)
        await lost.abort()
        await into.media.close()
        async with await VertoPeer.open(server.ws, lost.sessid) as back:
            assert (await back.login("1001"))["reattached_sessions"] == [into.id]
            offer = await back.expect("verto.attach", callID=into.id)
            assert "a=setup:actpass" in offer["sdp"]
            assert not credentials(offer["sdp"]) & credentials(into.media.pc.remoteDescription.sdp)
            again = await back.attach(offer, 880)
            assert await hears(again, 440)
            assert await hears(out, 880)
            assert alice.waiting("verto.bye") == []
            await out.bye()
            await again.ended()


async def test_a_punted_phone_hands_its_call_to_the_new_socket(server: Server) -> None:
    """V11: a page that is loaded twice."""
    old = await phone(server, "1002")
    call = await old.invite(ECHO, 440)
    await call.answered()
    async with await VertoPeer.open(server.ws, old.sessid) as new:
        ready = await new.login("1002")
        await old.expect("verto.punt")
        await old.closed()
        await call.media.close()
        assert ready["reattached_sessions"] == [call.id]
        again = await new.attach(await new.expect("verto.attach"), 550)
        assert await hears(again, 550)
        await again.bye()
