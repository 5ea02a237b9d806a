"""What a door does on the wire for a leg."""

from typing import Protocol

from xswitch_py.base.cause import Cause
from xswitch_py.base.offer import Party
from xswitch_py.media.api import Transport

__all__ = ["Wire"]


class Wire(Protocol):
    """What a door does on the wire for a leg. Nothing here waits for the peer."""

    door: str  # "verto"
    transport: Transport
    can_ring: bool  # whether `ring` tells the caller anything; else ringback is played as early media

    @property
    def can_update(self) -> bool:
        """Whether `update` can be done now."""

    @property
    def host(self) -> str:
        """The peer's IP address, as far as the door knows it; or empty."""

    def invite(self, sdp: str) -> None:
        """Offer the call to the peer; the door calls `peer_rang`, `peer_answered` or `peer_left` in time."""

    def ring(self) -> None:
        """Tell the calling peer that the far end is alerted."""

    def early(self, sdp: str) -> None:
        """Give the calling peer our answer SDP before the call is answered."""

    def answer(self, sdp: str | None) -> None:
        """Tell the calling peer that the call is answered; `sdp` only if `early` never brought it."""

    def bye(self, cause: Cause) -> None:
        """Tell the peer that the call is over; not called when the peer itself ended it."""

    def display(self, shown: Party) -> None:
        """Show the peer whom it now talks to."""

    def press(self, digit: str, ms: int) -> None:
        """Let the peer have a digit whose media takes none; a door without words for it does nothing."""

    def update(self, sdp: str) -> None:
        """Offer the peer of a call that is up other media; the door brings the answer to `Updates`."""
