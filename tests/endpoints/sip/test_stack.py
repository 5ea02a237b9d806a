"""The shell of the transactions, on a clock that tests wind: what is sent when, who hears of it, and what stays."""

import asyncio
import selectors
from collections.abc import Iterator

import pytest
import structlog

from tests.pysip.scenes import answer, request, said
from xswitch_py.endpoints.sip.flow import Flow, HostPort
from xswitch_py.endpoints.sip.stack import Let, Stack
from xswitch_py.pysip.message import Request, Response, parse, response_to
from xswitch_py.pysip.transaction import Failure, Key, Times, client_key, server_key


class Clock(asyncio.SelectorEventLoop):
    """A loop whose time passes only while it has nothing else to do, and then at once."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Skipping(self))

    def time(self) -> float:
        return self.now


class _Skipping(selectors.DefaultSelector):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.clock.now += max(timeout or 0, 0)
        return super().select(0)


class Way:
    """A flow that keeps what is sent, and when."""

    def __init__(self, clock: Clock, transport: str = "UDP") -> None:
        self.transport, self.clock, self.alive = transport, clock, True
        self.remote: HostPort = ("198.51.100.7", 5070)
        self.near: HostPort = ("192.0.2.1", 5060)
        self.raw: list[tuple[float, bytes]] = []

    def send(self, data: bytes) -> None:
        if not self.alive:
            raise ConnectionError
        self.raw.append((round(self.clock.now, 2), data))

    @property
    def sent(self) -> list[tuple[float, Request | Response]]:
        return [(when, parse(data)) for when, data in self.raw]

    @property
    def said(self) -> list[str]:
        return [said(message) for _, message in self.sent]


class World:
    """A stack, and a core above it that does what a test tells it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.udp, self.tcp = Way(clock), Way(clock, "TCP")
        self.heard: list[Response | Failure] = []  # by what we asked
        self.told: list[str] = []  # to the core
        self.verdict: Response | Let = Let.IN
        self.at_once = 0  # the status of an answer that the core gives while it is told of a request
        self.broken = False
        self.stack = clock.run_until_complete(self._made(None))

    async def _made(self, times: Times | None) -> Stack:
        return Stack(self, times)

    def with_times(self, times: Times) -> Stack:
        self.stack = self.clock.run_until_complete(self._made(times))
        return self.stack

    def wait(self, seconds: float) -> None:
        self.clock.run_until_complete(asyncio.sleep(seconds))

    def comes(self, message: Request | Response, flow: Flow | None = None) -> None:
        self.stack.received(message, flow or self.udp)

    def ask(self, asked: Request, flow: Flow | None = None, times: Times | None = None) -> None:
        self.stack.ask(asked, flow or self.udp, self.hear, times)

    def hear(self, answered: Response | Failure) -> None:
        self.heard.append(answered)
        if self.broken:
            raise RuntimeError("secret")

    @property
    def is_empty(self) -> bool:
        return not (len(self.stack) or self.stack._timers or self.stack._waiting)

    def gate(self, asked: Request, flow: Flow) -> Response | Let:
        self.told.append(f"gate {asked.method}")
        return self._or_break(self.verdict)

    def request(self, asked: Request, flow: Flow) -> None:
        self.told.append(asked.method)
        if self.at_once:
            self.stack.reply(asked, response_to(asked, self.at_once, to_tag="ours"))
        self._or_break(Let.IN)

    def ack(self, ack: Request, flow: Flow) -> None:
        self.told.append(f"ACK on {flow.transport}")
        self._or_break(Let.IN)

    def cancelled(self, invite: Key, cancel: Request) -> None:
        self.told.append(f"cancelled {invite.method}")
        self._or_break(Let.IN)

    def _or_break(self, verdict: Response | Let) -> Response | Let:
        if self.broken:
            raise RuntimeError("secret")
        return verdict


@pytest.fixture
def world() -> Iterator[World]:
    clock = Clock()
    made = World(clock)
    yield made
    made.stack.stop()
    clock.close()


@pytest.mark.item("S27")
@pytest.mark.parametrize("branch", ["z9hG4bK-1", "old"])
def test_a_repeat_gets_the_same_answer_and_the_core_hears_nothing(world: World, branch: str) -> None:
    """With the branch of RFC 3261, and with that of RFC 2543."""
    asked = request("OPTIONS", branch=branch)
    world.comes(asked)
    world.stack.reply(asked, answer(asked, 200))
    world.comes(request("OPTIONS", branch=branch))
    assert world.told == ["gate OPTIONS", "OPTIONS"]
    assert world.udp.said == ["200 OPTIONS"] * 2


