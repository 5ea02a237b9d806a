"""Recording: who is heard in which channel, how both stay in step, and what a bad disk or a crash leaves."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.media.peer import running
from tests.media.phone import Phone, answered, called
from tests.sound import has_tone, is_silent, sine, sounding
from xswitch_py.base.errors import MediaError
from xswitch_py.base.ids import LegId
from xswitch_py.base.sdp import Format
from xswitch_py.media.api import Recorded, RecordingId
from xswitch_py.media.codecs import encoder
from xswitch_py.media.lane import Lane
from xswitch_py.media.plane import Plane
from xswitch_py.media.recorder import Recorder, Timeline, Track
from xswitch_py.media.streams import Stream
from xswitch_py.media.tap import Piece

Pcm = NDArray[np.int16]

pytestmark = pytest.mark.timeout(30)


class Told:
    """Who is told that a recording is over."""

    def __init__(self) -> None:
        self.all: list[Recorded] = []
        self._changed = asyncio.Event()

    def __call__(self, recorded: Recorded) -> None:
        self.all.append(recorded)
        self._changed.set()

    async def once(self) -> Recorded:
        async with asyncio.timeout(5):
            await self._changed.wait()
        assert len(self.all) == 1
        return self.all[0]


def channels(path: Path, last: float = 0.0) -> tuple[Pcm, Pcm, int]:
    """Read both channels, or the last seconds of them."""
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth()) == (2, 2)
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    sound = sound[-int(last * rate) :] if last else sound
    return sound[:, 0].astype(np.int16), sound[:, 1].astype(np.int16), rate


async def recorded_call(plane: Plane, path: Path, one: Phone, other: Phone, *codecs: str) -> tuple[Recorded, LegId]:
    a = await called(plane, "a", one, *codecs)
    b = await called(plane, "b", other, *codecs)
    plane.bridge(a, b)
    one.talk()
    other.talk()
    await one.hears(other.hz)
    told = Told()
    recording = plane.record(a, path, told)
    await one.gets(40)
    plane.stop_recording(recording)
    return await told.once(), a


@pytest.mark.parametrize(("pt", "codec", "rate"), [(0, "PCMU", 8000), (9, "G722", 16000), (96, "opus", 16000)])
async def test_each_side_is_in_its_channel(tmp_path: Path, pt: int, codec: str, rate: int) -> None:
    async with running() as plane, Phone(pt, 101, hz=440) as one, Phone(pt, 101, hz=620) as other:
        ended, leg = await recorded_call(plane, tmp_path / "call.wav", one, other, codec)
        left, right, found = channels(ended.path)
        assert found == rate
        assert has_tone(left[rate // 5 :], rate, 440, 0.6) and has_tone(right[rate // 5 :], rate, 620, 0.6)
        assert (ended.why, ended.lost) == ("stopped", 0)
        assert ended.seconds == pytest.approx(len(left) / rate, abs=0.001) and 0.6 < ended.seconds < 2
        assert ended.size == ended.path.stat().st_size == 44 + 4 * len(left)
        assert stat.S_IMODE(ended.path.stat().st_mode) == 0o600
        lane = plane._legs[leg].port.audio
        assert not lane._ears and lane.sink is lane._sound  # nothing is left in the packets' way


async def test_what_is_played_is_in_the_right_channel_and_a_mute_in_neither(tmp_path: Path) -> None:
    async with running() as plane, Phone(hz=440) as phone:
        leg = await called(plane, "a", phone)
        phone.talk()
        told = Told()
        plane.mute(leg, True)
        plane.record(leg, tmp_path / "call.wav", told)
        await plane.play(leg, "silence:200")
        plane.mute(leg, False)
        music = asyncio.create_task(plane.play(leg, "music", loop=True))
        await phone.gets(40)
        music.cancel()
        plane.close(leg)
        ended = await told.once()
        assert ended.why == "hangup"
        left, right, rate = channels(ended.path)
        assert is_silent(left[: rate // 10]) and has_tone(left[-rate // 4 :], rate, 440, 0.6)
        assert is_silent(right[: rate // 10]) and not is_silent(right[-rate // 4 :])


async def test_a_recording_lasts_no_longer_than_it_may(tmp_path: Path) -> None:
    async with running() as plane, Phone() as phone:
        leg = await called(plane, "a", phone)
        told = Told()
        recording = plane.record(leg, tmp_path / "call.wav", told, longest=0.3)
        ended = await told.once()
        assert (ended.id, ended.why) == (recording, "limit") and 0.28 <= ended.seconds < 0.6
        plane.stop_recording(recording)
        plane.close(leg)
        assert len(told.all) == 1


async def test_a_file_that_is_there_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_text("mine")
    async with running() as plane, Phone() as phone:
        leg = await called(plane, "a", phone)
        for bad in (path, tmp_path / "nowhere" / "call.wav"):
            with pytest.raises(MediaError):
                plane.record(leg, bad, Told())
        assert path.read_text() == "mine"
        with pytest.raises(MediaError):
            plane.record(LegId("nobody"), tmp_path / "other.wav", Told())
        plane.stop_recording(RecordingId(77))


async def test_a_plane_that_stops_ends_its_recordings(tmp_path: Path) -> None:
    told = Told()
    async with running() as plane, Phone() as phone:
        leg = await called(plane, "a", phone)
        phone.talk()
        plane.record(leg, tmp_path / "call.wav", told)
        plane.record(leg, tmp_path / "again.wav", told)
    assert sorted(ended.path.name for ended in told.all) == ["again.wav", "call.wav"]


async def test_another_codec_in_the_midst_goes_into_the_same_file(tmp_path: Path) -> None:
    async with running() as plane, Phone(0, 9, hz=440) as phone:
        leg, _ = await answered(plane, "a", phone, "PCMU", "G722")
        phone.talk()
        told = Told()
        recording = plane.record(leg, tmp_path / "call.wav", told)
        await phone.until(lambda: plane.stats(leg).packets_in > 20)
        assert phone._task is not None
        phone._task.cancel()
        phone._task, phone.pts, phone.version = None, (9,), 2
        assert "9" in (await plane.take_offer(leg, phone.sdp())).sdp
        assert plane.codec(leg) == "G722"
        phone.talk()
        before = plane.stats(leg).packets_in
        await phone.until(lambda: plane.stats(leg).packets_in > before + 30)
        plane.stop_recording(recording)
        ended = await told.once()
        left, _, rate = channels(ended.path)
        assert rate == 8000 and ended.lost == 0
        assert has_tone(left[800:2400], rate, 440, 0.6) and has_tone(left[-2400:], rate, 440, 0.6)


CHILD = """
import asyncio, resource, sys
from pathlib import Path
from tests.media.peer import running
from tests.media.phone import Phone, called
from tests.media.test_recorder import Told

