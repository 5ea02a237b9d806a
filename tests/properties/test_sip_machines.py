"""Whatever happens to the SIP machines, in whatever order, they keep their promises."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pysip.elsewhere import read_elsewhere
from tests.pysip.scenes import OURS, answer, contact, new_vias, request
from xswitch_py.pysip.client_transaction import InviteClient, OtherClient
from xswitch_py.pysip.dialog import DialogState, dialog_of_request, dialog_of_response
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.invite_client import Confirm, GotNothing, Inviting, InvitingState, Over
from xswitch_py.pysip.invite_server import Ended, Finish, Invited, Progress
from xswitch_py.pysip.message import Request, parse, serialise
from xswitch_py.pysip.refer import read_refer, read_replaces
from xswitch_py.pysip.registrar import Arrival, Binding, Rules, register
from xswitch_py.pysip.reliable import Provide, Provisionals
from xswitch_py.pysip.server_transaction import InviteServer, OtherServer
from xswitch_py.pysip.session_timer import Agreed, Policy, RefreshFailed, SessionTimer, Stop, Terms, accept
from xswitch_py.pysip.subscription import Begin, Concluded, Done, Lapsed, Referral, Told, Went
from xswitch_py.pysip.transaction import (
    Answered,
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
    Key,
    Lost,
    Send,
    State,
    Terminated,
    Timer,
    Times,
    client_key,
    server_key,
)
from xswitch_py.pysip.transactions import Transactions
from xswitch_py.pysip.usage import Arm as ArmClock
from xswitch_py.pysip.usage import Ask, Clock, GotAck, GotBye, GotCancel, GotPrack, GotResponse, HangUp, Reply, SendAck
from xswitch_py.pysip.usage import Disarm as DisarmClock
from xswitch_py.pysip.usage import Fired as ClockFired

STATUSES = st.sampled_from([100, 180, 183, 200, 302, 401, 486, 487, 603])
TAGS = st.sampled_from(["", "bob", "eve", "joe"])
BODIES = st.sampled_from([b"", b"v=0"])
METHODS = st.sampled_from(["INVITE", "MESSAGE", "CANCEL", "ACK", "BYE"])
BRANCHES = st.sampled_from(["z9hG4bK-1", "z9hG4bK-2", "old"])
FLOWS = st.sampled_from(["one", "two"])
INSIDE = "<sip:bob@pbx.example>;tag=ours"

REQUESTS = st.builds(
    lambda method, branch, to: request(method, branch=branch, to=to),
    METHODS,
    BRANCHES,
    st.sampled_from(["<sip:bob@pbx.example>", INSIDE]),
)
RESPONSES = st.builds(
    lambda to, status, tag, body: answer(to, status, tag=tag, body=body), REQUESTS, STATUSES, TAGS, BODIES
)
KEYS = REQUESTS.map(server_key) | REQUESTS.map(client_key)
EVENTS: st.SearchStrategy[Event] = (
    st.builds(Arrived, REQUESTS | RESPONSES, FLOWS, st.booleans())
    | st.builds(Asked, REQUESTS.filter(lambda each: each.method not in ("ACK", "CANCEL")), FLOWS, st.booleans())
    | st.builds(Answered, KEYS, RESPONSES)
    | st.builds(Cancel, KEYS)
    | st.builds(Fired, KEYS, st.sampled_from(Timer))
    | st.builds(Lost, FLOWS)
)


def read_all_elsewhere(effects: Sequence[Any]) -> None:
    """Whatever a machine sends, another library reads."""
    for effect in effects:
        match effect:
            case Send(message=message):
                read_elsewhere(message)
            case Ask(request=message) | SendAck(request=message) | Reply(response=message):
                read_elsewhere(message)


KINDS: list[Callable[[bool], Any]] = [
    lambda reliable: InviteClient(client_key(request()), request(), "one", reliable, Times()),
    lambda reliable: OtherClient(client_key(request("BYE")), request("BYE"), "one", reliable, Times()),
    lambda reliable: InviteServer(server_key(request()), request(), "one", reliable, Times()),
    lambda reliable: OtherServer(server_key(request("BYE")), request("BYE"), "one", reliable, Times()),
]


@pytest.mark.item("S33")
@given(st.sampled_from(KINDS), st.booleans(), st.lists(EVENTS))
def test_a_transaction_ends_once_and_silently_then(kind: Any, reliable: bool, events: list[Event]) -> None:
    """One `Terminated`, the last effect of all; a failure comes instead of a final answer."""
    machine = kind(reliable)
    effects = [effect for event in events for effect in machine.receive(event)]
    ends = [number for number, effect in enumerate(effects) if isinstance(effect, Terminated)]
    assert ends in ([], [len(effects) - 1])
    assert bool(ends) == (machine.state is State.TERMINATED)
    if isinstance(machine, InviteClient | OtherClient):
        finals = [each for each in effects if isinstance(each, Deliver) and getattr(each.message, "status", 0) >= 200]
        assert not (finals and any(isinstance(effect, Failed) for effect in effects))


@pytest.mark.item("S33")
@given(st.sampled_from(KINDS), st.booleans(), st.lists(EVENTS))
def test_a_living_transaction_that_waits_for_the_network_has_a_timer(
    kind: Any, reliable: bool, events: list[Event]
) -> None:
    """Nothing lives for ever, but an INVITE that rings: that is the core's to end."""
    machine, armed = kind(reliable), set[Timer]()
    for event in events:
        if isinstance(event, Fired) and event.timer in armed:
            armed.discard(event.timer)
        elif isinstance(event, Fired):
            continue  # only what runs can fire
        for effect in machine.receive(event):
            if isinstance(effect, Arm):
                armed.add(effect.timer)
            elif isinstance(effect, Disarm):
                armed.discard(effect.timer)
    rings = isinstance(machine, InviteClient | InviteServer) and machine.state is State.PROCEEDING
    assert armed or rings or machine.state in (State.NEW, State.TERMINATED)


