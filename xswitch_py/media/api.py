"""What the core sees of media: ids and plain data in, events out, so that it could live in another process.

A leg's media begins with `open`, agrees by one SDP offer and answer (`read_offer` then `make_answer`, or `make_offer`
then `read_answer`), may agree anew (`take_offer`, or `reoffer` then `read_answer`), and lasts until `close`. What it
hears comes from one place at a time: a bridge, what is played, or a leg that it listens to. What was joined or started
last counts, and taking away what no longer counts changes nothing. After what is played comes the bridge again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NewType, Protocol

from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import BridgeId, LegId
from xswitch_py.base.offer import Wish

__all__ = [
    "CallQuality",
    "Connected",
    "Digit",
    "Failed",
    "Heard",
    "LegStats",
    "Listener",
    "Measured",
    "Media",
    "MediaEvent",
    "Milestone",
    "Quality",
    "Recorded",
    "RecordingId",
    "Taken",
    "Transport",
    "Video",
    "Way",
    "WayTotal",
]

RecordingId = NewType("RecordingId", int)


class Transport(StrEnum):
    """How a leg's packets travel."""

    WEBRTC = "webrtc"  # ICE and DTLS-SRTP on the shared port
    RTP = "rtp"  # ports of the leg's own: plain RTP, or SRTP with keys from the SDP where the peer offers that
    SRTP = "srtp"  # the same, and what we offer is SRTP only (RFC 4568)


@dataclass(frozen=True, slots=True)
class Heard:
    """What an offer has in common with us, in the offerer's order; never without audio."""

    audio: tuple[str, ...]
    video: tuple[str, ...]
    digits: bool  # telephone-event was offered


@dataclass(frozen=True, slots=True)
class Taken:
    """What a new offer of a peer with whom media is agreed came to: our answer, and whether it holds the call."""

    sdp: str
    held: bool  # the peer does not want to hear us, or gave no address (RFC 3264 section 8.4)


@dataclass(frozen=True, slots=True)
class Video:
    """A leg's pictures: in which encodings, the best first, or none for no video; and who has some to send."""

    names: tuple[str, ...] = ()
    sends: bool = False  # we do
    hears: bool = False  # the peer does

    @property
    def on(self) -> bool:
        """Whether any may pass."""
        return bool(self.names) and (self.sends or self.hears)


@dataclass(frozen=True, slots=True)
class Way:
    """How well one direction of a leg's audio goes. An interval in which no packet was to come has no loss."""

    packets: int  # so far
    lost: int  # so far
    loss: float  # percent, in the last seconds
    jitter: float  # ms
    mos: float  # 1 to 4.5 (ITU-T G.107)


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a leg was heard by us, and heard us as its peer reports; round trip in ms (RFC 3550 section 6.4.1).

    A relay leaves gaps as they are, so what the peer misses may be lost on the way from its partner to us.
    """

    codec: str
    heard: Way
    told: Way | None  # None if the peer has not reported of late
    rtt: float | None


@dataclass(frozen=True, slots=True)
class WayTotal:
    """One direction over a whole call."""

    lost: int
    loss: float  # percent
    jitter: float  # ms, the worst
    mos: float  # the mean
    worst: float  # the lowest MOS


@dataclass(frozen=True, slots=True)
class CallQuality:
    """How well a leg's audio went from its first packet on; None where nothing was measured."""

    heard: WayTotal | None
    told: WayTotal | None
    rtt: float | None  # ms, the mean


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording is over and its file closed. `why`: "stopped", "hangup", "limit", "disk", or "crash" by our fault."""

    id: RecordingId
    path: Path
    seconds: float
    size: int  # bytes
    lost: int  # packets that the disk was too slow for, or that could not be read
    why: str


@dataclass(frozen=True, slots=True)
class LegStats:
    """What a leg's audio carried so far. Loss is counted from gaps in the sequence; jitter in ms (RFC 3550 6.4.1)."""

    codec: str = ""
    packets_in: int = 0
    packets_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    lost: int = 0
    jitter: float = 0.0
    dropped: int = 0  # refused: bad authentication, replayed, malformed or from a stranger
    quality: CallQuality | None = None  # None while nothing was heard, nor reported


@dataclass(frozen=True, slots=True)
class Connected:
    """Packets can flow: ICE and DTLS are done."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The media cannot be set up in time, or nothing was heard for too long."""

    cause: Cause
    text: str


@dataclass(frozen=True, slots=True)
class Digit:
    """The peer pressed a key (RFC 4733), once per press."""

    digit: str
    ms: int


@dataclass(frozen=True, slots=True)
class Measured:
    """How the last seconds went; told with each report, while packets can flow."""

    quality: Quality


@dataclass(frozen=True, slots=True)
class Milestone:
    """The media came a step further: `layer` is "ice", "dtls", "rtp" or "media". No secrets are in the text."""

    layer: str
    text: str


MediaEvent = Connected | Failed | Digit | Measured | Milestone
Listener = Callable[[MediaEvent], None]


