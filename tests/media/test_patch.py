"""Who hears whom: mute, and the bridge again after what was played."""

import asyncio

import pytest

from tests.media.peer import AUDIO, Events, Peer, offered, running
from tests.media.phone import Phone, called
from tests.sound import is_silent
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Wish
from xswitch_py.media.api import Digit, Transport

pytestmark = pytest.mark.timeout(30)


async def hears_silence(phone: Phone) -> None:
    """Packets come, and nothing is in them."""
    await phone.until(lambda: len(phone.packets) > 8 and is_silent(phone.heard()))
    await phone.gets(5)
    assert is_silent(phone.heard(4))


async def test_after_what_was_played_a_leg_hears_its_bridge_again() -> None:
    async with running() as plane, Phone(hz=440) as one, Phone(hz=620) as other:
        a, b = await called(plane, "a", one), await called(plane, "b", other)
        one.talk()
        other.talk()
        plane.bridge(a, b)
        await one.hears(620)
        await plane.play(a, "silence:200")
        await one.hears(620)
        music = asyncio.create_task(plane.play(a, "music", loop=True))
        await one.until(lambda: not one._has(620))
        music.cancel()
        await one.hears(620)
        await other.hears(440)


async def test_what_was_started_last_still_counts() -> None:
    async with running() as plane, Phone(hz=440) as one, Phone(hz=620) as other:
        a, b = await called(plane, "a", one), await called(plane, "b", other)
        other.talk()
        bridge = plane.bridge(a, b)
        await one.hears(620)
        first = asyncio.create_task(plane.play(a, "music", loop=True))
        await one.until(lambda: not one._has(620))
        second = asyncio.create_task(plane.play(a, "silence:5000"))
        await first  # something else is heard
        await hears_silence(one)
        plane.unbridge(bridge)
        second.cancel()
        await asyncio.wait([second])
        before = plane.stats(a).packets_out
        await asyncio.sleep(0.1)
        assert plane.stats(a).packets_out == before  # nothing is left to be heard


async def test_nobody_hears_who_is_muted_and_it_hears_all() -> None:
    async with running() as plane, Phone(hz=440) as one, Phone(hz=620) as other, Phone(hz=880) as third:
        a, b, c = [await called(plane, name, p) for name, p in (("a", one), ("b", other), ("c", third))]
        for phone in (one, other, third):
            phone.talk()
        plane.mute(a, True)
        plane.bridge(a, b)
        await one.hears(620)
        await hears_silence(other)
        plane.bridge(a, c)
        await one.hears(880)
        await hears_silence(third)
        plane.mute(a, True)
        plane.mute(a, False)
        await third.hears(440)
        plane.mute(a, True)
        await hears_silence(third)


async def test_a_muted_leg_on_hold_lets_its_partner_hear_music_and_then_silence() -> None:
    async with running() as plane, Phone(hz=440) as one, Phone(hz=620) as other:
        a, b = await called(plane, "a", one), await called(plane, "b", other)
        one.talk()
        plane.bridge(a, b)
        plane.mute(a, True)
        await hears_silence(other)
        plane.hold(a, True)
        await other.until(lambda: not is_silent(other.heard()))
        plane.hold(a, False)
        await hears_silence(other)
        plane.mute(a, False)
        await other.hears(440)


async def test_keys_of_who_is_muted_are_told_and_not_passed_on() -> None:
    async with running() as plane, running() as far, Phone() as other:
        a, there, events = LegId("a"), LegId("there"), Events()
        plane.open(a, Transport.RTP, events, "127.0.0.1")
        far.open(there, Transport.RTP, Events(), "127.0.0.1")
        far.read_offer(there, await plane.make_offer(a, AUDIO))
        await plane.read_answer(a, await far.make_answer(there, AUDIO))
        b = await called(plane, "b", other)
        plane.mute(a, True)
        plane.bridge(a, b)
        far.send_digits(there, "5")
        assert (await events.wait(Digit)).digit == "5"
        await other.gets(3)
        assert {packet[1] & 127 for packet in other.packets} == {0}


async def test_pictures_pass_though_the_sound_is_muted() -> None:
    both = Wish(("PCMU",), ("VP8",))
    async with running() as plane, Peer(440, video=True) as one, Peer(620, video=True) as other:
        a, _ = await offered(plane, "a", one, both)
        b, _ = await offered(plane, "b", other, both)
        plane.mute(a, True)
        plane.bridge(a, b)
        await other.sees(3)
        await one.hears(620)
        assert plane._legs[b].port.video.feeder is plane._legs[a].port