@pytest.mark.item("S30")
@pytest.mark.item("S33")
@settings(max_examples=60)
@given(st.lists(EVENTS, max_size=40))
def test_the_table_knows_exactly_what_has_not_terminated(events: list[Event]) -> None:
    """No ACK is ever answered, and no transaction outlives its end."""
    table, ended = Transactions(limit=3), list[Key]()
    for event in events:
        before = len(table)
        with suppress(SipError):
            effects = table.receive(event)
            read_all_elsewhere(effects)
            gone = [effect.key for effect in effects if isinstance(effect, Terminated)]
            assert len(gone) == len(set(gone))
            assert not [key for key in gone if key in table]
            ended += gone
            if isinstance(event, Arrived) and isinstance(event.message, Request) and event.message.method == "ACK":
                assert not [effect for effect in effects if isinstance(effect, Send)]
                assert len(table) <= before
    assert len(table) <= 7  # three of each side's, and a CANCEL
    assert len(table._origins) <= len(table._theirs)


@pytest.mark.item("S33")
@settings(max_examples=60)
@given(st.lists(EVENTS, max_size=30))
def test_when_all_timers_have_run_down_nothing_is_left(events: list[Event]) -> None:
    table, armed = Transactions(), set[tuple[Key, Timer]]()

    def do(effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Arm):
                armed.add((effect.key, effect.timer))

    for event in events:
        with suppress(SipError):
            do(table.receive(event))
    for key in list(table._theirs):
        do(table.receive(Answered(key, answer(request(), 480))))
    for key in list(table._ours):
        do(table.receive(Cancel(key)))
    for _ in range(20):
        for key, timer in sorted(armed, key=repr):
            do(table.receive(Fired(key, timer)))
    assert len(table) == 0


INVITE = request(body=b"v=0")
PRACKS = st.integers(999, 1002).map(
    lambda rseq: GotPrack(request("PRACK", to=INSIDE, fields=(("RAck", f"{rseq} 1 INVITE"),)))
)
INVITED = (
    st.builds(
        lambda status, rel, body: Progress(answer(INVITE, status, body=body), rel), STATUSES, st.booleans(), BODIES
    )
    | STATUSES.map(lambda status: Finish(answer(INVITE, status)))
    | PRACKS
    | st.sampled_from([GotAck(request("ACK", to=INSIDE)), GotBye(request("BYE", to=INSIDE)), GotCancel(), HangUp()])
    | st.sampled_from(Clock).map(ClockFired)
)


