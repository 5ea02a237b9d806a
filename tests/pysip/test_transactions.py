"""Messages find their transactions; what belongs to none begins one, is answered at once, or is dropped."""

import pytest

from tests.pysip.scenes import answer, request, said, shown
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.message import Request, Response
from xswitch_py.pysip.transaction import (
    TIMERS,
    Answered,
    Arm,
    Arrived,
    Asked,
    Cancel,
    Cancelled,
    Deliver,
    Effect,
    Fired,
    Lost,
    Send,
    Side,
    Timer,
    Times,
    client_key,
    server_key,
)
from xswitch_py.pysip.transactions import Transactions


def came(message: Request | Response, flow: str = "udp", reliable: bool = False) -> Arrived:
    return Arrived(message, flow, reliable)


def sent(effects: list[Effect]) -> list[Request | Response]:
    return [effect.message for effect in effects if isinstance(effect, Send)]


@pytest.mark.item("S27")
@pytest.mark.item("S30")
def test_a_repeat_finds_its_transaction() -> None:
    table = Transactions()
    assert shown(table.receive(came(request())))[-1] == "deliver INVITE"
    assert table.receive(came(request())) == []
    table.receive(Answered(server_key(request()), answer(request(), 180)))
    assert shown(table.receive(came(request()))) == ["send 180 INVITE"]
    assert len(table) == 1 and server_key(request()) in table


@pytest.mark.item("S27")
@pytest.mark.parametrize(
    "other",
    [
        request(branch="z9hG4bK-2", cseq=2),
        request("OPTIONS"),
    ],
)
def test_another_branch_or_method_is_another_transaction(other: Request) -> None:
    table = Transactions()
    table.receive(came(request()))
    assert shown(table.receive(came(other)))[-1] == f"deliver {other.method}"
    assert len(table) == 2


@pytest.mark.item("S27")
def test_the_host_of_a_via_counts_in_any_case_and_with_its_port() -> None:
    upper, lower, port = request(), request(), request()
    upper.headers.set("Via", "SIP/2.0/UDP PHONE.example;branch=z9hG4bK-7")
    lower.headers.set("Via", "SIP/2.0/UDP phone.example;branch=z9hG4bK-7")
    port.headers.set("Via", "SIP/2.0/UDP phone.example:5062;branch=z9hG4bK-7")
    assert server_key(upper) == server_key(lower) != server_key(port)


@pytest.mark.item("S27")
def test_without_a_modern_branch_the_whole_request_is_compared() -> None:
    """RFC 2543."""
    old = [request(branch=branch) for branch in ("1", "1")]
    assert server_key(old[0]) == server_key(old[1])
    assert server_key(request("ACK", branch="1", to="<sip:bob@pbx.example>;tag=x")) == server_key(old[0])
    for changed in (
        request(branch="1", cseq=2),
        request(branch="1", call_id="call-2"),
        request(branch="1", uri="sip:eve@pbx.example"),
        request(branch="1", from_="<sip:alice@pbx.example>;tag=another"),
        request(branch="2"),
        request(branch="z9hG4bK"),  # the cookie alone tells nothing
        request("OPTIONS", branch="1"),
    ):
        assert server_key(changed) != server_key(old[0])


@pytest.mark.item("S30")
def test_the_ack_of_a_refusal_stays_in_its_transaction() -> None:
    table = Transactions()
    table.receive(came(request()))
    table.receive(Answered(server_key(request()), answer(request(), 486)))
    assert shown(table.receive(came(request("ACK")))) == ["disarm G", "disarm H", "arm I 5"]


@pytest.mark.item("S29")
@pytest.mark.item("S30")
def test_an_ack_without_transaction_is_the_cores() -> None:
    """That of a 2xx has a branch of its own; a stray one is dropped there, and never answered."""
    ack = request("ACK", branch="z9hG4bK-9")
    assert Transactions().receive(came(ack)) == [Deliver(None, ack)]


@pytest.mark.item("S30")
def test_a_response_without_transaction_is_dropped() -> None:
    assert Transactions().receive(came(answer(request(), 200))) == []


def test_a_response_with_two_vias_was_meant_for_another() -> None:
    table = Transactions()
    table.receive(Asked(request(), "udp", False))
    response = answer(request(), 180)
    response.headers.add("Via", "SIP/2.0/UDP other.example;branch=z9hG4bK-8")
    assert table.receive(came(response)) == []