class Media(Protocol):
    """The media plane. Methods that take a leg raise `MediaError` when it is not open."""

    def open(self, leg: LegId, transport: Transport, listener: Listener, host: str = "") -> None:
        """Begin a leg's media; `listener` hears of it until `close`.

        `host` is where the peer is thought to be: an offer of plain RTP tells which address of ours leads there.
        """

    def transport_of(self, sdp: str) -> Transport:
        """Say how a peer who offers this wants its packets to travel: `WEBRTC` or `RTP`.

        Raises:
            MediaError: it cannot be read.
        """

    def read_offer(self, leg: LegId, sdp: str) -> Heard:
        """Read the peer's offer.

        Raises:
            MediaError: it cannot be read, is incomplete, or has no codec in common with us.
        """

    async def make_answer(self, leg: LegId, wish: Wish) -> str:
        """Answer the peer's offer, and start connecting.

        The first audio encoding of `wish` that was offered is agreed; video only if `wish` has some.
        A peer that does not connect within the set-up limit gives `Failed`.
        """

    async def make_offer(self, leg: LegId, wish: Wish) -> str:
        """Make an offer to the peer."""

    async def read_answer(self, leg: LegId, sdp: str) -> None:
        """Take the peer's answer to our offer, and start connecting.

        Another answer to the same offer takes the place of the one before (a fork, or early media and then the call);
        the same one again changes nothing. One that follows `reoffer` changes what was agreed.

        Raises:
            MediaError: it cannot be read or does not answer our offer; what was agreed before still is.
        """

    async def take_offer(self, leg: LegId, sdp: str) -> Taken:
        """Answer a new offer of a peer with whom media is agreed: hold, another address, a restart of ICE, a refresh.

        Video is answered as `want_video` said last, else as at first.

        One whose `o=` line says that nothing changed gets our last SDP again, and touches nothing (S77). Streams that
        we send go on: same SSRC, sequence and clock.

        Raises:
            MediaError: it cannot be read, or has nothing in common with us; what was agreed before still is.
        """

    async def reoffer(self, leg: LegId) -> str:
        """Offer a peer with whom media is agreed all that we can do on the transport there is; `read_answer` follows.

        Video is what is in use, or what `want_video` said last. An answer that never comes changes nothing.
        """

    def want_video(self, leg: LegId, video: Video) -> None:
        """Say which pictures the next offers and answers shall have; `hears` is the peer's to say.

        Without names an offer of ours lets those there are rest, and an answer refuses any.
        """

    def video(self, leg: LegId) -> Video:
        """Say what was agreed on for video; nothing before that."""

    def local(self, leg: LegId) -> str:
        """Give our SDP as it was made last, to be sent again unchanged; `""` if there is none."""

    async def renew(self, leg: LegId) -> str:
        """Make a fresh offer for a leg whose peer starts anew (same media, new ICE and DTLS).

        The streams we send go on: same SSRC, sequence and clock. `read_answer` follows.
        """

    def suspend(self, leg: LegId) -> None:
        """The peer has gone for the moment: stop sending, watch for no time-outs, until `renew`."""

    def watch(self, leg: LegId, watched: bool) -> None:
        """Watch for time-outs from now on, or do not while nobody can be told; what flows goes on flowing."""

    def takes_digits(self, leg: LegId) -> bool:
        """Say whether the peer agreed on telephone-events: if not, `send_digits` does nothing."""

    def codec(self, leg: LegId) -> str:
        """Name the audio encoding agreed on, or `""` before that."""

    def has_video(self, leg: LegId) -> bool:
        """Say whether video was agreed."""

    def bridge(self, one: LegId, other: LegId) -> BridgeId:
        """Let two legs hear each other; a leg joined to itself hears its own echo."""

    def unbridge(self, bridge: BridgeId) -> None:
        """Part them again. A leg that meanwhile hears something else is left alone."""

    async def play(self, leg: LegId, source: str, *, loop: bool = False) -> None:
        """Let a leg hear a source: `tone:NAME`, `file:NAME`, `music` or `silence:MS`; return when it is over.

        Cancelling stops it. A leg that is in a bridge then hears it again.

        Raises:
            MediaError: there is no such source.
        """

    def hold(self, leg: LegId, held: bool) -> None:
        """Put a leg on hold: nothing passes either way, its bridge partner hears music; or take it off."""

    def mute(self, leg: LegId, muted: bool) -> None:
        """Let nobody hear what a leg's peer says, whatever it is joined with; or let it be heard again.

        Its partner hears silence, and none of its keys; pictures pass. What the leg itself hears goes on.
        """

    def record(
        self, leg: LegId, path: Path, told: Callable[[Recorded], None], *, longest: float = 14_400.0
    ) -> RecordingId:
        """Write a leg's sound to a new WAV file: left what its peer says, right what it hears from us.

        8 kHz if the leg has G.711, else 16. What is missing, muted or on hold is silence, so that both stay in step.
        It ends with the leg, by `stop_recording` or after `longest` seconds; `told` hears once that it is over. The
        file can be read at any time, and a crash leaves it whole.

        Raises:
            MediaError: the file cannot be made.
        """

    def stop_recording(self, recording: RecordingId) -> None:
        """End a recording; one that is over stays so."""

    def listen(self, leg: LegId, target: LegId) -> BridgeId:
        """Let a leg hear both what another's peer says and what that hears; ends by `unbridge`.

        Nobody hears the leg: a bridge that it was in is over.

        Raises:
            MediaError: the other one listens to this leg, or it is the same.
        """

    def send_digits(self, leg: LegId, digits: str) -> None:
        """Let a leg's peer receive digits: `0-9A-D*#F`, `w` waits 500 ms and `W` 1 s; `@MS` at the end is their length.

        Raises:
            ProtocolError: these are no digits, or too many.
        """

    def refresh_video(self, leg: LegId) -> None:
        """Ask the peer of this leg for a key frame."""

    def stats(self, leg: LegId) -> LegStats:
        """Say what the leg carried so far."""

    def quality(self, leg: LegId) -> CallQuality | None:
        """Say how the audio did so far; None while nothing was heard, nor reported."""

    def close(self, leg: LegId) -> LegStats:
        """End a leg's media and say what it carried; closing a leg that is not open gives zeros."""