@pytest.mark.item("S29")
@pytest.mark.item("S67")
@given(st.lists(INVITED), st.booleans())
def test_an_invite_of_theirs_ends_once_and_no_bye_goes_before_the_ack(events: list[Any], first: bool) -> None:
    dialog = dialog_of_request(INVITE, "ours", OURS, 1)
    machine = Invited(INVITE, dialog, new_vias(), Provisionals(INVITE, 1000), first=first)
    ends, acked, overdue, armed = 0, False, False, set[Clock]()
    for event in events:
        with suppress(SipError):
            effects = machine.receive(event)
            read_all_elsewhere(effects)
            for effect in effects:
                ends += isinstance(effect, Ended)
                acked |= isinstance(event, GotAck)
                overdue |= event == ClockFired(Clock.NO_ACK)
                if isinstance(effect, Ask):
                    assert effect.request.method == "BYE" and (acked or overdue)
                if isinstance(effect, ArmClock):
                    armed.add(effect.clock)
                elif isinstance(effect, DisarmClock):
                    armed.discard(effect.clock)
            if isinstance(event, ClockFired) and not ends:
                armed -= {event.clock} - ({Clock.RESEND, Clock.RESEND_PROVISIONAL})
    assert ends <= 1
    if ends:
        assert armed <= {Clock.NO_ACK}  # that one fired


def _reliable(rseq: int, tag: str, body: bytes) -> GotResponse:
    fields = (contact(), ("Require", "100rel"), ("RSeq", str(rseq)))
    return GotResponse(answer(INVITE, 183, tag=tag, body=body, fields=fields))


def _bye(tag: str) -> GotBye:
    return GotBye(request("BYE", from_=f"<sip:bob@pbx.example>;tag={tag}", to="<sip:alice@pbx.example>;tag=alice"))


RESPONSES_TO_US = st.builds(
    lambda status, tag, body: answer(INVITE, status, tag=tag, body=body, fields=(contact(),)), STATUSES, TAGS, BODIES
)
INVITING = (
    RESPONSES_TO_US.map(GotResponse)
    | st.builds(_reliable, st.integers(1, 4), TAGS, BODIES)
    | TAGS.map(_bye)
    | RESPONSES_TO_US.map(lambda response: Confirm(response, b"v=0"))
    | st.sampled_from([HangUp(), GotNothing(Failure.TIMEOUT)])
)


@pytest.mark.item("S29")
@pytest.mark.item("S60")
@pytest.mark.item("S61")
@given(st.lists(INVITING), st.booleans(), st.booleans())
def test_an_invite_of_ours_ends_once_and_each_2xx_gets_its_ack(events: list[Any], late: bool, again: bool) -> None:
    """And a BYE follows the ACK of its dialog."""
    invite = request() if late else INVITE
    dialog = None
    if again:
        dialog = dialog_of_response(INVITE, answer(INVITE, 200, fields=(contact(),)))
        dialog.confirm()
    machine = Inviting(invite, new_vias(), dialog)
    overs, acked, byes = 0, set[str](), list[str]()
    for event in events:
        with suppress(SipError):
            effects = machine.receive(event)
            read_all_elsewhere(effects)
            overs += len([each for each in effects if isinstance(each, Over)])
            for effect in effects:
                if isinstance(effect, SendAck):
                    acked.add(effect.request.to.tag)
                if isinstance(effect, Ask) and effect.request.method == "BYE":
                    assert again or effect.request.to.tag in acked
                    byes.append(effect.request.to.tag)
            if isinstance(event, GotResponse) and 200 <= event.response.status < 300:
                tag = event.response.to.tag
                known = tag in machine.forks
                waits = machine.state is InvitingState.ANSWERED
                assert not known or waits or [each for each in effects if isinstance(each, SendAck)]
    assert overs <= 1
    assert len(byes) == len(set(byes))
    assert bool(overs) == (machine.state is InvitingState.ENDED)


