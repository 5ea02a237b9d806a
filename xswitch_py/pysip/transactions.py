"""All transactions of a stack: messages are given to theirs, and what belongs to none begins one or is dropped."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import assert_never

from xswitch_py.pysip.client_transaction import ClientTransaction, InviteClient, OtherClient
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.message import Request, Response, response_to
from xswitch_py.pysip.server_transaction import InviteServer, OtherServer, ServerTransaction
from xswitch_py.pysip.transaction import (
    Answered,
    Arrived,
    Asked,
    Cancel,
    Cancelled,
    Deliver,
    Effect,
    Event,
    Failed,
    Failure,
    Fired,
    Flow,
    Key,
    Lost,
    Open,
    Send,
    State,
    Terminated,
    Times,
    client_key,
    server_key,
)

__all__ = ["Transactions"]

Origin = tuple[str, str, int, str]  # Call-ID, From tag, CSeq: what all copies of a request have in common


@dataclass(slots=True)
class Transactions:
    """The transactions under way, at most `limit` of each side's, not counting CANCELs.

    What has no room is refused: a request of theirs with 503, one of ours with `Failed`.
    """

    times: Times = field(default_factory=Times)
    limit: int = 50_000
    _ours: dict[Key, ClientTransaction] = field(default_factory=dict)
    _theirs: dict[Key, ServerTransaction] = field(default_factory=dict)
    _origins: dict[Origin, Key] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._ours) + len(self._theirs)

    def __contains__(self, key: Key) -> bool:
        return key in self._ours or key in self._theirs

    def receive(self, event: Event) -> list[Effect]:
        """Take one event; return what must now be done, in order.

        Raises:
            SipError: a request of ours has the branch of one under way; nothing has changed.
        """
        match event:
            case Arrived():
                return self._arrived(event)
            case Asked():
                return self._ask(event)
            case Lost(flow=flow):
                return [effect for each in self._on(flow) for effect in self._give(each, event)]
            case Answered(key=key) | Cancel(key=key) | Fired(key=key):
                return self._give(self._ours.get(key) or self._theirs.get(key), event)
            case _:
                assert_never(event)

    def _arrived(self, event: Arrived) -> list[Effect]:
        message = event.message
        if isinstance(message, Response):
            # Section 8.1.3.3: a response with several Vias was meant for another.
            return self._give(self._ours.get(client_key(message)) if len(message.vias) == 1 else None, event)
        return self._ack(message, event) if message.method == "ACK" else self._request(message, event)

    def _ack(self, ack: Request, event: Event) -> list[Effect]:
        """An ACK of a refusal ends in its transaction; that of a 2xx is the core's, which drops it if it is stray."""
        found = self._theirs.get(server_key(ack))
        return self._give(found, event) if found else [Deliver(None, ack)]

    def _request(self, request: Request, event: Arrived) -> list[Effect]:
        key = server_key(request)
        if found := self._theirs.get(key):
            return self._give(found, event)
        if request.method == "CANCEL":  # also when there is no room: it makes some
            return self._cancel(key, request, event)
        if len(self._theirs) >= self.limit:
            return [Send(self._busy(key, request), event.flow)]
        if self._is_merged(key, request):  # section 8.2.2.2
            return self._answer_at_once(key, request, event, response_to(request, 482, to_tag=_tag(key)))
        return self._give(self._begin(key, request, event), event)

    def _begin(self, key: Key, request: Request, event: Arrived) -> ServerTransaction:
        kind = InviteServer if request.method == "INVITE" else OtherServer
        found = self._theirs[key] = kind(key, request, event.flow, event.reliable, self.times)
        if not request.to.tag:
            self._origins.setdefault(_origin(request), key)
        return found

    def _answer_at_once(self, key: Key, request: Request, event: Arrived, response: Response) -> list[Effect]:
        """Answer a request that the core shall not see; repeats, and an ACK, then find their transaction."""
        begun = self._give(self._begin(key, request, event), event)
        quiet = [effect for effect in begun if not isinstance(effect, Deliver)]
        return [*quiet, *self._give(self._theirs.get(key), Answered(key, response))]

    def _cancel(self, key: Key, request: Request, event: Arrived) -> list[Effect]:
        """Answer a CANCEL, and tell the core if the INVITE still waits for its answer (section 9.2).

        A stray one is answered, and forgotten: anybody may send it, and its copies get the same answer.
        """
        invite = self._theirs.get(key._replace(method="INVITE"))
        if not isinstance(invite, InviteServer):
            return [Send(response_to(request, 481, to_tag=_tag(key)), event.flow)]
        said = invite.last.to.tag if invite.last else ""
        response = response_to(request, 200, to_tag=said or _tag(invite.key))
        effects = self._answer_at_once(key, request, event, response)
        return [*effects, Cancelled(invite.key, request)] if invite.state is State.PROCEEDING else effects

    def _is_merged(self, key: Key, request: Request) -> bool:
        """Whether another copy of this request came another way. One we challenged may have come back improved."""
        if request.to.tag:
            return False
        other = self._theirs.get(self._origins.get(_origin(request), key))
        return other is not None and (other.last is None or other.last.status not in (401, 407))

    def _busy(self, key: Key, request: Request) -> Response:
        response = response_to(request, 503, to_tag=_tag(key))
        response.headers.set("Retry-After", "5")
        return response

    def _ask(self, event: Asked) -> list[Effect]:
        key = client_key(event.request)
        if key in self._ours:
            raise SipError(f"branch {key.branch} of {key.method} is in use")
        if len(self._ours) >= self.limit:
            return [Failed(key, Failure.FULL), Terminated(key)]
        kind = InviteClient if event.request.method == "INVITE" else OtherClient
        found = self._ours[key] = kind(key, event.request, event.flow, event.reliable, event.times or self.times)
        return self._give(found, event)

    def _on(self, flow: Flow) -> list[ClientTransaction]:
        return [each for each in self._ours.values() if each.flow == flow]

    def _give(self, found: ClientTransaction | ServerTransaction | None, event: Event) -> list[Effect]:
        return [] if found is None else [done for effect in found.receive(event) for done in self._own(found, effect)]

    def _own(self, found: ClientTransaction | ServerTransaction, effect: Effect) -> Iterator[Effect]:
        """Carry out what is the table's own to do, and pass on the rest."""
        match effect:
            case Open(request=request):
                key = client_key(request)
                cancel = self._ours[key] = OtherClient(key, request, found.flow, found.reliable, found.times)
                yield from cancel.receive(Asked(request, found.flow, found.reliable))
            case Terminated(key=key):
                self._ours.pop(key, None)
                self._forget(self._theirs.pop(key, None))
                yield effect
            case _:
                yield effect

    def _forget(self, found: ServerTransaction | None) -> None:
        if found and self._origins.get(_origin(found.request)) == found.key:
            del self._origins[_origin(found.request)]


def _origin(request: Request) -> Origin:
    return (request.call_id, request.from_.tag, request.cseq.number, request.method)


def _tag(key: Key) -> str:
    """A tag that is the same for each copy of a request (section 8.2.7); nobody builds a dialog on it."""
    return hashlib.sha256(repr(key).encode("utf-8", "surrogateescape")).hexdigest()[:16]
