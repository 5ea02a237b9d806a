"""Who calls whom, with which media: what a leg brings into the switch or takes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xswitch_py.base.address import Address

__all__ = ["Offer", "Party", "Wish"]


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a call as people see it."""

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class Wish:
    """The media a leg shall be offered: encoding names in order of preference; empty `video` means none.

    Names are written as in SDP (`opus`, `PCMU`, `VP8`); telephone-event always comes with audio.
    """

    audio: tuple[str, ...]
    video: tuple[str, ...] = ()
    shows: bool = True  # whether there are pictures to send, or the peer's are only wanted


@dataclass(frozen=True, slots=True)
class Offer:
    """One call offered: by a peer to us (`sdp` is theirs) or by us to a peer (`wish` says what we offer)."""

    caller: Party
    callee: Party  # its number is the one that was dialled
    user: Address | None = None  # whose leg it is: the authenticated caller, or the user who is called
    context: str = "default"  # of the dialplan
    sdp: str | None = None
    wish: Wish | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
