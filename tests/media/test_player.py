"""Playing: what is heard, in which rhythm, and what is refused."""

import asyncio
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.sound import dominant, has_tone, is_silent, level, power, sine, sounding, tone_wav, write_wav
from xswitch_py.base.errors import MediaError
from xswitch_py.media import player as module
from xswitch_py.media.codecs import decoder
from xswitch_py.media.negotiate import Format
from xswitch_py.media.player import Player, Sounds
from xswitch_py.media.ticker import Ticker
from xswitch_py.media.tones import load

PCMU = Format(0, "PCMU", 8000)
PCMA = Format(8, "PCMA", 8000)
G722 = Format(9, "G722", 8000)
OPUS = Format(111, "opus", 48000, 2)
FORMATS = [PCMU, PCMA, G722, OPUS]
EXTRA = """
[tone]
short = [{ hz = [440], level = -13, on = 100, off = 60 }]
odd = [{ hz = [440], level = -13, on = 90, off = 35 }]
hum = [{ hz = [440], level = -13, on = 100 }]
"""
SHIPPED = (Path(__file__).parents[2] / "conf" / "tones.toml").read_text()
TONES = {**load(tomllib.loads(SHIPPED)), **load(tomllib.loads(EXTRA))}


class HandTicker(Ticker):
    """Ticks when told to: what is played for minutes is heard at once."""

    def __init__(self) -> None:
        super().__init__()
        self._added = asyncio.Event()

    async def run(self, count: int, step: int = 1) -> None:
        for _ in range(count):
            self._n += step
            for fn in tuple(self._called):
                self._call(fn)
            await asyncio.sleep(0)

    async def reaches(self, count: int) -> None:
        """Wait until so many are to be called."""
        while len(self._called) < count:
            self._added.clear()
            await self._added.wait()

    def add(self, fn: Callable[[int], None]) -> None:
        super().add(fn)
        self._added.set()

    def _wake(self) -> None:
        pass

    @property
    def callbacks(self) -> int:
        return len(self._called)


class Heard:
    """The far end of a stream."""

    def __init__(self, fmt: Format, rate: int = 8000) -> None:
        self.rate = rate
        self.payloads: list[bytes] = []
        self.ticks: list[int] = []
        self.markers: list[bool] = []
        self._decoder = decoder(fmt.name, rate)

    def write(self, payload: bytes, ticks: int, *, marker: bool = False) -> None:
        self.payloads.append(payload)
        self.ticks.append(ticks)
        self.markers.append(marker)

    def pcm(self) -> NDArray[np.int16]:
        return np.concatenate([self._decoder.decode(payload) for payload in self.payloads])


@pytest.fixture
def ticker() -> HandTicker:
    return HandTicker()


@pytest.fixture
def player(ticker: HandTicker, tmp_path: Path) -> Player:
    return Player(ticker, Sounds(TONES, tmp_path))


async def started(ticker: HandTicker, count: int = 1) -> None:
    """Wait until so many listeners are there: the thread that encodes is done."""
    async with asyncio.timeout(20):
        await ticker.reaches(count)


async def listen(
    ticker: HandTicker, player: Player, fmt: Format, source: str, count: int, *, loop: bool = True
) -> Heard:
    """Hear `count` frames of a source."""
    heard = Heard(fmt)
    task = asyncio.create_task(player.play(heard, fmt, source, loop=loop))
    await started(ticker)
    await ticker.run(count)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return heard


