"""What a leg hears from us ourselves: sounds in the codec and in packets as long as its peer wants, and digits."""

from dataclasses import dataclass

import structlog

from xswitch_py.media.dtmf import DigitSender
from xswitch_py.media.lane import Lane
from xswitch_py.media.player import Player
from xswitch_py.media.port import Port
from xswitch_py.media.streams import Regroup
from xswitch_py.media.ticker import Ticker

__all__ = ["Dialling", "Recoded", "Voice", "perform"]

log = structlog.get_logger("xswitch.media")


class Recoded(Exception):
    """Another codec was agreed on."""


class Voice:
    """A leg's audio, as long as it is in one codec: what is played goes out in it."""

    __slots__ = ("_groups", "_lane", "_late", "_marker", "_stream", "format")

    def __init__(self, lane: Lane) -> None:
        assert lane.stream is not None
        self.format = lane.stream.formats[0]
        self._stream = lane.stream
        self._lane = lane
        self._groups = Regroup.of(lane.stream)
        self._late = 0  # ticks that were skipped before the next packet
        self._marker = False

    def write(self, payload: bytes, ticks: int, *, marker: bool = False) -> None:
        """Send 20 ms; see `RtpOut.write`.

        Raises:
            Recoded: another codec is in use.
        """
        stream = self._lane.stream
        if stream is not self._stream:
            if stream is None or stream.formats[0] != self.format:
                raise Recoded
            self._stream, self._groups = stream, Regroup.of(stream)
        groups = self._groups
        if groups is None:
            self._lane.out.write(payload, ticks, marker=marker)
            return
        self._late += ticks - len(payload)  # an octet is a tick
        self._marker |= marker
        for packet in groups.put(payload):
            self._lane.out.write(packet, len(packet) + self._late, marker=self._marker)
            self._late, self._marker = 0, False


async def perform(player: Player, port: Port, source: str, loop: bool) -> None:
    """Play a source to a leg as soon as packets can flow; begin again where another codec is agreed on.

    Raises:
        MediaError: there is no such source.
    """
    await port.connected.wait()
    while True:
        voice = Voice(port.audio)
        try:
            return await player.play(voice, voice.format, source, loop=loop)
        except Recoded:
            log.info("played anew in another codec", leg=port.leg)


@dataclass(slots=True, eq=False)
class Dialling:
    """Digits on their way to a leg's peer, one packet a tick."""

    port: Port
    sender: DigitSender
    ticker: Ticker

    def push(self, digits: str) -> None:
        """Queue digits."""
        self.sender.push(digits)
        self.ticker.add(self.tick)

    def tick(self, _: int) -> None:
        """Send the next packet."""
        for packet in self.sender.tick():
            self.port.audio.out.write_event(packet.payload, start=packet.start)
        if not self.sender.busy:
            self.stop()

    def stop(self) -> None:
        """Send no more."""
        self.ticker.remove(self.tick)
