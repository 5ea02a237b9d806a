"""Other media for calls that are up, with real packets: pictures that come and go, ICE that begins anew."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiortc import VideoStreamTrack

from tests.endpoints.verto.world import Client, World
from tests.media.peer import Peer, running
from xswitch_py.endpoints.verto.endpoint import Limits
from xswitch_py.media.plane import Plane

FEATURES = ["updateMedia", "callState"]


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with running() as plane:
        yield plane


@pytest.fixture
async def live(plane: Plane) -> AsyncIterator[World]:
    """A door with real media behind it."""
    world = World(Limits(), plane)
    yield world
    await world.close()


class Numbered(Peer):
    """A peer whose descriptions are told apart, and that knows no header extensions.

    aiortc numbers its own by seconds, and gives the extensions of a call other numbers when it offers anew.
    """

    version = 0

    async def offer(self) -> str:
        """Make an offer."""
        return self._numbered(await super().offer())

    async def take_answer(self, text: str) -> None:
        """Take the answer to it."""
        await super().take_answer(_plain(text))

    async def answer(self, text: str) -> str:
        """Answer an offer."""
        return self._numbered(await super().answer(_plain(text)))

    def direct(self, direction: str) -> None:
        """Let pictures pass so from the next description on."""
        (video,) = [each for each in self.pc.getTransceivers() if each.kind == "video"]
        video.direction = direction

    def _numbered(self, sdp: str) -> str:
        self.version += 1
        head, origin, rest = _plain(sdp).split("\r\n", 2)
        words = origin.split()
        return "\r\n".join([head, " ".join([*words[:2], str(self.version), *words[3:]]), rest])


def _plain(sdp: str) -> str:
    return "\r\n".join(line for line in sdp.split("\r\n") if not line.startswith("a=extmap"))


async def talking(live: World, one: Peer, other: Peer, **params: Any) -> tuple[Client, Client, str]:
    """Two clients whose peers hear each other; their sockets, and the callee's call id."""
    alice = await live.client("1000", "a", features=FEATURES)
    bob = await live.client("1001", "b", **{"features": FEATURES, **params})
    await alice.invite("c1", "1001", await one.offer())
    invited = await bob.told("verto.invite")
    answer = await other.answer(invited["sdp"])
    await bob.result("verto.answer", sdp=answer, dialogParams={"callID": invited["callID"]})
    await one.take_answer((await alice.told("verto.media"))["sdp"])
    await alice.told("verto.answer")
    await one.hears(620)
    await other.hears(440)
    return alice, bob, invited["callID"]


async def offers(client: Client, peer: Peer, call_id: str) -> str:
    """Offer other media; give the answer, which the peer has taken."""
    said = {"callID": call_id}
    sdp: str = (await client.result("verto.modify", action="updateMedia", sdp=await peer.offer(), dialogParams=said))[
        "sdp"
    ]
    await peer.take_answer(sdp)
    return sdp


async def answers(client: Client, peer: Peer) -> str:
    """Answer what the server offers; give its offer."""
    offered = await client.told("verto.modify")
    assert {*offered} == {"callID", "action", "sdp"} and offered["action"] == "updateMedia"
    sdp, said = await peer.answer(offered["sdp"]), {"callID": offered["callID"]}
    result = await client.result("verto.modify", action="updateMediaAnswer", sdp=sdp, dialogParams=said)
    assert result == {"callID": offered["callID"], "action": "updateMediaAnswer", "holdState": "active"}
    return str(offered["sdp"])


def pictures(sdp: str) -> str:
    """Say what a description has for video: its direction, "refused", or nothing."""
    _, there, section = sdp.partition("m=video ")
    if not there:
        return ""
    words = ("sendrecv", "sendonly", "recvonly", "inactive")
    return "refused" if section.startswith("0 ") else next(each for each in words if f"a={each}\r\n" in section)


async def more_pictures(peer: Peer) -> None:
    """Wait until some come."""
    await peer.sees(peer.pictures + 5)


async def no_more_pictures(peer: Peer, sound: int = 15) -> None:
    """See that none come while sound does."""
    await peer.hears_frames(5)
    seen = peer.pictures
    await peer.hears_frames(sound)
    assert peer.pictures == seen


async def test_pictures_come_and_go_and_the_sound_goes_on(live: World) -> None:
    """Whoever was called cannot offer here: aiortc gives payload numbers another meaning then. Browsers do it all."""
    async with asyncio.timeout(20), Numbered(440) as one, Numbered(620) as other:
        alice, bob, _ = await talking(live, one, other)
        one.pc.addTrack(VideoStreamTrack())
        assert pictures(await offers(alice, one, "c1")) == "recvonly"  # the other end has none yet
        assert pictures(await answers(bob, other)) == "sendrecv"
        await more_pictures(other)
        one.direct("inactive")
        assert pictures(await offers(alice, one, "c1")) == "inactive"
        assert pictures(await answers(bob, other)) == "inactive"
        await no_more_pictures(other)
        await one.hears(620)
        await other.hears(440)
        await alice.quiet()
        assert "verto.modify" not in alice.methods()


