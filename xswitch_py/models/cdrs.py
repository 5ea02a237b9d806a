"""Records of calls."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError

from xswitch_py.base.cause import Cause
from xswitch_py.base.records import Cdr as Row
from xswitch_py.base.records import CdrFilter, mos_of
from xswitch_py.models.calls import Party
from xswitch_py.models.given import Cursor, Id, Limit
from xswitch_py.models.shape import Model, Moment

__all__ = ["Cdr", "CdrQuality", "CdrWay", "CdrsAsked", "CdrsWanted"]

Direction = Literal["internal", "inbound", "outbound"]


def _in_utc(time: datetime) -> datetime:
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


When = Annotated[datetime, AfterValidator(_in_utc)]  # without an offset it is UTC


class CdrWay(Model):
    """One direction over a whole call."""

    lost: int
    """Packets."""
    loss: float
    """Percent."""
    jitter: float
    """The worst, in ms."""
    mos: float
    """The mean, from 1 to 4.5."""
    worst: float
    """The lowest MOS."""


class CdrQuality(Model):
    """How well the sound of who placed the call went; null where nothing was measured."""

    heard: CdrWay | None
    """From their phone to us."""
    told: CdrWay | None
    """From us to their phone, as it reports."""
    rtt: float | None
    """There and back, in ms."""


class Cdr(Model):
    """What is kept of a call. While it goes on it has no end, no length and no cause."""

    id: str
    caller: Party
    callee: Party
    user: str | None
    """Who placed it, where that is one of our users."""
    reached: str | None
    """Whose phone answered, where that is one of our users."""
    door: str
    """How it came in: `sip`, `verto`; empty: a program placed it."""
    direction: Direction
    started: Moment
    answered: Moment | None
    ended: Moment | None
    duration: float | None
    """Seconds from beginning to end."""
    billsec: float | None
    """Seconds from the answer to the end; 0 if nobody answered."""
    cause: Cause | None
    codec: str
    packets_in: int
    """From the phone of who placed the call."""
    packets_out: int
    lost: int
    """Of those that should have come in."""
    mos: float | None
    """How it sounded, from 1 to 4.5: the mean of the worse way; null if nothing was measured."""
    quality: CdrQuality | None
    recordings: list[str]
    """Ids of the recordings of it that one may hear."""

    @classmethod
    def of(cls, row: Row, recordings: list[str]) -> Self:
        """Show a row of the database."""
        return cls.model_validate(
            {
                "id": f"call_{row.call}",
                "caller": Party(name=row.caller.name, number=row.caller.number),
                "callee": Party(name=row.callee.name, number=row.callee.number),
                "user": str(row.user) if row.user is not None else None,
                "reached": str(row.reached) if row.reached is not None else None,
                "duration": round(max(0.0, row.ended - row.started), 3) if row.ended is not None else None,
                "billsec": _billed(row),
                "mos": mos_of(row.quality),
                "quality": _quality(row),
                "recordings": recordings,
                **{name: getattr(row, name) for name in _AS_THEY_ARE},
            }
        )


_AS_THEY_ARE = (
    "door", "direction", "started", "answered", "ended", "cause", "codec", "packets_in", "packets_out", "lost",
)  # fmt: skip


class CdrsWanted(Model):
    """Which records are wanted."""

    from_: When | None = Field(default=None, alias="from")
    """Calls that began then or later; without an offset the time is UTC."""
    to: When | None = None
    """Calls that began before."""
    party: Id = ""
    """The number of who called or was called, or the user who placed the call."""
    cause: Cause | None = None
    direction: Direction | None = None
    min_billsec: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] = 0.0
    """Answered for at least so many seconds."""
    limit: Limit = 50
    """Items in a page."""
    cursor: Cursor = None
    """`next_cursor` of the page before."""
    total: bool = False
    """Whether to count all of them."""

    def filter(self) -> CdrFilter:
        """Give it as the database is asked."""
        return CdrFilter(
            since=self.from_.timestamp() if self.from_ is not None else None,
            until=self.to.timestamp() if self.to is not None else None,
            party=self.party,
            cause=self.cause,
            direction=self.direction or "",
            min_billsec=self.min_billsec,
        )


class CdrsAsked(CdrsWanted):
    """Which records are wanted, and how."""

    as_text = True
    format: Literal["json", "csv"] = "json"
    """`csv`: all of them in one table, whatever `limit` and `cursor` say."""


def _billed(row: Row) -> float | None:
    if row.ended is None:
        return None
    return 0.0 if row.answered is None else round(max(0.0, row.ended - row.answered), 3)


def _quality(row: Row) -> CdrQuality | None:
    """Show what was measured; of what another version of ours wrote, only what has the same members."""
    try:
        return CdrQuality.model_validate(row.quality) if row.quality else None
    except ValidationError:
        return None
