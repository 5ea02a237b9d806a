"""What happens in XCC's words: a machine that takes the bus's events and gives notifications about channels; pure."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from xswitch_py.base import events
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party

__all__ = ["COVERED", "Channels", "Row", "Word"]

COVERED: Final = frozenset(  # types of the feed that these notifications tell in other words
    {
        "call.created",
        "call.ringing",
        "call.answered",
        "call.bridged",
        "call.unbridged",
        "call.ended",
        "call.dtmf",
        "recording.started",
        "recording.ended",
    }
)

OVER: Final = 1000

Json = dict[str, Any]


class Word(NamedTuple):
    """A notification, the call that it is of, and whose call that is."""

    method: str
    params: Json
    call: CallId | None
    users: frozenset[Address]


@dataclass(slots=True)
class Row:
    """A channel. Times are Unix seconds."""

    uuid: LegId
    outbound: bool
    caller: Party
    callee: Party
    created: float
    users: set[Address] = field(default_factory=set)  # of its call; the same set for all channels of one
    call: CallId | None = None
    told: bool = False  # whether anybody was told that it is there
    rang: float | None = None
    answered: float | None = None
    ready: bool = False
    peer: "Row | None" = None


class Channels:
    """All channels there are."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._rows: dict[LegId, Row] = {}
        self._users: dict[CallId, set[Address]] = {}
        self._over: deque[CallId] = deque()  # calls that ended whose users are still known, for what is told late

    def know(self, row: Row) -> None:
        """Take in a channel that was there before."""
        self._rows[row.uuid] = row
        if row.call is not None:
            row.users = self._of(row.call, row.users)

    def take(self, event: events.Event) -> list[Word]:
        """Take an event; give what is to be told of it, in order."""
        return list(self._take(event))

    def _take(self, event: events.Event) -> Iterator[Word]:
        match event:
            case events.LegStarted(leg=leg, at=at, outbound=outbound, caller=caller, callee=callee):
                self._rows[leg] = Row(leg, outbound, caller, callee, at, {event.user} - {None})  # type: ignore[arg-type]
            case events.CallStarted(call=call, user=user) | events.LegJoined(call=call, user=user):
                yield from self._join(self._rows.get(event.leg), call, user)
            case events.CallEnded(call=call):
                self._forget(call)
            case events.LegRinging(leg=leg, at=at) if (row := self._rows.get(leg)) is not None:
                row.rang = row.rang or at
                yield from self._tell(row, "RINGING")
            case events.LegAnswered(leg=leg, at=at) if (row := self._rows.get(leg)) is not None:
                row.answered = at
                yield from self._tell(row, "ANSWERED")
            case events.CallBridged(leg=leg, other=other):
                yield from self._pair(self._rows.get(leg), self._rows.get(other))
            case events.CallUnbridged(leg=leg) if (row := self._rows.get(leg)) is not None:
                yield from self._part(row)
            case events.LegEnded(leg=leg) if (row := self._rows.pop(leg, None)) is not None:
                yield from self._part(row)
                yield from self._tell(row, "DESTROY", **_ended(row, event.at, event.cause))
            case events.DigitHeard() | events.RecordingStarted() | events.RecordingEnded():
                yield from self._happened(event)

    def _join(self, row: Row | None, call: CallId, user: Address | None) -> Iterator[Word]:
        """A channel takes part in a call. One that we rang for a program is its own once it has answered."""
        users = self._of(call, {user} if user is not None else set())
        if row is None:
            return
        row.call, row.users = call, users
        if not row.told:
            row.told = True
            yield from self._tell(row, "CALLING" if row.outbound else "START")
        elif row.outbound and row.answered is not None and row.peer is None and not row.ready:
            row.ready = True
            yield from self._tell(row, "READY")

    def _pair(self, one: Row | None, other: Row | None) -> Iterator[Word]:
        if one is None or other is None or one.peer is other:
            return
        for row in (one, other):
            yield from self._part(row)
        one.peer, other.peer = other, one
        for row in (one, other):
            yield from self._tell(row, "BRIDGE")

    def _part(self, one: Row) -> Iterator[Word]:
        other = one.peer
        if other is None:
            return
        for row in (one, other):
            yield from self._tell(row, "UNBRIDGE")
        one.peer = other.peer = None

    def _happened(self, event: events.DigitHeard | events.RecordingStarted | events.RecordingEnded) -> Iterator[Word]:
        users = self._users.get(event.call, set()) if event.call is not None else set()
        about: Json = {"node_uuid": self._node, "uuid": event.leg}
        match event:
            case events.DigitHeard(digit=digit, ms=ms, source=source):
                name = "Event.DTMF"
                about |= {"dtmf_digit": digit, "dtmf_ms": ms, "dtmf_source": source}
            case events.RecordingStarted(recording=recording):
                name = "Event.Record"
                about |= {"action": "START", "path": recording}
            case events.RecordingEnded(recording=recording, seconds=seconds, size=size, why=why):
                name = "Event.Record"
                figures = {"size": size, "record_ms": round(seconds * 1000), "completion_cause": why}
                about |= {"action": "STOP", "path": recording, **figures}
        yield Word(name, about, event.call, frozenset(users))

    def _tell(self, row: Row, state: str, **more: Any) -> Iterator[Word]:
        if not row.told:
            return
        peer = {"peer_uuid": row.peer.uuid} if row.peer is not None else {}
        params: Json = {
            "node_uuid": self._node,
            "uuid": row.uuid,
            **peer,
            "call_id": f"call_{row.call}",
            "direction": "outbound" if row.outbound else "inbound",
            "state": state,
            "cid_name": row.caller.name,
            "cid_number": row.caller.number,
            "dest_number": row.callee.number,
            "create_epoch": int(row.created),
            "ring_epoch": int(row.rang or 0),
            "answer_epoch": int(row.answered or 0),
            "answered": row.answered is not None,
            "peers": list(peer.values()),
            **more,
        }
        yield Word("Event.Channel", params, row.call, frozenset(row.users))

    def _forget(self, call: CallId) -> None:
        self._over.append(call)
        if len(self._over) > OVER:
            self._users.pop(self._over.popleft(), None)

    def _of(self, call: CallId, users: set[Address]) -> set[Address]:
        """Give the set of those whose call it is, with these among them."""
        known = self._users.setdefault(call, set())
        known |= users
        return known


def _ended(row: Row, at: float, cause: Cause) -> Json:
    return {
        "hangup_epoch": int(at),
        "cause": cause.value,
        "duration": str(round(at - row.created)),
        "billsec": str(round(at - row.answered) if row.answered is not None else 0),
    }