@pytest.mark.item("S27")
def test_a_response_finds_the_request_of_its_method() -> None:
    """CANCEL and INVITE share a branch."""
    table = Transactions()
    table.receive(Asked(request(), "udp", False))
    table.receive(came(answer(request(), 180)))
    effects = table.receive(Cancel(client_key(request()), "SIP;cause=200"))
    assert shown(effects) == ["send CANCEL", "arm E 0.5", "arm F 32", "arm cancelled 32"]
    cancel = sent(effects)[0]
    assert cancel.headers.get("Reason") == "SIP;cause=200"
    assert isinstance(cancel, Request)
    assert "deliver 200 CANCEL" in shown(table.receive(came(answer(cancel, 200))))
    assert "deliver 487 INVITE" in shown(table.receive(came(answer(request(), 487))))


@pytest.mark.item("S31")
def test_a_cancel_is_answered_and_told_while_the_invite_waits() -> None:
    table = Transactions()
    table.receive(came(request()))
    table.receive(Answered(server_key(request()), answer(request(), 180, tag="ours")))
    cancel = request("CANCEL")
    effects = table.receive(came(cancel))
    (ok,) = sent(effects)
    assert (said(ok), ok.to.tag) == ("200 CANCEL", "ours")
    assert effects[-1] == Cancelled(server_key(request()), cancel)
    assert not [effect for effect in effects if isinstance(effect, Deliver)]
    assert shown(table.receive(came(cancel))) == ["send 200 CANCEL"]


@pytest.mark.item("S31")
def test_a_cancel_after_the_answer_changes_nothing() -> None:
    """200, and that is all."""
    table = Transactions()
    table.receive(came(request()))
    table.receive(Answered(server_key(request()), answer(request(), 200)))
    effects = table.receive(came(request("CANCEL")))
    assert [said(each) for each in sent(effects)] == ["200 CANCEL"]
    assert not [effect for effect in effects if isinstance(effect, Cancelled)]


def test_a_cancel_before_any_answer_has_a_tag() -> None:
    table = Transactions()
    table.receive(came(request()))
    (ok,) = sent(table.receive(came(request("CANCEL"))))
    assert ok.to.tag


@pytest.mark.item("S31")
def test_a_cancel_of_nothing_is_481_and_leaves_nothing() -> None:
    """Its copies get the same answer."""
    table = Transactions()
    first, second = [*sent(table.receive(came(request("CANCEL")))), *sent(table.receive(came(request("CANCEL"))))]
    assert said(first) == "481 CANCEL" and first.to.tag
    assert second == first
    assert len(table) == 0


@pytest.mark.item("S32")
def test_a_merged_request_is_482() -> None:
    table = Transactions()
    table.receive(came(request()))
    effects = table.receive(came(request(branch="z9hG4bK-2")))
    assert [said(each) for each in sent(effects)] == ["482 INVITE"]
    assert not [effect for effect in effects if isinstance(effect, Deliver)]
    assert "arm I 5" in shown(table.receive(came(request("ACK", branch="z9hG4bK-2"))))


@pytest.mark.item("S32")
def test_a_request_inside_a_dialog_is_never_merged() -> None:
    table = Transactions()
    inside = "<sip:bob@pbx.example>;tag=bob"
    table.receive(came(request("INFO", branch="z9hG4bK-0")))
    table.receive(came(request("INFO", to=inside)))
    effects = table.receive(came(request("INFO", to=inside, branch="z9hG4bK-2")))
    assert shown(effects)[-1] == "deliver INFO"


def test_a_challenged_request_may_come_again_with_its_number() -> None:
    """Some phones do not raise CSeq when they answer a challenge."""
    table = Transactions()
    table.receive(came(request()))
    table.receive(Answered(server_key(request()), answer(request(), 407)))
    assert shown(table.receive(came(request(branch="z9hG4bK-2"))))[-1] == "deliver INVITE"


@pytest.mark.item("S33")
def test_a_request_that_is_over_is_not_merged_with() -> None:
    """Nothing is remembered."""
    table = Transactions()
    table.receive(came(request("MESSAGE"), reliable=True))
    table.receive(Answered(server_key(request("MESSAGE")), answer(request("MESSAGE"), 200)))
    assert len(table) == 0
    assert shown(table.receive(came(request("MESSAGE", branch="z9hG4bK-2"))))[-1] == "deliver MESSAGE"


