"""Listening in: both directions of a leg, decoded, mixed, and encoded for somebody whom nobody hears."""

import asyncio
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import MediaError
from xswitch_py.base.ids import BridgeId
from xswitch_py.media.codecs import encoder
from xswitch_py.media.lane import Lane
from xswitch_py.media.patch import Member, Patch
from xswitch_py.media.port import Port
from xswitch_py.media.sides import Spawn
from xswitch_py.media.streams import Stream
from xswitch_py.media.tap import Sound, rate_of
from xswitch_py.media.ticker import Ticker
from xswitch_py.media.voice import Recoded, Voice

__all__ = ["Audience", "Buffer"]

Pcm = NDArray[np.int16]

_FRAMES: Final = 50  # a second
_LEAST: Final = 2  # frames that must be there before a buffer gives some, so that the next ones may be late
_MOST: Final = 5  # frames in a buffer: 100 ms


@dataclass(frozen=True, slots=True, eq=False)
class _Listening:
    """One leg that listens to another."""

    leg: Member
    target: Member
    task: "asyncio.Task[None]"


class Audience:
    """Who listens to whom."""

    def __init__(self, patch: Patch, ticker: Ticker, spawn: Spawn) -> None:
        self._patch = patch
        self._ticker = ticker
        self._spawn = spawn
        self._listening: dict[BridgeId, _Listening] = {}

    def listen(self, leg: Member, target: Member) -> BridgeId:
        """Let a leg hear both directions of another one.

        Raises:
            MediaError: the other one listens to this leg, be it through others, or is the same.
        """
        if target in self._listeners(leg):
            raise MediaError("a leg cannot listen to itself, nor to one that listens to it", Cause.WRONG_CALL_STATE)
        work = _listen(leg.port, target.port.audio, self._ticker)
        task = self._spawn(work, f"{leg.port.leg} listens to {target.port.leg}")
        number = self._patch.number()
        self._listening[number] = _Listening(leg, target, task)
        self._patch.only_hear(leg, task)
        task.add_done_callback(lambda _: self._over(number))
        return number

    def end(self, number: BridgeId) -> None:
        """End a listening, if it is one and goes on."""
        if number in self._listening:
            self._listening[number].task.cancel()

    def leave(self, target: Member) -> None:
        """End all listening to a leg."""
        for listening in self._listening.values():
            if listening.target is target:
                listening.task.cancel()

    def _listeners(self, leg: Member) -> list[Member]:
        """List a leg, those who listen to it, those who listen to them, and so on."""
        found = [leg]
        for one in found:
            found += [listening.leg for listening in self._listening.values() if listening.target is one]
        return found

    def _over(self, number: BridgeId) -> None:
        listening = self._listening.pop(number)
        self._patch.over(listening.leg, listening.task)


class Buffer:
    """The sound of one direction between coming and being heard."""

    def __init__(self, rate: int) -> None:
        self._sound = Sound(rate)
        self._frame = rate // _FRAMES
        self._none: Pcm = np.zeros(self._frame, np.int16)
        self._pcm: Pcm = self._none[:0]
        self._filling = True

    def put(self, stream: Stream, packet: bytes, now: float) -> None:
        """Take a packet; of too much sound the oldest is dropped."""
        for piece in self._sound.put(stream, packet, now):
            self._pcm = np.concatenate((self._pcm, piece.pcm))
        if len(self._pcm) > _MOST * self._frame:
            self._pcm = self._pcm[-_LEAST * self._frame :]

    def take(self) -> Pcm:
        """Give 20 ms: silence if there is not enough."""
        if len(self._pcm) < (_LEAST if self._filling else 1) * self._frame:
            self._filling = True
            return self._none
        self._filling = False
        taken, self._pcm = self._pcm[: self._frame], self._pcm[self._frame :]
        return taken


class _Mixer:
    """An ear whose owner hears what it hears."""

    def __init__(self, voice: Voice, rate: int) -> None:
        name = voice.format.name
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._voice = voice
        self._encoder = encoder(name, rate if name.upper() == "OPUS" else 0)
        self._ticks = voice.format.clock // _FRAMES
        self._said, self._answered = Buffer(rate), Buffer(rate)
        self._last: int | None = None

    def heard(self, stream: Stream, packet: bytes, now: float) -> None:
        """Take what the peer sent."""
        self._said.put(stream, packet, now)

    def told(self, stream: Stream, packet: bytes, now: float) -> None:
        """Take what the peer was sent."""
        self._answered.put(stream, packet, now)

    def tick(self, n: int) -> None:
        """Send the next 20 ms."""
        if self.over.done():
            return
        steps = 1 if self._last is None else n - self._last  # more where the ticker skipped some
        mixed = np.clip(self._said.take().astype(np.int32) + self._answered.take(), -32768, 32767).astype(np.int16)
        try:
            self._voice.write(self._encoder.encode(mixed), self._ticks * steps, marker=steps > 1 or self._last is None)
        except Exception as error:  # the ticker cannot tell who listens
            self.over.set_exception(error)
        self._last = n


async def _listen(port: Port, target: Lane, ticker: Ticker) -> None:
    """Let a leg hear what is said and heard on another one's lane, until cancelled."""
    await port.connected.wait()
    while True:
        mixer = _Mixer(Voice(port.audio), rate_of(port.audio.stream))
        target.tap(mixer)
        ticker.add(mixer.tick)
        try:
            await mixer.over
        except Recoded:
            continue
        finally:
            target.untap(mixer)
            ticker.remove(mixer.tick)