async def play(ticker: HandTicker, player: Player, fmt: Format, source: str) -> Heard:
    """Hear a source to its end, and say when it returned."""
    heard = Heard(fmt)
    task = asyncio.create_task(player.play(heard, fmt, source, loop=False))
    async with asyncio.timeout(20):
        while not task.done():
            await ticker.run(1)
            await asyncio.sleep(0)
    await task
    return heard


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
async def test_ringback_has_its_frequencies_and_cadence_in_every_codec(
    ticker: HandTicker, player: Player, fmt: Format
) -> None:
    heard = await listen(ticker, player, fmt, "tone:ringback-us", 600)
    pcm = heard.pcm()
    runs = [run for run in sounding(pcm, 8000, below=-45) if run[1] > 0.04]
    assert [sounds for sounds, _ in runs] == [True, False, True, False]
    assert [seconds for _, seconds in runs] == pytest.approx([2, 4, 2, 4], abs=0.081)
    for at in (0, 48000):
        burst = pcm[at + 1600 : at + 14400]
        assert has_tone(burst, 8000, 440)
        assert has_tone(burst, 8000, 480)
    assert heard.ticks == [fmt.clock // 50] * 600
    assert heard.markers == [True] + [False] * 599


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
async def test_a_steady_tone_has_no_seam_where_it_loops(ticker: HandTicker, player: Player, fmt: Format) -> None:
    pcm = (await listen(ticker, player, fmt, "tone:hum", 100)).pcm()[1600:]
    assert power(pcm, 8000, 440) > 0.97
    levels = [level(part) for part in pcm[: len(pcm) // 160 * 160].reshape(-1, 160)]
    assert max(levels) - min(levels) < 2.5


async def test_a_tone_is_played_once_and_is_over_when_its_last_frame_was_heard(
    ticker: HandTicker, player: Player
) -> None:
    heard, task_over = Heard(PCMU), list[int]()
    task = asyncio.create_task(player.play(heard, PCMU, "tone:short", loop=False))
    await started(ticker)
    for n in range(10):
        await ticker.run(1)
        await asyncio.sleep(0)
        if task.done():
            task_over.append(n)
    assert len(heard.payloads) == 8
    assert task_over[0] == 8
    assert ticker.callbacks == 0


async def test_a_period_that_is_no_whole_number_of_frames_is_filled_up(ticker: HandTicker, player: Player) -> None:
    heard = await play(ticker, player, PCMU, "tone:odd")
    assert len(heard.payloads) == 7  # 125 ms
    assert all(len(payload) == 160 for payload in heard.payloads)


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("fmt", FORMATS, ids=lambda fmt: fmt.name)
async def test_a_file_of_any_rate_is_heard_as_it_was_recorded(
    ticker: HandTicker, player: Player, tmp_path: Path, fmt: Format, rate: int
) -> None:
    tone_wav(tmp_path / "hello.wav", 620, 1.01, rate)
    heard = await play(ticker, player, fmt, "file:hello.wav")
    assert len(heard.payloads) == 51
    pcm = heard.pcm()
    assert dominant(pcm[800:7200], 8000, [440, 620, 1000]) == 620
    assert level(pcm[800:7200]) == pytest.approx(level(sine(620, 1, 8000)), abs=1.5)


async def test_a_stereo_file_is_mixed_down(ticker: HandTicker, player: Player, tmp_path: Path) -> None:
    both = np.column_stack((sine(440, 1, 16000), sine(1000, 1, 16000)))
    write_wav(tmp_path / "stereo.wav", both, 16000, channels=2)
    pcm = (await play(ticker, player, PCMU, "file:stereo")).pcm()
    assert has_tone(pcm, 8000, 440, 0.4)
    assert has_tone(pcm, 8000, 1000, 0.4)


async def test_a_file_that_changed_is_read_again(ticker: HandTicker, player: Player, tmp_path: Path) -> None:
    tone_wav(tmp_path / "a.wav", 440, 0.2)
    assert dominant((await play(ticker, player, PCMU, "file:a")).pcm(), 8000, [440, 1000]) == 440
    tone_wav(tmp_path / "b.wav", 1000, 0.2).replace(tmp_path / "a.wav")
    assert dominant((await play(ticker, player, PCMU, "file:a")).pcm(), 8000, [440, 1000]) == 1000


async def test_a_file_without_sound_is_a_frame_of_silence(ticker: HandTicker, player: Player, tmp_path: Path) -> None:
    write_wav(tmp_path / "empty.wav", np.zeros(0, np.int16), 16000)
    heard = await play(ticker, player, PCMU, "file:empty")
    assert len(heard.payloads) == 1
    assert is_silent(heard.pcm())


@pytest.mark.parametrize("fmt", [PCMU, OPUS], ids=lambda fmt: fmt.name)
async def test_music_goes_on_and_on(ticker: HandTicker, player: Player, fmt: Format) -> None:
    pcm = (await listen(ticker, player, fmt, "music", 900)).pcm()
    assert len(pcm) == 18 * 8000
    assert not any(is_silent(part) for part in pcm.reshape(-1, 3200)[1:])
    assert np.abs(pcm).max() < 10000


async def test_music_may_be_a_recording_of_the_sites_own(ticker: HandTicker, tmp_path: Path) -> None:
    tone_wav(tmp_path / "tune.wav", 440, 0.1)
    player = Player(ticker, Sounds(TONES, music=tmp_path / "tune.wav"))
    one = (await play(ticker, player, PCMU, "music")).pcm()
    other = (await play(ticker, Player(ticker, Sounds(TONES, tmp_path)), PCMU, "file:tune")).pcm()
    assert np.array_equal(one, other)


@pytest.mark.parametrize("fmt", [PCMU, OPUS], ids=lambda fmt: fmt.name)
@pytest.mark.parametrize(("ms", "frames"), [(0, 0), (1, 1), (100, 5), (2010, 101)])
async def test_silence_lasts_as_long_as_asked_for(
    ticker: HandTicker, player: Player, fmt: Format, ms: int, frames: int
) -> None:
    heard = await play(ticker, player, fmt, f"silence:{ms}")
    assert len(heard.payloads) == frames
    assert not frames or is_silent(heard.pcm())


async def test_silence_in_a_loop_does_not_end(ticker: HandTicker, player: Player) -> None:
    assert len((await listen(ticker, player, PCMU, "silence:20", 200)).payloads) == 200


@pytest.mark.parametrize(
    "source",
    [
        "", "tone", "tone:", "tone:none", "music:x", "noise",
        "file:", "file:none", "file:.hidden", "file:..", "file:../a", "file:/etc/passwd", "file:a\\b", "file:a\0",
        "file:a:b", "file:" + "x" * 101, "silence:", "silence:-1", "silence:x", "silence:3600001",
        "silence:1e3", "silence:²",
    ],
)  # fmt: skip
async def test_what_cannot_be_played_is_refused(ticker: HandTicker, player: Player, source: str) -> None:
    with pytest.raises(MediaError):
        await player.play(Heard(PCMU), PCMU, source, loop=False)
    assert ticker.callbacks == 0


async def test_a_path_out_of_the_folder_is_refused_even_if_it_exists(ticker: HandTicker, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    tone_wav(tmp_path / "secret.wav", 440, 0.1)
    with pytest.raises(MediaError):
        await Player(ticker, Sounds(TONES, tmp_path / "media")).play(
            Heard(PCMU), PCMU, "file:../secret.wav", loop=False
        )


async def test_without_a_folder_there_are_no_files(ticker: HandTicker) -> None:
    with pytest.raises(MediaError):
        await Player(ticker, Sounds(TONES)).play(Heard(PCMU), PCMU, "file:a.wav", loop=False)


@pytest.mark.parametrize("kind", ["text", "empty", "rate", "width", "channels", "long"])
async def test_a_file_we_cannot_play_is_refused(
    ticker: HandTicker, player: Player, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, pcm = tmp_path / "bad.wav", sine(440, 1.5, 8000)
    write_wav(path, pcm, 8000)
    match kind:
        case "text":
            path.write_text("not a recording at all")
        case "empty":
            path.write_bytes(b"")
        case "rate":
            write_wav(path, pcm, 11025)
        case "width":
            path.write_bytes(path.read_bytes()[:32] + b"\x01\x00\x08\x00" + path.read_bytes()[36:])
        case "channels":
            write_wav(path, pcm, 8000, channels=3)
        case "long":
            monkeypatch.setattr(module, "_FILE_LONGEST", 1)
    with pytest.raises(MediaError, match=r"bad\.wav"):
        await player.play(Heard(PCMU), PCMU, "file:bad", loop=False)


async def test_a_codec_we_have_not_is_refused(player: Player) -> None:
    with pytest.raises(MediaError, match="no codec"):
        await player.play(Heard(PCMU), Format(3, "GSM", 8000), "tone:beep", loop=False)


async def test_cancelling_stops_at_once(ticker: HandTicker, player: Player) -> None:
    heard = Heard(PCMU)
    task = asyncio.create_task(player.play(heard, PCMU, "music", loop=True))
    await started(ticker)
    await ticker.run(3)
    task.cancel()
    await ticker.run(3)  # the first of them comes before the task has run
    assert len(heard.payloads) == 3
    assert ticker.callbacks == 0
    assert task.cancelled()


async def test_an_output_that_fails_ends_its_play_and_no_other(ticker: HandTicker, player: Player) -> None:
    class Broken(Heard):
        def write(self, payload: bytes, ticks: int, *, marker: bool = False) -> None:
            raise ConnectionError("gone")

    good = Heard(PCMU)
    async with asyncio.TaskGroup() as group:
        bad_play = group.create_task(asyncio.wait_for(_failing(player, Broken(PCMU)), 20))
        good_play = group.create_task(player.play(good, PCMU, "tone:short", loop=False))
        await started(ticker, 2)
        await ticker.run(12)
        assert await bad_play == "gone"
        await good_play
    assert len(good.payloads) == 8


async def _failing(player: Player, out: Heard) -> str:
    with pytest.raises(ConnectionError) as caught:
        await player.play(out, PCMU, "tone:short", loop=True)
    return str(caught.value)


async def test_skipped_ticks_move_the_timestamp_and_mark(ticker: HandTicker, player: Player) -> None:
    heard = Heard(PCMU)
    task = asyncio.create_task(player.play(heard, PCMU, "tone:short", loop=True))
    await started(ticker)
    await ticker.run(2)
    await ticker.run(1, step=5)
    await ticker.run(1)
    task.cancel()
    assert heard.ticks == [160, 160, 800, 160]
    assert heard.markers == [True, False, True, False]


async def test_a_hundred_listeners_share_what_was_encoded_once(
    ticker: HandTicker, player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, encode = [0], module._encode

    def counted(*args: object) -> object:
        made[0] += 1
        return encode(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_encode", counted)
    heard = [Heard(OPUS) for _ in range(100)]
    tasks = [asyncio.create_task(player.play(out, OPUS, "tone:short", loop=True)) for out in heard]
    await started(ticker, 100)
    await ticker.run(20)
    for task in tasks:
        task.cancel()
    assert made == [1]
    assert all(out.payloads[i] is heard[0].payloads[i] for out in heard for i in range(20))


async def test_a_listener_who_leaves_while_it_is_encoded_does_not_spoil_it_for_others(
    ticker: HandTicker, player: Player
) -> None:
    gone = asyncio.create_task(player.play(Heard(OPUS), OPUS, "music", loop=True))
    stays = asyncio.create_task(player.play(Heard(OPUS), OPUS, "music", loop=True))
    await asyncio.sleep(0.01)
    gone.cancel()
    await started(ticker)
    assert ticker.callbacks == 1
    assert len(player._clips) == 1
    stays.cancel()


async def test_the_second_period_of_a_remembering_codec_is_the_one_that_loops(
    ticker: HandTicker, player: Player
) -> None:
    heard = await listen(ticker, player, OPUS, "tone:short", 24)
    first, second, third = heard.payloads[:8], heard.payloads[8:16], heard.payloads[16:]
    assert first != second
    assert second == third


async def test_the_cache_is_bounded_and_forgets_the_longest_unused(
    ticker: HandTicker, player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CACHE", 5000)
    for source in ("tone:short", "tone:odd", "tone:short", "tone:hum", "tone:beep"):
        await play(ticker, player, PCMU, source)
    assert sum(clip.size for clip in player._clips.values()) <= 5000
    assert [key[0] for key in player._clips] == ["tone:short", "tone:hum", "tone:beep"]
    await play(ticker, player, PCMU, "music")  # larger than all the cache: kept alone
    assert [key[0] for key in player._clips] == ["music"]


async def test_on_the_real_clock_a_tone_takes_its_time() -> None:
    loop = asyncio.get_running_loop()
    heard, player = Heard(PCMU), Player(Ticker(), Sounds(TONES))
    await player.play(heard, PCMU, "silence:0", loop=False)
    begun = loop.time()
    await player.play(heard, PCMU, "tone:short", loop=False)
    assert 0.14 < loop.time() - begun < 0.5
    assert len(heard.payloads) == 8