@pytest.mark.item("S28")
def test_an_invite_of_ours_is_repeated_on_udp_alone_and_given_up(world: World) -> None:
    world.ask(request())
    world.ask(request(branch="z9hG4bK-2"), world.tcp)
    world.wait(40)
    assert [when for when, _ in world.udp.sent] == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert [when for when, _ in world.tcp.sent] == [0]
    assert world.heard == [Failure.TIMEOUT] * 2
    assert world.is_empty


@pytest.mark.item("S28")
def test_another_request_of_ours_is_repeated_no_slower_than_t2(world: World) -> None:
    world.ask(request("BYE"))
    world.wait(40)
    assert [when for when, _ in world.udp.sent] == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert world.heard == [Failure.TIMEOUT]


@pytest.mark.item("S28")
def test_times_may_be_set_for_all_and_for_one_request(world: World) -> None:
    world.with_times(Times(t1=1.0))
    world.ask(request())
    world.ask(request(branch="z9hG4bK-2"), world.tcp, Times(t1=0.1))
    world.wait(6.5)
    assert [when for when, _ in world.udp.sent] == [0, 1, 3]
    assert world.heard == [Failure.TIMEOUT]
    world.wait(58)
    assert world.heard == [Failure.TIMEOUT] * 2


@pytest.mark.item("S28")
def test_a_core_that_takes_its_time_is_spoken_for(world: World) -> None:
    """By 100 after 200 ms to an INVITE, after 3.5 s to another request."""
    world.comes(request())
    world.comes(request("MESSAGE", branch="z9hG4bK-2", cseq=2))
    world.wait(10)
    assert [(when, said(message)) for when, message in world.udp.sent] == [(0.2, "100 INVITE"), (3.5, "100 MESSAGE")]


@pytest.mark.item("S28")
@pytest.mark.parametrize(("method", "status"), [("INVITE", 180), ("INVITE", 200), ("INVITE", 486), ("OPTIONS", 200)])
def test_a_core_that_answers_at_once_is_not_spoken_for(world: World, method: str, status: int) -> None:
    world.at_once = status
    world.comes(request(method), world.tcp)
    world.wait(10)
    assert world.tcp.said == [f"{status} {method}"]


@pytest.mark.item("S33")
def test_what_is_answered_at_once_on_tcp_is_over_at_once(world: World) -> None:
    world.at_once = 200
    world.comes(request("OPTIONS"), world.tcp)
    assert world.is_empty


@pytest.mark.item("S28")
def test_a_refusal_is_repeated_until_its_ack(world: World) -> None:
    invite = request()
    world.comes(invite)
    world.stack.reply(invite, answer(invite, 486))
    world.wait(2)
    world.comes(request("ACK"))
    world.wait(40)
    assert [when for when, _ in world.udp.sent] == [0, 0.5, 1.5]
    assert world.told == ["gate INVITE", "INVITE"]
    assert world.is_empty


@pytest.mark.item("S29")
def test_the_core_may_repeat_a_2xx_on_every_transport_and_gets_the_ack(world: World) -> None:
    invite = request()
    world.comes(invite, world.tcp)
    for _ in range(3):
        world.stack.reply(invite, answer(invite, 200))
    world.comes(request("ACK", branch="z9hG4bK-2"), world.tcp)
    assert world.tcp.said == ["200 INVITE"] * 3
    assert world.told[2:] == ["ACK on TCP"]
    world.wait(33)
    world.stack.reply(invite, answer(invite, 200))
    assert world.tcp.said == ["200 INVITE"] * 3
    assert world.is_empty


@pytest.mark.item("S29")
def test_every_2xx_is_heard_that_comes_while_it_may(world: World) -> None:
    invite = request()
    world.ask(invite)
    for tag in ("bob", "bob", "eve"):
        world.comes(answer(invite, 200, tag=tag))
    world.wait(33)
    world.comes(answer(invite, 200))
    assert [each.to.tag for each in world.heard if isinstance(each, Response)] == ["bob", "bob", "eve"]
    assert world.udp.said == ["INVITE"]
    assert world.is_empty