TERMS = st.builds(Terms, st.integers(90, 10_000), st.booleans())


@pytest.mark.item("S81")
@given(st.lists(st.builds(Agreed, st.none() | TERMS) | st.sampled_from([RefreshFailed(), Stop()])))
def test_a_session_timer_runs_exactly_while_there_are_terms(events: list[Any]) -> None:
    timer, armed = SessionTimer(), set[Clock]()
    for event in events:
        for effect in timer.receive(event):
            if isinstance(effect, ArmClock):
                armed.add(effect.clock)
            elif isinstance(effect, DisarmClock):
                armed.discard(effect.clock)
    expected = {Clock.EXPIRE, *([Clock.REFRESH] if timer.terms.we_refresh else [])} if timer.terms else set()
    assert armed == expected


REFERRAL = st.sampled_from([Begin(), Lapsed(), ClockFired(Clock.NOTIFY), ClockFired(Clock.EXPIRE)]) | (
    st.builds(Went, STATUSES) | st.builds(Concluded, STATUSES) | st.builds(Told, STATUSES)
)


@pytest.mark.item("S84")
@given(st.lists(REFERRAL), st.integers(0, 10))
def test_a_transfer_is_done_once_and_says_nothing_after(events: list[Any], bye_after: int) -> None:
    dialog = dialog_of_request(INVITE, "ours", OURS, 1)
    dialog.confirm()
    machine, done = Referral(request("REFER", to=INSIDE), dialog, new_vias()), 0
    for number, event in enumerate(events):
        if number == bye_after:
            dialog.end()
        with suppress(SipError):
            effects = machine.receive(event)
            read_all_elsewhere(effects)
            assert not (done and effects)
            assert dialog.state is not DialogState.ENDED or not [each for each in effects if isinstance(each, Ask)]
            done += effects.count(Done())
    assert done <= 1


CONTACTS = st.builds(
    lambda host, params: f"<sip:alice@{host}>{params}",
    st.sampled_from(["a", "b", "c", "d"]),
    st.sampled_from(["", ";expires=0", ";expires=60", ";expires=10", ";q=0.3", ';+sip.instance="<i>";reg-id=1']),
) | st.just("*")
REGISTERS = st.builds(
    lambda contacts, cseq, call, expires: request(
        "REGISTER",
        from_="<sip:alice@pbx.example>;tag=x",
        to="<sip:alice@pbx.example>",
        call_id=call,
        cseq=cseq,
        contact="",
        fields=(*[("Contact", each) for each in contacts], ("Expires", expires), ("Supported", "outbound")),
    ),
    st.lists(CONTACTS, max_size=3),
    st.integers(0, 5),
    st.sampled_from(["r1", "r2"]),
    st.sampled_from(["0", "60", "600", "x"]),
)


@pytest.mark.item("S45")
@pytest.mark.item("S46")
@pytest.mark.item("S47")
@pytest.mark.item("S48")
@pytest.mark.item("S49")
@given(st.lists(st.tuples(REGISTERS, st.integers(0, 300)), max_size=12))
def test_any_registers_leave_an_orderly_table(registers: list[tuple[Request, int]]) -> None:
    """What was refused changed nothing; no place twice, no more than the limit, nothing for ever."""
    now, bindings, rules = 0.0, tuple[Binding, ...](), Rules(limit=3)
    for message, pause in registers:
        now += pause
        with suppress(SipError):
            result = register(message, bindings, Arrival("flow"), now, rules)
            bindings = result.bindings
            assert len([name for name, _ in result.fields if name == "Contact"]) == len(bindings)
            assert all(now < each.expires_at <= now + rules.most for each in bindings)
        assert len(bindings) <= rules.limit
        places = [(each.instance, each.reg_id) if each.outbound else str(each.contact.uri) for each in bindings]
        assert len(places) == len(set(places))