async def test_pictures_are_refused_when_the_other_end_cannot_have_them(live: World) -> None:
    async with asyncio.timeout(20), Numbered(440) as one, Numbered(620) as other:
        alice, bob, _ = await talking(live, one, other, features=[])
        one.pc.addTrack(VideoStreamTrack())
        said = {"callID": "c1"}
        answer = await alice.result("verto.modify", action="updateMedia", sdp=await one.offer(), dialogParams=said)
        assert pictures(answer["sdp"]) == "refused"  # which aiortc cannot read
        await one.hears(620)
        await other.hears(440)
        assert "verto.modify" not in bob.methods()


async def test_nobody_shows_pictures_to_who_refuses_them(live: World) -> None:
    async with asyncio.timeout(20), Numbered(440) as one, Numbered(620) as other:
        alice, bob, called = await talking(live, one, other)
        one.pc.addTrack(VideoStreamTrack())
        await offers(alice, one, "c1")
        await bob.told("verto.modify")
        await bob.result("verto.modify", action="updateMediaAnswer", error="no camera", dialogParams={"callID": called})
        assert pictures(await answers(alice, one)) == "inactive"
        await one.hears(620)


async def test_an_echo_shows_pictures_too(live: World) -> None:
    async with asyncio.timeout(20), Numbered(440) as one:
        alice = await live.client("1000", "a", features=FEATURES)
        await alice.invite("c1", "9196", await one.offer())
        await one.take_answer((await alice.told("verto.answer"))["sdp"])
        await one.hears(440)
        one.pc.addTrack(VideoStreamTrack())
        assert pictures(await offers(alice, one, "c1")) == "sendrecv"
        await more_pictures(one)


async def test_a_call_of_a_lost_socket_is_kept_with_its_sound(live: World, plane: Plane) -> None:
    async with asyncio.timeout(30), Numbered(440) as one, Numbered(620) as other:
        alice, bob, called = await talking(live, one, other)
        await alice.gone()
        await one.hears_frames(20)
        await other.hears_frames(20)
        back = live.connect("a")
        await back.login("1000", features=FEATURES, keep=["c1", "of somebody else"])
        assert await back.told("verto.clientReady") == {"reattached_sessions": ["c1"]}
        assert await back.told("verto.info") == {"callID": "c1", "callState": {"peerHeld": False, "recording": False}}
        assert "verto.attach" not in back.methods()
        one.pc.addTrack(VideoStreamTrack())
        await offers(back, one, "c1")
        await answers(bob, other)
        await more_pictures(other)
        await one.hears(620)
        await other.hears(440)
        await bob.result("verto.bye", dialogParams={"callID": called})
        assert (await back.told("verto.bye"))["callID"] == "c1"


async def test_a_page_that_is_loaded_again_gets_pictures_again(live: World) -> None:
    async with asyncio.timeout(30), Numbered(440) as one, Numbered(620) as other, Numbered(880) as again:
        alice, bob, _ = await talking(live, one, other)
        one.pc.addTrack(VideoStreamTrack())
        await offers(alice, one, "c1")
        await answers(bob, other)
        await more_pictures(other)
        await alice.gone()
        back = await live.client("1000", "a", features=FEATURES)
        attached = back.requests[0]
        assert attached["method"] == "verto.attach" and pictures(attached["params"]["sdp"]) == "recvonly"
        answer = await again.answer(attached["params"]["sdp"])
        await back.result("verto.attach", sdp=answer, dialogParams={"callID": "c1"})
        assert pictures(await answers(bob, other)) == "inactive"  # it comes back without a camera
        await other.hears(880)
        await again.hears(620)


async def test_pictures_reach_whom_an_attended_transfer_brings(live: World) -> None:
    async with asyncio.timeout(20), Numbered(440) as one, Numbered(620) as other, Numbered(880) as third:
        alice, bob, called = await talking(live, one, other)
        one.pc.addTrack(VideoStreamTrack())
        await offers(alice, one, "c1")
        await answers(bob, other)
        await more_pictures(other)
        carol = await live.client("1002", "c", features=FEATURES)
        async with Numbered(620) as asks:
            await bob.invite("c2", "1002", await asks.offer())
            invited = await carol.told("verto.invite")
            answer, reached = await third.answer(invited["sdp"]), invited["callID"]
            await carol.result("verto.answer", sdp=answer, dialogParams={"callID": reached})
            await asks.take_answer((await bob.told("verto.media"))["sdp"])
            await bob.told("verto.answer")
            await bob.result("verto.modify", action="replace", replaceCallID=called, dialogParams={"callID": "c2"})
        assert pictures(await answers(carol, third)) == "sendrecv"
        await more_pictures(third)
        await third.hears(440)
        await one.hears(880)