@pytest.mark.item("S30")
def test_what_is_stray_gets_no_answer_and_leaves_nothing(world: World) -> None:
    world.comes(request("ACK"))
    world.comes(answer(request(), 200))
    world.comes(answer(request("BYE"), 481))
    assert world.told == ["ACK on UDP"]
    assert world.udp.sent == []
    assert world.is_empty


@pytest.mark.item("S31")
def test_a_caller_may_give_up(world: World) -> None:
    """And is asked for no proof: the gate does not see it."""
    invite = request()
    world.comes(invite)
    world.comes(request("CANCEL"))
    world.stack.reply(invite, answer(invite, 487))
    assert world.told == ["gate INVITE", "INVITE", "cancelled INVITE"]
    assert world.udp.said == ["200 CANCEL", "487 INVITE"]
    world.comes(request("CANCEL", branch="z9hG4bK-2"))
    assert world.udp.said[2:] == ["481 CANCEL"]
    assert world.told[3:] == []


@pytest.mark.item("S31")
def test_we_give_up_when_the_peer_has_shown_that_it_has_the_invite(world: World) -> None:
    invite = request()
    world.ask(invite, world.tcp)
    world.stack.cancel(invite, "SIP;cause=200")
    assert world.tcp.said == ["INVITE"]
    world.comes(answer(invite, 180), world.tcp)
    cancel = world.tcp.sent[1][1]
    assert (said(cancel), cancel.headers.get("Reason")) == ("CANCEL", "SIP;cause=200")
    assert isinstance(cancel, Request)
    world.comes(answer(cancel, 200), world.tcp)
    world.comes(answer(invite, 487), world.tcp)
    assert world.tcp.said == ["INVITE", "CANCEL", "ACK"]
    assert [each.status for each in world.heard if isinstance(each, Response)] == [180, 487]
    assert world.is_empty


@pytest.mark.item("S31")
def test_an_invite_that_was_given_up_is_not_waited_for_for_ever(world: World) -> None:
    invite = request()
    world.ask(invite)
    world.comes(answer(invite, 180))
    world.wait(100)
    world.stack.cancel(invite)
    world.wait(33)
    assert world.heard[1:] == [Failure.TIMEOUT]
    assert world.is_empty


@pytest.mark.item("S32")
def test_a_merged_request_is_refused_here(world: World) -> None:
    world.comes(request())
    world.comes(request(branch="z9hG4bK-2"))
    assert world.udp.said == ["482 INVITE"]
    assert world.told == ["gate INVITE", "INVITE", "gate INVITE"]


@pytest.mark.parametrize("method", ["INVITE", "REGISTER", "OPTIONS"])
def test_nothing_is_remembered_of_what_the_gate_refuses(world: World, method: str) -> None:
    world.verdict = answer(request(method), 407)
    for _ in range(3):
        world.comes(request(method))
    assert world.is_empty
    assert world.udp.said == [f"407 {method}"] * 3
    world.comes(request("ACK"))
    assert world.udp.said == [f"407 {method}"] * 3
    world.verdict = Let.DROP
    world.comes(request(method))
    assert world.udp.said == [f"407 {method}"] * 3
    assert world.told == [f"gate {method}"] * 3 + ["ACK on UDP", f"gate {method}"]
    assert world.is_empty


def test_a_lost_flow_fails_what_was_asked_on_it_and_keeps_what_came_on_it(world: World) -> None:
    invite = request(branch="z9hG4bK-in")
    world.comes(invite, world.tcp)
    world.ask(request(branch="z9hG4bK-1"), world.tcp)
    world.ask(request(branch="z9hG4bK-2"))
    world.tcp.alive = False
    world.stack.lost(world.tcp)
    assert world.heard == [Failure.TRANSPORT]
    assert len(world.stack) == 2
    world.stack.reply(invite, answer(invite, 200))  # goes nowhere
    world.stack.send(request("ACK"), world.tcp)
    world.comes(answer(request(branch="z9hG4bK-2"), 486))
    world.wait(70)
    assert world.is_empty


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_what_is_asked_on_a_dead_flow_fails_at_once(world: World, method: str) -> None:
    world.tcp.alive = False
    world.ask(request(method), world.tcp)
    world.wait(0)
    assert world.heard == [Failure.TRANSPORT]
    assert world.is_empty