async def main(path, limit):
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    async with running() as plane, Phone(hz=440) as phone:
        leg = await called(plane, "a", phone)
        plane.bridge(leg, leg)
        phone.talk()
        told = Told()
        plane.record(leg, Path(path), told)
        if not limit:
            await phone.gets(75)
            print("recorded", flush=True)
            await asyncio.Event().wait()
        ended = await told.once()
        await phone.hears(440)
        await phone.gets(10)
        print(ended.why, ended.size, ended.seconds, len(plane._legs[leg].port.audio._ears), flush=True)

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def child(path: Path, limit: int) -> "subprocess.Popen[str]":
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), str(limit)], cwd=root, stdout=subprocess.PIPE, text=True
    )


def test_a_full_disk_ends_the_recording_and_not_the_call(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with child(path, 10_001) as process:
        assert process.stdout is not None
        why, size, seconds, ears = process.stdout.read().splitlines()[-1].split()
    left, _, rate = channels(path)
    assert (why, size, ears) == ("disk", "10001", "0") and float(seconds) == pytest.approx(len(left) / rate, abs=0.001)
    assert 0 < len(left) <= (10_001 - 44) // 4 and rate == 8000


def test_a_crash_leaves_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with child(path, 0) as process:
        assert process.stdout is not None
        assert "recorded\n" in process.stdout  # after what is logged
        os.kill(process.pid, signal.SIGKILL)
    left, right, rate = channels(path)
    assert len(left) / rate > 0.7
    assert has_tone(left[2400:4800], rate, 440, 0.6) and has_tone(right[2400:4800], rate, 440, 0.6)


async def test_a_slow_disk_costs_packets_and_no_memory(tmp_path: Path) -> None:
    """More packets at once than may wait for the thread."""
    lane = Lane("audio")
    lane.agree(Stream("audio", "0", (Format(0, "PCMU", 8000),)))
    told, recorder = Told(), Recorder()
    recording = recorder.record(lane, tmp_path / "call.wav", told, 60)
    [writing] = recorder._writings.values()
    assert lane.sink is not None
    for seq in range(3000):
        lane.sink(None, bytes([0x80, 0]) + seq.to_bytes(2, "big") + bytes(168), 0x80, 0, seq, 0, 1.0)
        assert len(writing._waiting) <= 1500
    recorder.stop(recording)
    ended = await told.once()
    assert 1000 <= ended.lost <= 1500


# Where sound belongs.


def spoken(track: Track, line: Timeline, came: float, gap: int | None, pcm: Pcm) -> int:
    piece = Piece(gap, pcm, came)
    at = track.place(piece)
    line.put(0, at, pcm)
    return at


@pytest.mark.parametrize("drift", [0.0, 1e-4, -1e-4])
@pytest.mark.parametrize("frozen", [False, True])
def test_after_ten_minutes_of_silence_both_are_in_step(drift: float, frozen: bool) -> None:
    """A sender whose clock goes wrong by 0.1 in a thousand pauses, with or without its timestamps going on."""
    track, line, frame = Track(8000, 0.0), Timeline(), np.ones(160, np.int16)
    spoken(track, line, 0.0, None, frame)
    for n in range(1, 100):
        spoken(track, line, 0.02 * n, 0, frame)
    back = 602.0
    missing = 0 if frozen else round(600 * 8000 * (1 + drift))
    for n in range(100):
        came = back + 0.02 * n
        at = spoken(track, line, came, missing if n == 0 else 0, frame)
        assert abs(at / 8000 - came) <= 0.04, n


@pytest.mark.parametrize("drift", [3e-4, -3e-4])
def test_a_clock_that_is_wrong_is_followed(drift: float) -> None:
    track, line, frame = Track(8000, 0.0), Timeline(), np.ones(160, np.int16)
    for n in range(20_000):
        came = 0.02 * n * (1 + drift)
        at = spoken(track, line, came, 0 if n else None, frame)
        line.take(at)
        assert abs(at / 8000 - came) <= 0.04


def test_jitter_moves_nothing() -> None:
    track, line = Track(8000, 0.0), Timeline()
    places = [
        spoken(track, line, 0.02 * n + (0.0, 0.015, 0.007)[n % 3], 0 if n else None, np.ones(160, np.int16))
        for n in range(200)
    ]
    assert np.diff(places).tolist() == [160] * 199
    pcm = np.frombuffer(line.take(200 * 160), "<i2").reshape(-1, 2)
    assert pcm[:, 0].all() and not pcm[:, 1].any()


def test_a_timeline_is_silent_where_nobody_spoke_and_forgets_what_is_too_late() -> None:
    line = Timeline()
    line.put(0, 10, np.full(5, 7, np.int16))
    line.put(1, 12, np.full(5, 9, np.int16))
    first = np.frombuffer(line.take(13), "<i2").reshape(-1, 2)
    assert first[:, 0].tolist() == [0] * 10 + [7] * 3 and first[:, 1].tolist() == [0] * 12 + [9]
    line.put(1, 0, np.full(14, 5, np.int16))
    line.put(0, 0, np.full(3, 5, np.int16))
    rest = np.frombuffer(line.take(20), "<i2").reshape(-1, 2)
    assert rest[:, 1].tolist() == [5, 9, 9, 9, 0, 0, 0] and rest[:, 0].tolist() == [7, 7, 0, 0, 0, 0, 0]
    assert line.take(20) == b"" and line.written == 20


async def test_lost_and_late_packets_leave_the_others_in_their_place(tmp_path: Path) -> None:
    """A gap of sound that was lost is mended; sound that overtook other sound is put right."""
    lane = Lane("audio")
    lane.agree(Stream("audio", "0", (Format(0, "PCMU", 8000),)))
    told, recorder = Told(), Recorder()
    recording = recorder.record(lane, tmp_path / "call.wav", told, 60)
    [writing] = recorder._writings.values()
    coder, tone = encoder("PCMU"), sine(400, 1, 8000)  # a whole number of waves a packet
    assert lane.sink is not None
    for n in [*range(10), 11, 10, *range(12, 20), *range(22, 40)]:
        head = bytes([0x80, 0]) + n.to_bytes(2, "big") + (160 * n).to_bytes(4, "big") + bytes(4)
        packet = head + coder.encode(tone[160 * n : 160 * n + 160])
        lane.sink(None, packet, 0x80, 0, n, 160 * n, writing._start + 0.02 * n)
    await asyncio.sleep(0.85)
    recorder.stop(recording)
    left, _, rate = channels((await told.once()).path)
    [(sounds, seconds), *_] = sounding(left, rate)
    assert sounds and seconds == pytest.approx(0.8, abs=0.03)
    assert has_tone(left[: 20 * 160], rate, 400, 0.95)
