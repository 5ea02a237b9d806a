"""The shell around SIP transactions: carries out their effects, runs their timers, finds who waits for an answer."""

import asyncio
from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol, cast

import structlog

from xswitch_py.endpoints.sip.flow import RELIABLE, Flow
from xswitch_py.endpoints.sip.trace import Trace
from xswitch_py.pysip.message import Request, Response, new_tag, response_to, serialise
from xswitch_py.pysip.transaction import (
    Answered,
    Arm,
    Arrived,
    Asked,
    Cancel,
    Cancelled,
    Deliver,
    Disarm,
    Effect,
    Event,
    Failed,
    Failure,
    Fired,
    Key,
    Lost,
    Send,
    Terminated,
    Timer,
    Times,
    client_key,
    server_key,
)
from xswitch_py.pysip.transactions import Transactions

__all__ = ["Core", "Heard", "Let", "Stack"]

log = structlog.get_logger("xswitch.sip")

# Counted by name; of others a peer may think up any number.
_METHODS: Final = frozenset(
    "ACK BYE CANCEL INFO INVITE MESSAGE NOTIFY OPTIONS PRACK PUBLISH REFER REGISTER SUBSCRIBE UPDATE".split()
)

Heard = Callable[[Response | Failure], None]  # every answer to one request of ours, provisional ones and repeats too


class Let(Enum):
    """What becomes of a request that gets no answer at the gate."""

    IN = "in"
    DROP = "drop"  # silently


class Core(Protocol):
    """What stands above the transactions. None of these wait.

    What one of them raises is a bug of ours: it is logged, the request gets 500, and all else goes on.
    """

    def gate(self, request: Request, flow: Flow) -> "Response | Let":
        """Look at a request that is new. An answer is sent at once, and nothing is remembered of either."""

    def request(self, request: Request, flow: Flow) -> None:
        """A request has come; answer it with `Stack.reply`."""

    def ack(self, ack: Request, flow: Flow) -> None:
        """The ACK of a 2xx has come."""

    def cancelled(self, invite: Key, cancel: Request) -> None:
        """The caller gave up the INVITE of this transaction, which is not answered; the CANCEL is answered."""