@pytest.mark.item("S36")
def test_a_bug_at_the_gate_or_behind_it_ends_one_request_with_500(world: World) -> None:
    world.broken = True
    with structlog.testing.capture_logs() as logs:
        world.comes(request("OPTIONS", call_id="unlucky"))
    world.broken = False
    world.comes(request("OPTIONS", branch="z9hG4bK-2", cseq=2))
    ((_, refusal),) = world.udp.sent
    assert said(refusal) == "500 OPTIONS" and refusal.to.tag
    assert "secret" not in str(refusal) + str(list(refusal.headers))
    assert [line["call_id"] for line in logs] == ["unlucky"]
    assert world.told == ["gate OPTIONS", "gate OPTIONS", "OPTIONS"]


@pytest.mark.item("S36")
@pytest.mark.parametrize(("already", "said"), [(0, ["500 INVITE"]), (200, ["200 INVITE"]), (486, ["486 INVITE"])])
def test_a_bug_while_a_request_is_served_is_answered_unless_it_is_already(
    world: World, monkeypatch: pytest.MonkeyPatch, already: int, said: list[str]
) -> None:
    monkeypatch.setattr(world, "gate", lambda asked, flow: Let.IN)
    world.broken, world.at_once = True, already
    world.comes(request(), world.tcp)
    assert world.tcp.said == said
    world.wait(33)
    assert world.is_empty


@pytest.mark.item("S36")
def test_a_bug_of_who_hears_leaves_nothing_behind(world: World) -> None:
    world.broken = True
    invite, bye = request(), request("BYE")
    world.ask(invite, world.tcp)
    world.comes(answer(invite, 180), world.tcp)
    world.comes(answer(invite, 486), world.tcp)
    world.ask(bye)
    world.comes(request("ACK"), world.tcp)
    world.wait(33)
    assert len(world.heard) == 3
    assert world.is_empty


@pytest.mark.item("S33")
def test_ten_thousand_transactions_leave_nothing(world: World) -> None:
    for number in range(1000):
        _ten_transactions(world, f"z9hG4bK-{number}", f"call-{number}")
    assert len(world.stack) > 7000
    world.wait(64)
    assert world.is_empty


def _ten_transactions(world: World, branch: str, call_id: str) -> None:
    """Theirs and ours, on UDP and on TCP, answered or not, acknowledged or not."""
    for flow in (world.udp, world.tcp):
        here = f"{branch}-{flow.transport}"
        refused = request(branch=f"{here}-1", call_id=f"{here}-1")
        accepted = request(branch=f"{here}-2", call_id=f"{here}-2")
        other = request("MESSAGE", branch=f"{here}-3", call_id=f"{here}-3")
        for each, status in ((refused, 486), (accepted, 200), (other, 200)):
            world.comes(each, flow)
            world.stack.reply(each, answer(each, status))
        world.comes(request("ACK", branch=f"{here}-1", call_id=f"{here}-1"), flow)
        for method, status in (("INVITE", 200), ("BYE", 0)):
            asked = request(method, branch=f"{here}-ours", call_id=call_id)
            world.ask(asked, flow)
            if status:
                world.comes(answer(asked, status), flow)


@pytest.mark.item("S107")
def test_a_peer_cannot_fill_the_counters(world: World) -> None:
    for number in range(100):
        world.comes(request(f"X{number}", branch=f"z9hG4bK-{number}", call_id=str(number)))
    world.comes(request("OPTIONS"))
    assert world.stack.counts["in other"] == 100
    assert len(world.stack.counts) == 2


def test_messages_are_counted(world: World) -> None:
    asked = request("OPTIONS")
    world.comes(asked)
    world.stack.reply(asked, answer(asked, 200))
    world.ask(request("BYE"))
    world.comes(answer(request("BYE"), 481))
    world.stack.send(request("ACK"), world.udp)
    assert world.stack.counts == {"in OPTIONS": 1, "out 200": 1, "out BYE": 1, "in 481": 1, "out ACK": 1}


def test_a_stack_that_is_stopped_does_nothing_more(world: World) -> None:
    world.ask(request())
    world.comes(request("OPTIONS", branch="z9hG4bK-2"))
    world.stack.stop()
    world.wait(100)
    assert world.udp.said == ["INVITE"]
    assert world.heard == []


def test_keys_are_found_by_what_the_peer_repeats() -> None:
    assert server_key(request("ACK")) == server_key(request())
    assert client_key(answer(request(), 200)) == client_key(request())
    assert client_key(request()) != server_key(request())
