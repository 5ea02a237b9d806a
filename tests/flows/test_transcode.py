"""Calls whose far ends agreed on different codecs, joined by an attended transfer."""

from contextlib import AsyncExitStack

import pytest

from tests.peers.server import Server
from tests.peers.verto import Call, VertoPeer
from tests.sound import has_tone

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def hears(call: Call, hz: float) -> bool:
    """Whether the next sound is this tone."""
    return has_tone(*await call.media.hear(0.4, after=0.3), hz, share=0.7)


def codec(call: Call) -> str:
    """The codec of a call's sound, as its far end sees it."""
    sdp = str(call.media.pc.remoteDescription.sdp)
    return next(line.split()[1].partition("/")[0] for line in sdp.splitlines() if line.startswith("a=rtpmap:"))


@pytest.mark.parametrize(("one", "other"), [("opus", "PCMU"), ("G722", "opus"), ("PCMU", "PCMA")])
async def test_parties_of_different_codecs_hear_each_other_and_their_digits(
    server: Server, one: str, other: str
) -> None:
    """Alice talks to bob, then to carol, then leaves them to each other."""
    async with AsyncExitStack() as stack:
        alice, bob, carol = [await stack.enter_async_context(await VertoPeer.open(server.ws)) for _ in range(3)]
        for peer, user in ((alice, "1000"), (bob, "1001"), (carol, "1002")):
            await peer.login(user)
        first = await alice.invite("1001", codecs=one)
        to_bob = await bob.answer(await bob.ringing(), 660)
        await first.answered()
        second = await alice.invite("1002", codecs=other)
        to_carol = await carol.answer(await carol.ringing(), 880)
        await second.answered()
        assert (codec(to_bob), codec(to_carol)) == (one, other)

        await second.modify("replace", replaceCallID=first.id)
        await first.ended()
        await second.ended()
        assert await hears(to_bob, 880)
        assert await hears(to_carol, 660)
        await to_bob.media.press("5")
        assert await to_carol.media.pressed(1) == "5"
        assert await hears(to_carol, 660)
        assert to_bob.media.digits == []
        await to_bob.bye()
        await to_carol.ended()
