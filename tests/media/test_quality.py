"""Quality: what is measured of a lossy and of a slow link, as RFC 3550 counts it, and what is kept of it."""

import asyncio
import json
import struct
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.peer import Events, Peer, offered, running, until
from tests.media.phone import Phone
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Wish
from xswitch_py.base.sdp import Format
from xswitch_py.media import rtcp
from xswitch_py.media.api import Measured, Milestone, Quality, Transport
from xswitch_py.media.lane import Lane
from xswitch_py.media.plane import Plane
from xswitch_py.media.quality import Meter
from xswitch_py.media.streams import Stream

pytestmark = pytest.mark.timeout(30)


class Talker(Phone):
    """A phone that loses each tenth packet on the way, and reports `delay` seconds after it was reported to."""

    delay = 0.0
    fraction = 0

    def send(self, payload: bytes = b"", **where: object) -> bytes:
        if self.seq % 10 == 5:
            self.seq, self.ts = self.seq + 1 & 0xFFFF, self.ts + 160
            return b""
        return super().send(payload)

    def answer_reports(self, port: int) -> None:
        """Report on what is heard, whenever a sender report comes."""
        self._watching = asyncio.create_task(self._watch(port))

    async def _watch(self, port: int) -> None:
        for seen in range(len(self.reports), 1000):
            await self.until(partial(self._has_report, seen))
            found = [item for item in rtcp.parse(self.reports[seen]) if isinstance(item, rtcp.Report)]
            ntp = next((item.ntp for item in found if item.ntp is not None), None)
            if ntp is not None:
                await asyncio.sleep(self.delay + 0.05)
                block = rtcp.Block(found[0].ssrc, self.fraction, 9, 1000, 80, ntp >> 16 & 0xFFFFFFFF, 65536 // 20)
                self.rtcp.sendto(rtcp.receiver_report(self.ssrc, [block]), ("127.0.0.1", port))

    def _has_report(self, number: int) -> bool:
        return len(self.reports) > number


async def measured(events: Events, good: Callable[[Quality], bool]) -> Quality:
    async with asyncio.timeout(20):
        count = 0
        while True:
            count += 1
            quality: Quality = (await events.wait(Measured, count)).quality
            if good(quality):
                return quality


async def opened(plane: Plane, phone: Phone) -> tuple[LegId, Events]:
    leg, events = LegId("a"), Events()
    plane.open(leg, Transport.RTP, events)
    plane.read_offer(leg, phone.sdp())
    phone.aim(await plane.make_answer(leg, Wish(("PCMU",))))
    return leg, events


async def test_a_lossy_and_slow_link_is_seen_as_it_is() -> None:
    async with running() as plane, Talker() as phone:
        leg, events = await opened(plane, phone)
        assert plane.quality(leg) is None is plane.stats(leg).quality
        assert phone.to is not None
        phone.delay, phone.fraction = 0.1, 26
        phone.answer_reports(phone.to[1] + 1)
        plane.bridge(leg, leg)
        phone.talk()
        first = await measured(events, lambda quality: quality.heard.packets > 20)
        assert 8 <= first.heard.loss <= 12 and first.heard.lost > 0 and first.codec == "PCMU"
        assert first.heard.mos < 3.6
        await phone.until(lambda: (total := plane.quality(leg)) is not None and total.told is not None)
        last = plane.close(leg).quality
        phone._watching.cancel()
        assert last is not None and last.heard is not None and last.told is not None and last.rtt is not None
        assert 95 <= last.rtt <= 180  # without the 50 ms that the phone says it took
        assert 8 <= last.heard.loss <= 12 and last.heard.worst <= last.heard.mos < 3.6
        assert last.told.lost == 9 and last.told.jitter == 10.0 and last.told.mos < 3.6
        assert json.loads(json.dumps(asdict(last)))["heard"]["loss"] == last.heard.loss


async def test_a_good_line_sounds_good_to_a_browser_too() -> None:
    async with running() as plane, Peer(440) as peer:
        leg, events = await offered(plane, "a", peer)
        plane.bridge(leg, leg)
        await measured(events, lambda quality: quality.heard.packets > 5)
        await until(lambda: (total := plane.quality(leg)) is not None and None not in (total.told, total.rtt))
        total = plane.quality(leg)
        assert total is not None and total.heard is not None and total.told is not None and total.rtt is not None
        assert total.heard.loss == total.told.loss == 0
        assert total.heard.mos > 4.2 and total.told.mos > 4.2 and total.rtt < 100


async def test_the_way_to_a_call_is_told_in_its_steps_without_secrets() -> None:
    async with running() as plane, Peer(440) as peer, Phone() as phone:
        leg, events = await offered(plane, "a", peer)
        plane.bridge(leg, leg)
        await peer.hears(440)
        await peer.hears_frames(15)
        steps = [(step.layer, step.text.partition(",")[0]) for step in events.noted if isinstance(step, Milestone)]
        layers = [layer for layer, _ in steps]
        assert layers.index("ice") < layers.index("dtls") < layers.index("media")
        assert [text for layer, text in steps if layer == "dtls"] == ["handshake begins", "keys agreed"]
        assert any(text.startswith("first check from ") for _, text in steps)
        assert any(text.startswith("pair ") for _, text in steps)
        assert any(text.startswith("audio heard: PCMU") for _, text in steps)
        assert any(text.startswith("audio told: ") for _, text in steps)
        mux = plane._transports.mux
        assert mux is not None and not any(ufrag in repr(events.noted) for ufrag in mux.ufrags)
        _, heard = await opened(plane, phone) if plane.close(leg) else (leg, events)
        phone.send()
        step = await heard.wait(Milestone)
        assert step.layer == "rtp" and step.text.endswith(f"hears 127.0.0.1 port {phone.port}")


async def test_who_makes_too_much_happen_is_told_of_no_more() -> None:
    async with running() as plane, Phone() as phone:
        leg, events = await opened(plane, phone)
        for n in range(100):
            plane._legs[leg].port.milestone("media", str(n))
        assert len(events.noted) == 64


# The meter by itself.


def lane() -> Lane:
    made = Lane("audio")
    made.agree(Stream("audio", "0", (Format(0, "PCMU", 8000),)))
    made.out.packets = 500
    return made


def block(
    made: Lane, *, fraction: int = 0, lost: int = 0, jitter: int = 0, middle: int = 0, delay: int = 0
) -> rtcp.Block:
    return rtcp.Block(made.out.ssrc, fraction, lost, 1000, jitter, middle, delay)


def test_the_round_trip_is_the_time_less_what_the_peer_took() -> None:
    made = lane()
    meter = Meter(made)
    meter.sent(0x12345678, 10.0)
    meter.reported(block(made, middle=0x12345678, delay=65536), 11.25)
    assert meter.measure(11.3).rtt == 250.0
    meter.sent(0x22345678, 15.0)
    meter.reported(block(made, middle=0x22345678), 15.05)
    assert meter.measure(15.1).rtt == 50.0
    total = meter.total()
    assert total is not None and total.rtt == 150.0 and total.heard is None


@pytest.mark.parametrize(("middle", "delay", "expected"), [(0, 0, None), (7, 0, None), (5, 9 * 65536, 0.0)])
def test_a_report_on_none_of_ours_tells_no_round_trip(middle: int, delay: int, expected: float | None) -> None:
    made = lane()
    meter = Meter(made)
    meter.sent(5, 10.0)
    meter.reported(block(made, middle=middle, delay=delay), 12.0)
    assert meter.measure(12.0).rtt == expected


def test_what_the_peer_said_long_ago_says_nothing() -> None:
    made = lane()
    meter = Meter(made)
    assert meter.measure(1.0).told is None and meter.total() is None
    meter.reported(block(made, fraction=64, lost=5, jitter=160), 2.0)
    told = meter.measure(3.0).told
    assert told is not None and (told.loss, told.lost, told.jitter) == (25.0, 5, 20.0)
    assert meter.measure(30.0).told is None


def test_the_worst_and_the_mean_of_a_call_are_kept() -> None:
    made = lane()
    meter = Meter(made)
    for now, (packets, lost) in enumerate([(100, 0), (150, 50), (250, 50), (250, 50)], 1):
        made.gone = packets, 0, lost
        meter.measure(float(now))
    total = meter.total()
    assert total is not None and total.heard is not None
    assert (total.heard.lost, total.heard.loss) == (50, round(100 * 50 / 300, 2))
    assert total.heard.worst < 2 < total.heard.mos < 4
    assert asdict(total) == {"heard": asdict(total.heard), "told": None, "rtt": None}


@given(st.binary(min_size=24, max_size=24))
def test_any_report_gives_numbers(data: bytes) -> None:
    made = lane()
    meter = Meter(made)
    meter.sent(int.from_bytes(data[16:20], "big"), 1.0)
    report = struct.pack("!BBHI", 0x81, rtcp.RR, 7, 1) + made.out.ssrc.to_bytes(4, "big") + data[4:]
    for item in rtcp.parse(report):
        assert isinstance(item, rtcp.Report)
        meter.reported(item.blocks[0], 2.0)
    quality, total = meter.measure(3.0), meter.total()
    assert quality.told is not None and 1 <= quality.told.mos <= 4.5 and 0 <= quality.told.loss <= 100
    assert quality.rtt is None or quality.rtt >= 0
    assert total is not None and total.told is not None and 0 <= total.told.loss <= 100
