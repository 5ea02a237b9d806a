"""Dialogs: what two user agents remember of each other, and the requests they send inside (RFC 3261 section 12)."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from xswitch_py.pysip.errors import BadMessage, SipError
from xswitch_py.pysip.headers import Address, Via
from xswitch_py.pysip.message import Message, Request, Response, response_to
from xswitch_py.pysip.uri import Uri
from xswitch_py.pysip.usage import Fields, Refused

__all__ = [
    "REFRESHES_TARGET",
    "Dialog",
    "DialogId",
    "DialogState",
    "dialog_id",
    "dialog_of_request",
    "dialog_of_response",
]

REFRESHES_TARGET: Final = frozenset({"INVITE", "UPDATE"})
_HAS_CONTACT: Final = REFRESHES_TARGET | {"SUBSCRIBE", "NOTIFY", "REFER"}
_SCHEMES: Final = ("sip", "sips")  # where requests can be sent to
_EARLY: Final = frozenset({"PRACK", "UPDATE", "BYE"})  # all that may be asked before the answer
_NO_RISE: Final = frozenset({"ACK", "CANCEL"})  # their CSeq number is the INVITE's


class DialogState(Enum):
    """How far a dialog has come."""

    EARLY = "early"
    CONFIRMED = "confirmed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class DialogId:
    """What finds a dialog."""

    call_id: str
    local_tag: str
    remote_tag: str


def dialog_id(message: Message) -> DialogId:
    """The dialog that a received message belongs to; the local tag of one that begins a dialog is empty."""
    ours, theirs = (message.to, message.from_) if isinstance(message, Request) else (message.from_, message.to)
    return DialogId(message.call_id, ours.tag, theirs.tag)


@dataclass(slots=True)
class Dialog:
    """One dialog, seen from our side."""

    id: DialogId
    local: Address  # with our tag
    remote: Address  # with theirs
    target: Uri  # where its requests go to in the end
    routes: tuple[Address, ...]  # and by what way
    contact: Address  # where ours shall come to
    local_cseq: int
    remote_cseq: int = -1
    state: DialogState = DialogState.EARLY

    def check(self, request: Request) -> None:
        """See whether a request of theirs is in order, and note its place.

        Raises:
            Refused: the dialog is over (481), the request is late (500, section 12.2.2) or came twice (482).
        """
        if self.state is DialogState.ENDED:
            raise Refused(481)
        if request.method in _NO_RISE:
            return
        number = request.cseq.number
        if number < self.remote_cseq:
            raise Refused(500, "CSeq Out Of Order")
        if number == self.remote_cseq:  # a true repeat ends in its transaction
            raise Refused(482)
        self.remote_cseq = number

    def refresh(self, message: Request | Response) -> None:
        """Take the new target that an INVITE or UPDATE, or a 2xx to one, brings (section 12.2)."""
        if message.cseq.method in REFRESHES_TARGET:
            self.target = _target(message) or self.target

    def confirm(self, answer: Response | None = None) -> None:
        """Go from early to confirmed; a 2xx of theirs brings the final route and target (section 13.2.2.4)."""
        if self.state is not DialogState.EARLY:
            return
        self.state = DialogState.CONFIRMED
        if answer is not None:
            self.target = _target(answer) or self.target
            self.routes = _sloppy_routes(answer)[::-1]

    def end(self) -> None:
        """Let nothing follow."""
        self.state = DialogState.ENDED

    def request(
        self, method: str, via: Via, body: bytes = b"", content_type: str = "application/sdp", fields: Fields = ()
    ) -> Request:
        """Make the next request inside the dialog (section 12.2.1.1). `via` has a new branch.

        Raises:
            SipError: the dialog is over, or too young for this.
        """
        if self.state is DialogState.ENDED or (self.state is DialogState.EARLY and method not in _EARLY):
            raise SipError(f"{method} in a dialog that is {self.state.value}")
        self.local_cseq += 1
        return self._request(method, self.local_cseq, via, body, content_type, fields)

    def ack(self, number: int, via: Via, body: bytes = b"", content_type: str = "application/sdp") -> Request:
        """Make the ACK for a 2xx to our INVITE of this CSeq `number`."""
        return self._request("ACK", number, via, body, content_type, ())

    def response(
        self,
        request: Request,
        status: int,
        reason: str = "",
        body: bytes = b"",
        content_type: str = "application/sdp",
        fields: Fields = (),
    ) -> Response:
        """Answer a request of theirs inside the dialog, or the one that begins it.

        1xx above 100 and 2xx tell our contact; to an INVITE, the way that the dialog goes, too (section 12.1.1).
        """
        return response_to(
            request,
            status,
            reason,
            to_tag=self.id.local_tag,
            contact=self.contact if request.method in _HAS_CONTACT and 100 < status < 300 else None,
            fields=fields,
            body=body,
            content_type=content_type if body else "",
        )

    def _request(self, method: str, number: int, via: Via, body: bytes, content_type: str, fields: Fields) -> Request:
        uri, routes = self._way()
        return Request.new(
            method,
            uri,
            from_=self.local,
            to=self.remote,
            call_id=self.id.call_id,
            cseq=number,
            via=via,
            contact=self.contact if method in _HAS_CONTACT else None,
            routes=routes,
            fields=fields,
            body=body,
            content_type=content_type if body else "",
        )

    def _way(self) -> tuple[Uri, tuple[Address, ...]]:
        """Give Request-URI and Route. A first hop without `lr` routes strictly: it wants to be the Request-URI."""
        if not self.routes or "lr" in self.routes[0].uri.parameters:
            return self.target, self.routes
        first = replace(self.routes[0].uri, headers=())
        return first, (*self.routes[1:], Address(uri=self.target))


def dialog_of_request(request: Request, local_tag: str, contact: Address, cseq: int) -> Dialog:
    """Begin a dialog with a request of theirs (section 12.1.1). `cseq` is what ours are counted from.

    Raises:
        BadMessage: it has no Contact, or broken Record-Routes.
    """
    target = _target(request)
    if target is None:
        raise BadMessage(400, "Bad Contact")
    return Dialog(
        id=DialogId(request.call_id, local_tag, request.from_.tag),
        local=request.to.with_tag(local_tag),
        remote=request.from_,
        target=target,
        routes=_routes(request),
        contact=contact,
        local_cseq=cseq,
        remote_cseq=request.cseq.number,
    )


def dialog_of_response(request: Request, response: Response) -> Dialog:
    """Begin a dialog with an answer to our request (section 12.1.2); it is early, `confirm` it if that is a 2xx.

    What the peer left out or broke is replaced: without Contact its requests go where the first went.
    """
    return Dialog(
        id=dialog_id(response),
        local=request.from_,
        remote=response.to,
        target=_target(response) or request.uri,
        routes=_sloppy_routes(response)[::-1],
        contact=request.contacts[0] if request.contacts else Address(uri=request.from_.uri),
        local_cseq=request.cseq.number,
    )


def _target(message: Message) -> Uri | None:
    try:
        contacts = message.contacts
    except BadMessage:
        return None
    return contacts[0].uri if contacts and contacts[0].uri.scheme in _SCHEMES else None


def _routes(message: Message) -> tuple[Address, ...]:
    routes = message.record_routes
    if not all(route.uri.scheme in _SCHEMES for route in routes):
        raise BadMessage(400, "Bad Record-Route")
    return routes


def _sloppy_routes(message: Message) -> tuple[Address, ...]:
    try:
        return _routes(message)
    except BadMessage:
        return ()