class Stack:
    """All transactions of the door."""

    def __init__(self, core: Core, times: Times | None = None) -> None:
        self.times = times or Times()
        self.counts: Counter[str] = Counter()  # "in INVITE", "out 200"...: messages
        self.trace = Trace()
        self._core = core
        self._table = Transactions(self.times)
        self._waiting: dict[Key, Heard] = {}
        self._timers: dict[Key, dict[Timer, asyncio.TimerHandle]] = {}
        self._loop = asyncio.get_running_loop()

    def __len__(self) -> int:
        return len(self._table)

    def received(self, message: Request | Response, flow: Flow) -> None:
        """Take a message from a transport."""
        self.trace.saw("in", message, flow)
        if isinstance(message, Response):
            self.counts[f"in {message.status}"] += 1
        else:
            self.counts[f"in {message.method if message.method in _METHODS else 'other'}"] += 1
            if self._is_new(message) and (verdict := self._gate(message, flow)) is not Let.IN:
                if isinstance(verdict, Response):
                    self.send(verdict, flow)
                return
        self._feed(Arrived(message, flow, flow.transport in RELIABLE), flow)

    def lost(self, flow: Flow) -> None:
        """What was sent to a flow did not get through."""
        self._feed(Lost(flow), flow)

    def ask(self, request: Request, flow: Flow, heard: Heard, times: Times | None = None) -> None:
        """Send a request and tell `heard` of every answer, or of the lack of one. Its top Via has a new branch."""
        self._waiting[client_key(request)] = heard
        self._feed(Asked(request, flow, flow.transport in RELIABLE, times), flow)

    def cancel(self, invite: Request, reason: str = "") -> None:
        """Give up an INVITE of ours; `heard` still gets its final answer. `reason` is the value of a `Reason`."""
        self._feed(Cancel(client_key(invite), reason), None)

    def reply(self, request: Request, response: Response) -> None:
        """Answer a request of theirs; one whose transaction is over is not answered."""
        self._feed(Answered(server_key(request), response), None)

    def send(self, message: Request | Response, flow: Flow) -> None:
        """Send what has no transaction: an ACK of a 2xx, or an answer that nothing is remembered of."""
        data = serialise(message)
        self.trace.saw("out", message, flow, data)
        self.counts[f"out {message.method if isinstance(message, Request) else message.status}"] += 1
        try:
            flow.send(data)
        except ConnectionError:
            log.debug("not sent", to=flow.remote, why="the connection has ended")

    def stop(self) -> None:
        """Let no timer run any more."""
        for timers in self._timers.values():
            for timer in timers.values():
                timer.cancel()
        self._timers.clear()
        self._waiting.clear()

    def _gate(self, request: Request, flow: Flow) -> Response | Let:
        try:
            return self._core.gate(request, flow)
        except Exception:
            log.exception("failed at the gate", method=request.method, call_id=request.call_id)
            return response_to(request, 500, to_tag=new_tag())

    def _is_new(self, request: Request) -> bool:
        return request.method not in ("ACK", "CANCEL") and server_key(request) not in self._table

    def _feed(self, event: Event, flow: Flow | None) -> None:
        for effect in self._table.receive(event):
            self._do(effect, flow)

    def _do(self, effect: Effect, flow: Flow | None) -> None:
        match effect:
            case Send(message=message, flow=way):
                self._send(message, cast(Flow, way))  # the library does not look into it
            case Arm(key=key, timer=timer, seconds=seconds):
                self._disarm(key, timer)
                self._timers.setdefault(key, {})[timer] = self._loop.call_later(seconds, self._fired, key, timer)
            case Disarm(key=key, timer=timer):
                self._disarm(key, timer)
            case Deliver(key=Key() as key, message=Response() as response):
                self._hear(key, response)
            case Deliver(key=None, message=Request() as ack):
                assert flow is not None
                self._tell(ack.call_id, self._core.ack, ack, flow)
            case Deliver(message=Request() as request):
                assert flow is not None
                if not self._tell(request.call_id, self._core.request, request, flow):
                    self.reply(request, response_to(request, 500, to_tag=new_tag()))
            case Cancelled(key=key, request=cancel):
                self._tell(cancel.call_id, self._core.cancelled, key, cancel)
            case Failed(key=key, why=why):
                self._hear(key, why)
            case Terminated(key=key):
                self._forget(key)
            case _:
                raise AssertionError(effect)  # the table keeps the others to itself

    def _send(self, message: Request | Response, flow: Flow) -> None:
        data = serialise(message)
        self.trace.saw("out", message, flow, data)
        self.counts[f"out {message.method if isinstance(message, Request) else message.status}"] += 1
        try:
            flow.send(data)
        except ConnectionError:
            self._loop.call_soon(self.lost, flow)  # not now: the transaction is in the middle of its effects

    def _hear(self, key: Key, answer: Response | Failure) -> None:
        heard = self._waiting.get(key)
        if heard is not None:
            self._tell(answer.call_id if isinstance(answer, Response) else "", heard, answer)

    def _tell(self, call_id: str, whom: Callable[..., None], *what: object) -> bool:
        """Call into the core; whether it went well. What comes after in the list of effects is done in any case."""
        try:
            whom(*what)
        except Exception:
            log.exception("failed", call_id=call_id)
            return False
        return True

    def _fired(self, key: Key, timer: Timer) -> None:
        del self._timers[key][timer]
        self._feed(Fired(key, timer), None)

    def _disarm(self, key: Key, timer: Timer) -> None:
        handle = self._timers[key].pop(timer, None) if key in self._timers else None
        if handle is not None:
            handle.cancel()

    def _forget(self, key: Key) -> None:
        self._waiting.pop(key, None)
        for timer in self._timers.pop(key, {}).values():
            timer.cancel()
