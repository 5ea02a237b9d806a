"""Who has offered and who must answer, and what comes of both at once (RFC 3264, RFC 3261 section 14, RFC 3311)."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.usage import Refused

__all__ = ["AFTER_REFUSAL", "Consequence", "Negotiation", "OfferEvent", "OfferState", "after_refusal", "glare_wait"]


class OfferState(Enum):
    """Whose offer waits for its answer."""

    NOBODYS = "nobodys"
    OURS = "ours"
    THEIRS = "theirs"


class OfferEvent(Enum):
    """What happens to offers: `WE` and `THEY` act; a refusal takes the offer of the other side away."""

    WE_OFFER = "we-offer"
    WE_ANSWER = "we-answer"
    WE_REFUSE = "we-refuse"
    THEY_OFFER = "they-offer"
    THEY_ANSWER = "they-answer"
    THEY_REFUSE = "they-refuse"


NEXT: Final[dict[tuple[OfferState, OfferEvent], OfferState]] = {
    (OfferState.NOBODYS, OfferEvent.WE_OFFER): OfferState.OURS,
    (OfferState.NOBODYS, OfferEvent.THEY_OFFER): OfferState.THEIRS,
    (OfferState.OURS, OfferEvent.THEY_ANSWER): OfferState.NOBODYS,
    (OfferState.OURS, OfferEvent.THEY_REFUSE): OfferState.NOBODYS,
    (OfferState.THEIRS, OfferEvent.WE_ANSWER): OfferState.NOBODYS,
    (OfferState.THEIRS, OfferEvent.WE_REFUSE): OfferState.NOBODYS,
}


class Consequence(Enum):
    """What a refused request inside a dialog means for the dialog."""

    KEEP = "keep"  # session and media are as before
    RETRY = "retry"  # after `glare_wait`, if still wanted
    END = "end"


AFTER_REFUSAL: Final = {408: Consequence.END, 481: Consequence.END, 491: Consequence.RETRY}


def after_refusal(status: int) -> Consequence:
    """What to do when a re-INVITE or UPDATE of ours is refused (sections 12.2.1.2 and 14.1)."""
    return AFTER_REFUSAL.get(status, Consequence.KEEP)


def glare_wait(own_call_id: bool, chance: float) -> float:
    """How many seconds to wait after a 491, in steps of 10 ms (section 14.1).

    Whoever made the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, so that they do not meet again. `chance` is random,
    from 0 up to 1.
    """
    first, last = (210, 400) if own_call_id else (0, 200)
    return (first + min(int(chance * (last - first + 1)), last - first)) / 100


@dataclass(slots=True)
class Negotiation:
    """The offers and answers of one leg; `inviting` says whose INVITE has no final answer yet."""

    state: OfferState = OfferState.NOBODYS
    inviting: OfferState = OfferState.NOBODYS

    def receive(self, event: OfferEvent, chance: float = 0.0) -> None:
        """Take one event. `chance` is random, from 0 up to 1: it spreads the Retry-After.

        Raises:
            Refused: their offer cannot be taken now: ours waits (491), or they have one waiting (500).
            SipError: the event cannot follow here; nothing has changed.
        """
        following = NEXT.get((self.state, event))
        if following is None and event is OfferEvent.THEY_OFFER:
            raise _glare(self.state, chance)
        if following is None:
            raise SipError(f"{event.value} while the offer is {self.state.value}")
        self.state = following

    def they_invite(self, chance: float = 0.0) -> None:
        """Take an INVITE of theirs, with or without an offer (section 14.2).

        Raises:
            Refused: there is one under way: ours (491), or theirs (500).
        """
        for waiting in (self.inviting, self.state):
            if waiting is not OfferState.NOBODYS:
                raise _glare(waiting, chance)
        self.inviting = OfferState.THEIRS

    def we_invite(self) -> None:
        """Note that an INVITE of ours leaves.

        Raises:
            SipError: there is one under way, or an offer (section 14.1).
        """
        if self.inviting is not OfferState.NOBODYS or self.state is not OfferState.NOBODYS:
            raise SipError("an INVITE or an offer is under way")
        self.inviting = OfferState.OURS

    def settled(self) -> None:
        """Note that the INVITE has its final answer."""
        self.inviting = OfferState.NOBODYS


def _glare(waiting: OfferState, chance: float) -> Refused:
    if waiting is OfferState.OURS:
        return Refused(491)
    return Refused(500, "", (("Retry-After", str(min(int(chance * 11), 10))),))
