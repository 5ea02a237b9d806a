"""Whole calls between two of our stacks over a network that loses what it likes; time is wound by hand."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pysip.elsewhere import read_elsewhere
from tests.pysip.scenes import OURS, new_vias, request, said
from xswitch_py.pysip import transaction, usage
from xswitch_py.pysip.dialog import dialog_of_request
from xswitch_py.pysip.invite_client import Accepted, GotNothing, Inviting, InvitingEvent, InvitingState, Over
from xswitch_py.pysip.invite_server import Ended, Finish, Invited, InvitedEvent, InvitedState, Progress
from xswitch_py.pysip.message import Request, Response, parse, serialise
from xswitch_py.pysip.reliable import Provisionals
from xswitch_py.pysip.transaction import Answered, Arrived, Asked, client_key, server_key
from xswitch_py.pysip.transactions import Transactions


@dataclass
class World:
    """Caller, callee and what is between them; `lost` says of each datagram in turn whether it is lost."""

    lost: list[bool] = field(default_factory=list)
    now: float = 0.0
    trace: list[str] = field(default_factory=list)
    queue: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        self.caller, self.callee = Caller(self, ">"), Callee(self, "<")

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self.queue, (self.now + seconds, next(self.numbers), what))

    def carry(self, sender: "Side", message: Request | Response) -> None:
        """Bring a message over as bytes, or lose it."""
        is_lost = self.lost.pop(0) if self.lost else False
        self.trace.append(f"{self.now:5.2f} {sender.arrow} {said(message)}{' (lost)' if is_lost else ''}")
        read_elsewhere(message)
        to, data = (self.callee if sender is self.caller else self.caller), serialise(message)
        if not is_lost:
            self.later(0.01, lambda: to.arrive(data))

    def run(self, until: float = 300.0) -> None:
        while self.queue and self.queue[0][0] <= until:
            self.now, _, what = heapq.heappop(self.queue)
            what()


class Side:
    """One end: its transactions, and one INVITE above them."""

    def __init__(self, world: World, arrow: str) -> None:
        self.world, self.arrow, self.table, self.vias = world, arrow, Transactions(), new_vias()
        self.timers: dict[object, object] = {}
        self.over = False

    def arrive(self, data: bytes) -> None:
        self.do(self.table.receive(Arrived(parse(data), "net", False)))

    def arm(self, key: object, seconds: float, what: Callable[[], None]) -> None:
        token = self.timers[key] = object()

        def fire() -> None:
            if self.timers.get(key) is token:
                del self.timers[key]
                what()

        self.world.later(seconds, fire)

    def do(self, effects: list[transaction.Effect]) -> None:
        for effect in effects:
            self.do_one(effect)

    def do_one(self, effect: transaction.Effect) -> None:
        match effect:
            case transaction.Send(message=message):
                self.world.carry(self, message)
            case transaction.Arm(key=key, timer=timer, seconds=seconds):
                fired = transaction.Fired(key, timer)
                self.arm((key, timer), seconds, lambda: self.do(self.table.receive(fired)))
            case transaction.Disarm(key=key, timer=timer):
                self.timers.pop((key, timer), None)
            case transaction.Terminated(key=key):
                for each in [each for each in self.timers if isinstance(each, tuple) and each[0] == key]:
                    del self.timers[each]
            case transaction.Deliver(message=message):
                self.deliver(message)
            case transaction.Cancelled():
                self.tell(usage.GotCancel())
            case transaction.Failed(key=key) if key.method == "INVITE":
                self.tell(GotNothing(effect.why))

    def act(self, effects: list[object]) -> None:
        for effect in effects:
            match effect:
                case usage.Ask(request=asked):
                    self.do(self.table.receive(Asked(asked, "net", False)))
                case usage.SendAck(request=ack):
                    self.world.carry(self, ack)
                case usage.Reply(request=asked, response=response):
                    self.do(self.table.receive(Answered(server_key(asked), response)))
                case usage.CancelInvite(request=invite):
                    self.do(self.table.receive(transaction.Cancel(client_key(invite))))
                case usage.Arm(clock=clock, seconds=seconds):
                    fired = usage.Fired(clock)
                    self.arm(clock, seconds, lambda fired=fired: self.tell(fired))  # type: ignore[misc] # bound now
                case usage.Disarm(clock=clock):
                    self.timers.pop(clock, None)
                case Over() | Ended():
                    self.over = True

    def deliver(self, message: Request | Response) -> None:
        raise NotImplementedError

    def tell(self, event: object) -> None:
        raise NotImplementedError


class Caller(Side):
    """It calls, and hangs up."""

    def call(self) -> None:
        self.invite = request(body=b"v=0", branch="z9hG4bK-call")
        self.machine = Inviting(self.invite, self.vias)
        self.do(self.table.receive(Asked(self.invite, "net", False)))

    def deliver(self, message: Request | Response) -> None:
        if isinstance(message, Request):
            self.tell(usage.GotBye(message))
        elif message.cseq.method == "INVITE":
            self.tell(usage.GotResponse(message))

    def tell(self, event: InvitingEvent) -> None:  # type: ignore[override] # its own machine's
        effects = self.machine.receive(event)
        self.act(list(effects))
        if any(isinstance(each, Accepted) for each in effects):
            self.world.trace.append(f"{self.world.now:5.2f} = answered")


class Callee(Side):
    """It rings, and answers after a second."""

    machine: Invited | None = None

    def deliver(self, message: Request | Response) -> None:
        if isinstance(message, Response):
            return  # to its BYE
        match message.method:
            case "INVITE":
                dialog = dialog_of_request(message, "ours", OURS, 1)
                self.machine = Invited(message, dialog, self.vias, Provisionals(message, 1))
                self.tell(Progress(dialog.response(message, 180)))
                self.world.later(1.0, self.answer)
            case "ACK":
                self.tell(usage.GotAck(message))
            case _:
                self.tell(usage.GotBye(message))

    def answer(self) -> None:
        if self.machine and self.machine.state is InvitedState.PROCEEDING:
            self.tell(Finish(self.machine.dialog.response(self.machine.invite, 200, body=b"v=0")))

    def tell(self, event: InvitedEvent) -> None:  # type: ignore[override] # its own machine's
        if self.machine and isinstance(
            event, usage.GotBye | usage.GotAck | usage.GotCancel | usage.Fired | Finish | Progress
        ):
            self.act(list(self.machine.receive(event)))


def played(lost: list[bool], hang_up_after: float, until: float = 300.0) -> World:
    world = World(lost)
    world.caller.call()
    world.later(hang_up_after, lambda: world.caller.tell(usage.HangUp()))
    world.run(until)
    return world


@pytest.mark.item("S28")
@pytest.mark.item("S29")
def test_a_call() -> None:
    """Golden."""
    assert played([], 5.0).trace == [
        " 0.00 > INVITE",
        " 0.01 < 180 INVITE",
        " 1.01 < 200 INVITE",
        " 1.02 > ACK",
        " 1.02 = answered",
        " 5.00 > BYE",
        " 5.01 < 200 BYE",
    ]


@pytest.mark.item("S29")
def test_a_lost_answer_and_a_lost_ack() -> None:
    """The core repeats its 200, and each one gets its ACK."""
    assert played([False, False, True, False, True], 5.0).trace == [
        " 0.00 > INVITE",
        " 0.01 < 180 INVITE",
        " 1.01 < 200 INVITE (lost)",
        " 1.51 < 200 INVITE",
        " 1.52 > ACK (lost)",
        " 1.52 = answered",
        " 2.51 < 200 INVITE",
        " 2.52 > ACK",
        " 5.00 > BYE",
        " 5.01 < 200 BYE",
    ]


@pytest.mark.item("S31")
def test_a_call_that_is_given_up() -> None:
    """Golden."""
    assert played([], 0.5).trace == [
        " 0.00 > INVITE",
        " 0.01 < 180 INVITE",
        " 0.50 > CANCEL",
        " 0.51 < 200 CANCEL",
        " 0.51 < 487 INVITE",
        " 0.52 > ACK",
    ]


@pytest.mark.item("S60")
def test_a_cancel_that_meets_the_answer() -> None:
    """ACK, then BYE; no leg stays."""
    assert played([], 1.015).trace == [
        " 0.00 > INVITE",
        " 0.01 < 180 INVITE",
        " 1.01 < 200 INVITE",
        " 1.01 > CANCEL",
        " 1.02 > ACK",
        " 1.02 > BYE",
        " 1.02 < 200 CANCEL",
        " 1.03 < 200 BYE",
    ]


@pytest.mark.item("S28")
def test_nobody_there() -> None:
    """Seven INVITEs, then 408."""
    world = played([True] * 100, 100.0)
    assert [line.split()[0] for line in world.trace] == ["0.00", "0.50", "1.50", "3.50", "7.50", "15.50", "31.50"]
    assert world.caller.over and world.caller.machine.state is InvitingState.ENDED


@pytest.mark.item("S29")
@pytest.mark.item("S33")
@pytest.mark.item("S60")
@settings(max_examples=150)
@given(st.lists(st.booleans(), max_size=25), st.sampled_from([0.005, 0.3, 1.005, 1.015, 1.025, 2.0, 20.0]))
def test_whatever_is_lost_both_sides_end_and_nothing_stays(lost: list[bool], hang_up_after: float) -> None:
    world = played(lost, hang_up_after)
    assert world.caller.over
    assert len(world.caller.table) == 0
    if world.callee.machine is not None:
        assert len(world.callee.table) == 0
        # A callee whose caller is gone for good ends by the ACK or the BYE that never comes, or is cancelled: only
        # the one that got its ACK and no BYE, because all of those were lost, still believes in the call.
        assert world.callee.over or world.callee.machine.state is InvitedState.CONFIRMED
    assert not world.caller.timers and not world.callee.timers
