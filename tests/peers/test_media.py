"""The far ends themselves: two of them, joined without a server, hear each other's tone and count digits."""

from tests.peers.media import FarEnd, events_pt, only, with_events
from tests.sound import has_tone


async def test_two_far_ends_hear_each_other() -> None:
    caller, callee = FarEnd(440), FarEnd(660)
    try:
        await caller.accept(await callee.answer(await caller.offer()))
        await caller.connected()
        await callee.connected()
        assert has_tone(*await callee.hear(0.3, after=0.2), 440)
        sound, rate = await caller.hear(0.3, after=0.2)
        assert has_tone(sound, rate, 660)
        assert not has_tone(sound, rate, 440)
        await caller.press("1#7")
        await callee.press("90")
        assert callee.digits == ["1", "#", "7"]
        assert callee.ended == [4800] * 3
        assert await caller.flows(0.2) > 5
        assert caller.digits == ["9", "0"]
    finally:
        await caller.close()
        await callee.close()


async def test_an_offer_can_be_kept_to_one_codec() -> None:
    far = FarEnd(codecs="PCMU")
    try:
        sdp = await far.offer()
        assert "opus" not in sdp
        assert "a=rtpmap:0 PCMU/8000" in sdp
        assert events_pt(sdp) == 110
        assert "telephone-event/8000" in sdp
        assert with_events(only(sdp, "none"), 99).count("m=audio") == 1
    finally:
        await far.close()
