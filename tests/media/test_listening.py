"""Listening in: both are heard, nobody hears who listens, and how it ends."""

import asyncio

import numpy as np
import pytest

from tests.media.peer import running
from tests.media.phone import RATES, Phone, called
from tests.sound import is_silent, power, sine
from xswitch_py.base.errors import MediaError
from xswitch_py.base.ids import LegId
from xswitch_py.base.sdp import Format
from xswitch_py.media.codecs import encoder
from xswitch_py.media.listening import Buffer
from xswitch_py.media.streams import Stream

pytestmark = pytest.mark.timeout(30)


async def hears_both(phone: Phone, codec: str, *tones: float) -> None:
    def both() -> bool:
        if len(phone.packets) < 12:
            return False
        sound = phone.heard(10)
        return all(power(sound, RATES[codec], hz) > 0.2 for hz in tones)

    await phone.until(both)


async def hears_nothing(phone: Phone) -> None:
    """Nothing new comes, or silence does."""

    async def more() -> bool:
        before = len(phone.packets)
        await asyncio.sleep(0.1)
        return len(phone.packets) > before and not is_silent(phone.heard(3))

    async with asyncio.timeout(5):
        while await more():
            pass


@pytest.mark.parametrize(("pt", "codec"), [(0, "PCMU"), (9, "G722"), (96, "opus")])
async def test_who_listens_hears_both_and_is_heard_by_nobody(pt: int, codec: str) -> None:
    async with running() as plane, Phone(hz=440) as one, Phone(hz=620) as other, Phone(pt, 101, hz=880) as third:
        a, b = await called(plane, "a", one), await called(plane, "b", other)
        c = await called(plane, "c", third, codec)
        plane.bridge(a, b)
        for phone in (one, other, third):
            phone.talk()
        await one.hears(620)
        listening = plane.listen(c, a)
        await hears_both(third, codec, 440, 620)
        await one.hears(620)
        await other.hears(440)
        plane.unbridge(listening)
        await hears_nothing(third)
        assert not plane._legs[a].port.audio._ears and not plane._audience._listening
        plane.unbridge(listening)
        await one.hears(620)


async def test_listening_takes_a_leg_out_of_its_bridge_and_another_bridge_ends_it() -> None:
    async with running() as plane, Phone(hz=440) as one, Phone(hz=620) as other, Phone(hz=880) as third:
        a, b, c = [await called(plane, name, p) for name, p in (("a", one), ("b", other), ("c", third))]
        for phone in (one, other, third):
            phone.talk()
        plane.bridge(b, c)
        await other.hears(880)
        plane.listen(c, a)
        await third.hears(440)
        await hears_nothing(other)
        plane.bridge(b, c)
        await third.hears(620)
        await other.hears(880)
        assert not plane._legs[a].port.audio._ears and not plane._audience._listening


async def test_the_end_of_either_ends_it() -> None:
    async with running() as plane, Phone(hz=440) as one, Phone(hz=620) as other, Phone(hz=880) as third:
        a, b, c = [await called(plane, name, p) for name, p in (("a", one), ("b", other), ("c", third))]
        one.talk()
        plane.listen(b, a)
        plane.listen(c, a)
        await third.hears(440)
        plane.close(b)
        await third.gets(5)
        assert len(plane._legs[a].port.audio._ears) == 1
        plane.close(a)
        await hears_nothing(third)
        assert not plane._audience._listening
        assert plane.stats(c).packets_out > 0


async def test_nobody_listens_in_a_circle() -> None:
    async with running() as plane, Phone() as one, Phone() as other, Phone() as third:
        a, b, c = [await called(plane, name, p) for name, p in (("a", one), ("b", other), ("c", third))]
        plane.listen(b, a)
        plane.listen(c, b)
        for leg, target in ((a, a), (a, b), (a, c)):
            with pytest.raises(MediaError):
                plane.listen(leg, target)
        with pytest.raises(MediaError):
            plane.listen(LegId("nobody"), a)


async def test_what_is_muted_is_not_listened_to() -> None:
    async with running() as plane, Phone(hz=440) as one, Phone(hz=620) as third:
        a, c = await called(plane, "a", one), await called(plane, "c", third)
        one.talk()
        plane.listen(c, a)
        await third.hears(440)
        plane.mute(a, True)
        await hears_nothing(third)
        plane.mute(a, False)
        await third.hears(440)


def test_a_buffer_is_short_and_gives_silence_when_it_is_empty() -> None:
    stream = Stream("audio", "0", (Format(0, "PCMU", 8000),))
    buffer, coder, sound = Buffer(8000), encoder("PCMU"), sine(400, 1, 8000)

    def put(n: int) -> None:
        head = bytes([0x80, 0]) + n.to_bytes(2, "big") + (160 * n).to_bytes(4, "big") + bytes(4)
        buffer.put(stream, head + coder.encode(sound[160 * n : 160 * n + 160]), 0.0)

    put(0)
    assert is_silent(buffer.take())  # it waits for a second one
    put(1)
    assert not is_silent(buffer.take()) and not is_silent(buffer.take()) and is_silent(buffer.take())
    for n in range(2, 40):
        put(n)
        assert len(buffer._pcm) <= 800
    assert np.abs(buffer.take()).max() > 1000
