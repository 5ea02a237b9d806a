"""One leg's offers and answers, from the first to the last: what was said, what counts, and what changes nothing."""

import secrets
from dataclasses import replace
from typing import Final, Protocol

from xswitch_py.base import sdp
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import MediaError, ProtocolError
from xswitch_py.base.offer import Wish
from xswitch_py.base.sdp import Origin, Session
from xswitch_py.media.api import Heard, Taken, Video
from xswitch_py.media.formats import CODECS
from xswitch_py.media.streams import Agreement

__all__ = ["Bargain", "Side", "parse"]

_AUDIO: Final = tuple(codec.name for codec in CODECS if codec.kind == "audio")


class Side(Protocol):
    """Our side on one kind of transport. What raises `MediaError` leaves everything as it was."""

    def heard(self, offer: Session) -> Heard:
        """Say what an offer has in common with us."""

    def answer(self, offer: Session, wish: Wish) -> tuple[Session, Agreement]:
        """Answer an offer, the first one or another."""

    def offer(self, wish: Wish) -> Session:
        """Make the first offer."""

    def reoffer(self, theirs: Session, video: Video | None) -> Session:
        """Offer anew, all that we can do, and this video or what is in use; `theirs` is what the peer said last."""

    def read(self, offer: Session, answer: Session) -> Agreement:
        """Read the answer to an offer of ours."""

    def begin(self, agreed: Agreement) -> None:
        """Let what was agreed on be done."""

    def drop(self) -> None:
        """Give the transport up, at once."""


class Bargain:
    """What a leg and its peer said to each other."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.agreed: Agreement | None = None
        self.local = ""  # our SDP as it was made last
        self._session = str(secrets.randbits(62))  # of the o= line
        self._version = 0
        self._said: Session | None = None  # what `local` says
        self._wish = Wish(())
        self._video: Video | None = None  # that is wanted from now on
        self._first: Session | None = None  # their offer, to be answered
        self._theirs: Session | None = None  # their description that counts
        self._ours: Session | None = None  # our offer
        self._answers = False  # whether one to it was read
        self._settled = ""  # our last answer, as long as it says what counts

    def read_offer(self, text: str) -> Heard:
        """Read the peer's first offer."""
        offer = parse(text)
        heard = self.side.heard(offer)
        self._first = offer
        return heard

    def make_answer(self, wish: Wish) -> str:
        """Answer it."""
        if self._first is None or self.agreed is not None:
            raise MediaError("there is no offer to answer", Cause.WRONG_CALL_STATE)
        return self._answer(self._first, wish)

    def make_offer(self, wish: Wish) -> str:
        """Make the first offer."""
        if self._ours is not None or self.agreed is not None:
            raise MediaError("there is an offer or an answer already", Cause.WRONG_CALL_STATE)
        return self._offer(self.side.offer(wish), wish)

    def renew(self) -> str:
        """Make an offer on another transport, of the encodings that are in use."""
        if self.agreed is None:
            raise MediaError("nothing was agreed on yet", Cause.WRONG_CALL_STATE)
        audio, video = self.agreed.stream("audio"), self.video
        wanted = self._video or video
        wish = Wish((audio.formats[0].name,) if audio else (), video.names if video.on else (), shows=wanted.sends)
        return self._offer(self.side.offer(wish), wish)

    @property
    def video(self) -> Video:
        """What was agreed on for video."""
        stream = self.agreed.stream("video") if self.agreed else None
        return Video() if stream is None else Video((stream.formats[0].name,), stream.sends, stream.hears)

    def want_video(self, video: Video) -> None:
        """Let the next offers and answers have this video."""
        self._video = video

    def reoffer(self) -> str:
        """Make an offer on the transport there is."""
        if self.agreed is None or self._theirs is None:
            raise MediaError("nothing was agreed on yet", Cause.WRONG_CALL_STATE)
        return self._offer(self.side.reoffer(self._theirs, self._video), self._wish)

    def read_answer(self, text: str) -> None:
        """Take an answer to our offer; the same one again changes nothing."""
        if self._ours is None:
            raise MediaError("there is no offer to answer", Cause.WRONG_CALL_STATE)
        answer = parse(text)
        if self._answers and answer == self._theirs:
            return
        self.agreed = agreed = self.side.read(self._ours, answer)
        self._theirs, self._answers, self._settled = answer, True, ""
        self.side.begin(agreed)

    def take_offer(self, text: str) -> Taken:
        """Answer a later offer; one that is of the same version as before is a refresh, and changes nothing."""
        if self.agreed is None or self._theirs is None:
            raise MediaError("nothing was agreed on yet", Cause.WRONG_CALL_STATE)
        offer = parse(text)
        if _version(offer.origin) != _version(self._theirs.origin):
            self._answer(offer, self._as_before())
        elif self._settled:
            self.local = self._settled
        else:  # what counts is an offer of ours, which is no answer to this one
            answer, _ = self.side.answer(offer, self._as_before())
            self._settled = self._publish(answer)
        stream = self.agreed.stream("audio")
        return Taken(self.local, held=stream is not None and not stream.sends)

    def _answer(self, offer: Session, wish: Wish) -> str:
        answer, agreed = self.side.answer(offer, wish)
        self.agreed, self._theirs, self._wish = agreed, offer, wish
        self._first = self._ours = None
        self._settled = self._publish(answer)
        self.side.begin(agreed)
        return self._settled

    def _offer(self, offer: Session, wish: Wish) -> str:
        text = self._publish(offer)
        self._ours, self._answers, self._wish = self._said, False, wish
        return text

    def _as_before(self) -> Wish:
        """Wish for the encoding in use, else any; and for video as at first, or as is wanted by now."""
        stream = self.agreed.stream("audio") if self.agreed else None
        names = (stream.formats[0].name,) if stream else ()
        audio, video = tuple(dict.fromkeys((*names, *_AUDIO))), self._video
        if video is None:
            return replace(self._wish, audio=audio)
        return Wish(audio, video.names, shows=video.sends)

    def _publish(self, session: Session) -> str:
        """Write our description; its version grows when it says something else (RFC 3264 section 8)."""
        if self._said is None or replace(session, origin=self._said.origin) != self._said:
            self._version += 1
            address = session.origin.address
            self._said = replace(session, origin=Origin("-", self._session, str(self._version), address))
        self.local = sdp.serialise(self._said)
        return self.local


def parse(text: str) -> Session:
    """Read a description.

    Raises:
        MediaError: it is none.
    """
    try:
        return sdp.parse(text)
    except ProtocolError as error:
        raise MediaError(str(error)) from error


def _version(origin: Origin) -> tuple[str, str, str]:
    return origin.user, origin.session, origin.version
