"""Transactions the peer begins: INVITE and the others (RFC 3261 section 17.2, RFC 6026 section 7.1, RFC 4320)."""

from dataclasses import dataclass

from xswitch_py.pysip.message import Request, Response, response_to
from xswitch_py.pysip.transaction import (
    Answered,
    Arm,
    Arrived,
    Deliver,
    Disarm,
    Effect,
    Event,
    Failed,
    Failure,
    Fired,
    Flow,
    Key,
    Send,
    State,
    Terminated,
    Timer,
    Times,
)

__all__ = ["InviteServer", "OtherServer", "ServerTransaction"]


@dataclass(slots=True)
class InviteServer:
    """An INVITE of theirs. A lost flow does not end it: the answers then go nowhere."""

    key: Key
    request: Request
    flow: Flow
    reliable: bool
    times: Times
    state: State = State.NEW
    last: Response | None = None
    wait: float = 0.0  # of timer G

    def receive(self, event: Event) -> list[Effect]:
        """Take one event; return what must now be done, in order."""
        match self.state, event:
            case State.NEW, Arrived():
                self.state = State.PROCEEDING
                return [*self._arm(Timer.TRYING), Deliver(self.key, self.request)]
            case State.PROCEEDING, Fired(timer=Timer.TRYING) if self.last is None:
                self.last = response_to(self.request, 100)
                return [self._send(self.last)]
            case ((State.PROCEEDING | State.COMPLETED), Arrived(message=Request(method="INVITE"))):
                return [self._send(self.last)] if self.last else []
            case State.PROCEEDING, Answered(response=response):
                return self._answer(response)
            # The core repeats its 2xx, whatever the transport, until the ACK comes (RFC 6026 section 7.1).
            case State.ACCEPTED, Answered(response=response) if 200 <= response.status < 300:
                return [self._send(response)]
            case State.ACCEPTED, Arrived(message=Request(method="ACK") as ack):
                return [Deliver(None, ack)]
            case State.COMPLETED, Fired(timer=Timer.G) if self.last:
                self.wait = min(2 * self.wait, self.times.t2)
                return [self._send(self.last), Arm(self.key, Timer.G, self.wait)]
            case State.COMPLETED, Fired(timer=Timer.H):
                return [Failed(self.key, Failure.TIMEOUT), *self._end()]
            case State.COMPLETED, Arrived(message=Request(method="ACK")):
                self.state = State.CONFIRMED
                stop: list[Effect] = [Disarm(self.key, Timer.G), Disarm(self.key, Timer.H)]
                return [*stop, *(self._arm(Timer.I) or self._end())]
            case (State.ACCEPTED, Fired(timer=Timer.L)) | (State.CONFIRMED, Fired(timer=Timer.I)):
                return self._end()
            case _:
                return []  # late or repeated: absorbed

    def _answer(self, response: Response) -> list[Effect]:
        stop: list[Effect] = [Disarm(self.key, Timer.TRYING)] if self.last is None else []
        self.last = response
        if response.status < 200:
            return [*stop, self._send(response)]
        if response.status < 300:
            self.state = State.ACCEPTED
            return [*stop, self._send(response), *self._arm(Timer.L)]
        self.state, self.wait = State.COMPLETED, self.times.t1
        return [*stop, self._send(response), *self._arm(Timer.G), *self._arm(Timer.H)]

    def _send(self, response: Response) -> Send:
        return Send(response, self.flow)

    def _arm(self, timer: Timer) -> list[Effect]:
        seconds = self.times.first(timer, self.reliable)
        return [Arm(self.key, timer, seconds)] if seconds else []

    def _end(self) -> list[Effect]:
        self.state = State.TERMINATED
        return [Terminated(self.key)]


@dataclass(slots=True)
class OtherServer:
    """A request of theirs that is no INVITE.

    It has no provisional answer but the 100 that is sent when the client begins to repeat slowly, and no 408: the
    client has its own timeout (RFC 4320 section 4). When that is over, an unanswered transaction ends by itself.
    """

    key: Key
    request: Request
    flow: Flow
    reliable: bool
    times: Times
    state: State = State.NEW
    last: Response | None = None

    def receive(self, event: Event) -> list[Effect]:
        """Take one event; return what must now be done, in order."""
        match self.state, event:
            case State.NEW, Arrived():
                self.state = State.TRYING
                slow = self.times.t2 - self.times.t1  # the client's timer E has come to T2
                give_up = self.times.first(Timer.ABANDONED, self.reliable)
                trying, abandoned = Arm(self.key, Timer.TRYING, slow), Arm(self.key, Timer.ABANDONED, give_up)
                return [trying, abandoned, Deliver(self.key, self.request)]
            case State.TRYING, Fired(timer=Timer.TRYING):
                self.state, self.last = State.PROCEEDING, response_to(self.request, 100)
                return [Send(self.last, self.flow)]
            case ((State.PROCEEDING | State.COMPLETED), Arrived(message=Request())):
                return [Send(self.last, self.flow)] if self.last else []
            case ((State.TRYING | State.PROCEEDING), Answered(response=response)) if self._may(response):
                return self._answer(response)
            case ((State.TRYING | State.PROCEEDING), Fired(timer=Timer.ABANDONED)):
                return self._end()
            case State.COMPLETED, Fired(timer=Timer.J):
                return self._end()
            case _:
                return []  # late or repeated: absorbed

    def _may(self, response: Response) -> bool:
        return response.status >= 200 and response.status != 408

    def _answer(self, response: Response) -> list[Effect]:
        self.state, self.last = State.COMPLETED, response
        seconds = self.times.first(Timer.J, self.reliable)
        linger: list[Effect] = [Arm(self.key, Timer.J, seconds)] if seconds else self._end()
        stop: list[Effect] = [Disarm(self.key, Timer.TRYING), Disarm(self.key, Timer.ABANDONED)]
        return [*stop, Send(response, self.flow), *linger]

    def _end(self) -> list[Effect]:
        self.state = State.TERMINATED
        return [Terminated(self.key)]


ServerTransaction = InviteServer | OtherServer