HOSTILE = st.sampled_from(
    [
        "<sip:a@b>", "*", "", "<sip:", '"x\\" <sip:a@b>', "sip:a@b;tag=1", "<tel:+1>", "<sips:a@b:99999>", "<x:y>",
        ";;;=", "<sip:%00@b>", "<sip:a@[::1]?Route=%3Csip:x%3E>;tag=\"q;\"",
        "<sip:a@b?Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D%0D%0A>",
        "\u00fc\u2028 <sip:\u00fc@b>;x=\u00e9", "4294967295 1 INVITE", "1 INVITE", "90;refresher=uas",
        "timer, 100rel, outbound",
        "SIP/2.0/UDP h;branch=z9hG4bK-1", "SIP/2.0/WS x.invalid;branch=z9hG4bK;rport;ttl=999", "0", "99999999999",
        "<sip:a@b;lr>, <sip:c@d>", "c;to-tag=1;from-tag=2", "<sip:a@b>;expires=0;q=2;+sip.instance=\"<\\\">\";reg-id=1",
    ]
) | st.text(max_size=12).filter(lambda text: not set(text) & set("\r\n\0"))  # fmt: skip
NAMES = st.sampled_from(
    "Via From To Contact Record-Route Route CSeq Call-ID RAck RSeq Refer-To Replaces Session-Expires Min-SE Supported"
    " Require Path Expires Refer-Sub Max-Forwards".split()
)
LINES = {
    "Via": "SIP/2.0/UDP h;branch=z9hG4bK-1",
    "From": "<sip:a@b>;tag=alice",
    "To": "<sip:a@b>",
    "Call-ID": "c",
    "Contact": "<sip:a@b>",
}


@pytest.mark.item("S107")
@settings(max_examples=300)
@given(
    st.sampled_from(["INVITE", "REGISTER", "REFER", "PRACK", "CANCEL", "ACK", "UPDATE"]),
    st.dictionaries(NAMES, HOSTILE),
)
def test_hostile_fields_raise_nothing_but_our_errors(method: str, fields: dict[str, str]) -> None:
    """What was read can be used, answered, and written, or is refused."""
    lines = {**LINES, "CSeq": f"1 {method}", **fields}
    head = "".join([f"{name}: {value}\r\n" for name, value in lines.items()])
    with suppress(SipError):
        message = parse(f"{method} sip:x@y SIP/2.0\r\n{head}Content-Length: 0\r\n\r\n".encode("utf-8", "replace"))
        assert isinstance(message, Request)
        for use in USES:
            with suppress(SipError):
                use(message)


def _answered(message: Request) -> None:
    table = Transactions()
    effects = table.receive(Arrived(message, "flow", False))
    effects += table.receive(Answered(server_key(message), answer(message, 486)))
    for effect in effects:
        if isinstance(effect, Send):
            parse(serialise(effect.message))


def _in_dialog(message: Request) -> None:
    dialog = dialog_of_request(message, "ours", OURS, 1)
    dialog.confirm()
    parse(serialise(dialog.response(message, 200)))
    parse(serialise(dialog.request("INFO", new_vias()())))
    dialog.refresh(message)


def _called(message: Request) -> None:
    response = answer(INVITE, 200, fields=tuple(_kept(message)))
    dialog = dialog_of_response(INVITE, response)
    parse(serialise(dialog.ack(1, new_vias()())))
    Inviting(INVITE, new_vias()).receive(GotResponse(response))


def _kept(message: Request) -> list[tuple[str, str]]:
    return [(name, value) for name, value in message.headers if name in ("Contact", "Record-Route", "RSeq", "Require")]


def _registered(message: Request) -> None:
    register(message, (), Arrival("flow", trusted=True), 0.0, Rules())


def _pracked(message: Request) -> None:
    machine = Provisionals(INVITE, 1)
    machine.receive(Provide(answer(INVITE, 183)))
    machine.receive(GotPrack(message))


USES: list[Callable[[Request], Any]] = [
    _answered,
    _in_dialog,
    _called,
    _registered,
    read_refer,
    read_replaces,
    lambda message: accept(message, Policy()),
    _pracked,
]