@pytest.mark.item("S31")
def test_a_full_table_still_lets_callers_give_up() -> None:
    table = Transactions(limit=1)
    table.receive(came(request()))
    assert [said(each) for each in sent(table.receive(came(request("CANCEL"))))] == ["200 CANCEL"]


def test_a_request_may_be_answered_as_soon_as_it_is_told() -> None:
    """Its timers are told before: what stops them comes after what starts them."""
    for method in ("INVITE", "OPTIONS"):
        effects = Transactions().receive(came(request(method)))
        assert isinstance(effects[-1], Deliver)
        assert all(isinstance(effect, Arm) for effect in effects[:-1])


def test_a_full_table_refuses_both_sides() -> None:
    table = Transactions(limit=1)
    table.receive(came(request()))
    (busy,) = sent(table.receive(came(request("MESSAGE"))))
    assert (said(busy), busy.headers.get("Retry-After")) == ("503 MESSAGE", "5")
    table.receive(Asked(request(), "udp", False))
    assert shown(table.receive(Asked(request("OPTIONS"), "udp", False))) == ["failed 500", "terminated"]
    assert len(table) == 2


def test_a_branch_is_used_once() -> None:
    table = Transactions()
    table.receive(Asked(request(), "udp", False))
    with pytest.raises(SipError):
        table.receive(Asked(request(), "udp", False))


@pytest.mark.item("S33")
def test_a_lost_flow_fails_what_was_asked_on_it() -> None:
    """At once; on other flows, and of theirs, all stays."""
    table = Transactions()
    table.receive(Asked(request(), "gone", True))
    table.receive(Asked(request("OPTIONS", branch="z9hG4bK-2"), "here", True))
    table.receive(came(request("MESSAGE"), "gone"))
    assert shown(table.receive(Lost("gone"))) == ["failed 503", "terminated"]
    assert len(table) == 2


def test_a_late_timer_and_a_late_answer_are_absorbed() -> None:
    table = Transactions()
    assert table.receive(Fired(server_key(request()), Timer.H)) == []
    assert table.receive(Answered(server_key(request()), answer(request(), 200))) == []
    assert table.receive(Cancel(client_key(request()))) == []


def test_a_timer_reaches_its_transaction() -> None:
    table = Transactions(Times(t1=1))
    table.receive(Asked(request(), "udp", False))
    assert shown(table.receive(Fired(client_key(request()), Timer.A))) == ["send INVITE", "arm A 2"]
    assert client_key(request()).side is Side.CLIENT


@pytest.mark.item("S28")
def test_a_trunk_may_have_its_own_times() -> None:
    """And its CANCEL has them, too."""
    table = Transactions()
    assert shown(table.receive(Asked(request(), "udp", False, Times(t1=0.1))))[1] == "arm A 0.1"
    table.receive(came(answer(request(), 180)))
    assert shown(table.receive(Cancel(client_key(request()))))[1] == "arm E 0.1"


@pytest.mark.item("S28")
def test_every_timer_has_its_time() -> None:
    assert set(TIMERS) == set(Timer)
    times = Times()
    assert [times.first(timer, True) for timer in (Timer.A, Timer.D, Timer.E, Timer.G, Timer.I, Timer.J, Timer.K)] == [
        0
    ] * 7
    assert {times.first(timer, False) for timer in (Timer.B, Timer.D, Timer.F, Timer.H, Timer.J, Timer.L, Timer.M)} == {
        32
    }


@pytest.mark.item("S33")
def test_many_calls_leave_no_transaction() -> None:
    """Whatever has been asked and answered is forgotten when its timers have run down."""
    table = Transactions()
    armed = set[Fired]()

    def do(effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Arm):
                armed.add(Fired(effect.key, effect.timer))

    for number in range(200):
        invite = request(branch=f"z9hG4bK-{number}", call_id=f"c{number}")
        do(table.receive(came(invite)))
        if number % 3:
            do(table.receive(Answered(server_key(invite), answer(invite, 200 if number % 2 else 486))))
        else:
            do(table.receive(came(request("CANCEL", branch=f"z9hG4bK-{number}", call_id=f"c{number}"))))
            do(table.receive(Answered(server_key(invite), answer(invite, 487))))
        do(table.receive(Asked(request("OPTIONS", branch=f"z9hG4bK-o{number}"), "udp", False)))
    for _ in range(10):
        for fired in list(armed):
            do(table.receive(fired))
    assert len(table) == 0 and table._origins == {}
