"""Transactions we begin: INVITE and the others (RFC 3261 section 17.1, RFC 6026 section 7.2)."""

from dataclasses import dataclass

from xswitch_py.pysip.headers import Address
from xswitch_py.pysip.message import Request, Response
from xswitch_py.pysip.transaction import (
    Arm,
    Arrived,
    Asked,
    Cancel,
    Deliver,
    Disarm,
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
    Timer,
    Times,
)

__all__ = ["ClientTransaction", "InviteClient", "OtherClient", "ack_of_refusal", "cancel_of"]


def ack_of_refusal(request: Request, response: Response) -> Request:
    """The ACK for a final answer above 299: same branch, Request-URI and Route as the INVITE (section 17.1.1.3)."""
    return _like(request, "ACK", response.to)


def cancel_of(request: Request, reason: str = "") -> Request:
    """The CANCEL of a request of ours (section 9.1)."""
    cancel = _like(request, "CANCEL", request.to)
    if reason:
        cancel.headers.add("Reason", reason)
    return cancel


@dataclass(slots=True)
class InviteClient:
    """Our INVITE, until no answer to it can come any more."""

    key: Key
    request: Request
    flow: Flow
    reliable: bool
    times: Times
    state: State = State.NEW
    wait: float = 0.0  # of timer A
    cancel: Request | None = None  # wanted, and sent once the peer has shown that it has the INVITE

    def receive(self, event: Event) -> list[Effect]:
        """Take one event; return what must now be done, in order."""
        match self.state, event:
            case State.NEW, Asked():
                self.state, self.wait = State.CALLING, self.times.t1
                return [Send(self.request, self.flow), *self._arm(Timer.A), *self._arm(Timer.B)]
            case State.CALLING, Fired(timer=Timer.A):
                self.wait *= 2
                return [Send(self.request, self.flow), Arm(self.key, Timer.A, self.wait)]
            case (State.CALLING, Fired(timer=Timer.B)) | (State.PROCEEDING, Fired(timer=Timer.CANCELLED)):
                return self._fail(Failure.TIMEOUT)
            case ((State.CALLING | State.PROCEEDING), Lost()):
                return self._fail(Failure.TRANSPORT)
            case ((State.CALLING | State.PROCEEDING), Cancel(reason=reason)) if self.cancel is None:
                self.cancel = cancel_of(self.request, reason)
                return self._cancel() if self.state is State.PROCEEDING else []
            case ((State.CALLING | State.PROCEEDING), Arrived(message=Response() as response)):
                return self._answer(response)
            case ((State.ACCEPTED | State.COMPLETED), Arrived(message=Response() as response)):
                return self._repeat(response)
            case (State.ACCEPTED, Fired(timer=Timer.M)) | (State.COMPLETED, Fired(timer=Timer.D) | Lost()):
                return self._end()
            case _:
                return []  # late or repeated: absorbed

    def _answer(self, response: Response) -> list[Effect]:
        """Take an answer while no final one has come."""
        first = self.state is State.CALLING
        stop: list[Effect] = [Disarm(self.key, Timer.A), Disarm(self.key, Timer.B)] if first else []
        if response.status < 200:
            self.state = State.PROCEEDING
            return [*stop, Deliver(self.key, response), *(self._cancel() if first and self.cancel else [])]
        if self.state is State.PROCEEDING and self.cancel:
            stop = [Disarm(self.key, Timer.CANCELLED)]
        if response.status < 300:
            self.state = State.ACCEPTED
            return [*stop, Deliver(self.key, response), *self._arm(Timer.M)]
        self.state = State.COMPLETED
        return [*stop, self._ack(response), Deliver(self.key, response), *(self._arm(Timer.D) or self._end())]

    def _repeat(self, response: Response) -> list[Effect]:
        """Take an answer after the final one. A proxy may send a 2xx even after a refusal (section 16.7, step 5)."""
        if 200 <= response.status < 300:
            return [Deliver(self.key, response)]
        if self.state is State.COMPLETED and response.status >= 300:
            return [self._ack(response)]
        return []

    def _ack(self, response: Response) -> Send:
        return Send(ack_of_refusal(self.request, response), self.flow)

    def _cancel(self) -> list[Effect]:
        return [Open(self.cancel), *self._arm(Timer.CANCELLED)] if self.cancel else []

    def _arm(self, timer: Timer) -> list[Effect]:
        seconds = self.times.first(timer, self.reliable)
        return [Arm(self.key, timer, seconds)] if seconds else []

    def _fail(self, why: Failure) -> list[Effect]:
        return [Failed(self.key, why), *self._end()]

    def _end(self) -> list[Effect]:
        self.state = State.TERMINATED
        return [Terminated(self.key)]


@dataclass(slots=True)
class OtherClient:
    """A request of ours that is no INVITE."""

    key: Key
    request: Request
    flow: Flow
    reliable: bool
    times: Times
    state: State = State.NEW
    wait: float = 0.0  # of timer E

    def receive(self, event: Event) -> list[Effect]:
        """Take one event; return what must now be done, in order."""
        match self.state, event:
            case State.NEW, Asked():
                self.state, self.wait = State.TRYING, self.times.t1
                return [Send(self.request, self.flow), *self._arm(Timer.E), *self._arm(Timer.F)]
            case ((State.TRYING | State.PROCEEDING), Fired(timer=Timer.E)):
                doubled = 2 * self.wait if self.state is State.TRYING else self.times.t2
                self.wait = min(doubled, self.times.t2)
                return [Send(self.request, self.flow), Arm(self.key, Timer.E, self.wait)]
            case ((State.TRYING | State.PROCEEDING), Fired(timer=Timer.F)):
                return [Failed(self.key, Failure.TIMEOUT), *self._end()]
            case ((State.TRYING | State.PROCEEDING), Lost()):
                return [Failed(self.key, Failure.TRANSPORT), *self._end()]
            case ((State.TRYING | State.PROCEEDING), Arrived(message=Response() as response)):
                return self._answer(response)
            case State.COMPLETED, Fired(timer=Timer.K):
                return self._end()
            case _:
                return []  # late or repeated: absorbed

    def _answer(self, response: Response) -> list[Effect]:
        if response.status < 200:
            self.state = State.PROCEEDING
            return [Deliver(self.key, response)]
        self.state = State.COMPLETED
        stop: list[Effect] = [Disarm(self.key, Timer.E), Disarm(self.key, Timer.F)]
        return [*stop, Deliver(self.key, response), *(self._arm(Timer.K) or self._end())]

    def _arm(self, timer: Timer) -> list[Effect]:
        seconds = self.times.first(timer, self.reliable)
        return [Arm(self.key, timer, seconds)] if seconds else []

    def _end(self) -> list[Effect]:
        self.state = State.TERMINATED
        return [Terminated(self.key)]


ClientTransaction = InviteClient | OtherClient


def _like(request: Request, method: str, to: Address) -> Request:
    """A request for the same hop as `request`, with nothing of its own: top Via, Route, From, Call-ID, CSeq number."""
    return Request.new(
        method,
        request.uri,
        from_=request.from_,
        to=to,
        call_id=request.call_id,
        cseq=request.cseq.number,
        via=request.vias[0],
        routes=request.routes,
    )
