"""Provisional answers that must arrive, and their PRACKs (RFC 3262; S58, S62)."""

import pytest

from tests.pysip.scenes import answer, request, said, shown
from xswitch_py.pysip.errors import SipError
from xswitch_py.pysip.reliable import (
    Acknowledgements,
    Pracked,
    Provide,
    Provisionals,
    RAck,
    is_reliable,
    must_be_reliable,
)
from xswitch_py.pysip.usage import Clock, Fields, Fired, GotPrack, Reply

INVITE = request(body=b"v=0")


def prack(rack: str, body: bytes = b"", branch: str = "z9hG4bK-p") -> GotPrack:
    return GotPrack(request("PRACK", cseq=2, branch=branch, fields=(("RAck", rack),), body=body))


def provide(status: int = 183, body: bytes = b"") -> Provide:
    return Provide(answer(INVITE, status, body=body))


@pytest.mark.item("S58")
@pytest.mark.parametrize(
    ("fields", "wanted", "must"),
    [
        ((("Require", "100rel"),), False, True),
        ((("Require", "timer, 100REL"),), False, True),
        ((("Supported", "100rel"),), True, True),
        ((("Supported", "100rel"),), False, False),
        ((), True, False),
    ],
)
def test_when_to_be_reliable(fields: Fields, wanted: bool, must: bool) -> None:
    """Who requires it gets it, who merely knows it only where it is switched on."""
    assert must_be_reliable(request(fields=fields), wanted) is must


@pytest.mark.item("S58")
def test_one_is_under_way_and_the_others_wait() -> None:
    """Numbers rise by one."""
    machine = Provisionals(INVITE, 41)
    (first, *clocks) = machine.receive(provide())
    assert isinstance(first, Reply)
    assert (first.response.headers.get("RSeq"), first.response.headers.get("Require")) == ("41", "100rel")
    assert shown(clocks) == ["arm resend-provisional 0.5", "arm no-prack 32"]
    assert machine.receive(provide(180)) == []
    effects = machine.receive(prack("41 1 INVITE"))
    assert shown(effects) == [
        "disarm resend-provisional",
        "disarm no-prack",
        "reply 200 PRACK",
        "pracked PRACK",
        "reply 180 INVITE",
        "arm resend-provisional 0.5",
        "arm no-prack 32",
    ]
    second = effects[4]
    assert isinstance(second, Reply) and second.response.headers.get("RSeq") == "42"


@pytest.mark.item("S58")
def test_it_is_repeated_ever_more_slowly_and_then_given_up() -> None:
    machine = Provisionals(INVITE, 1)
    machine.receive(provide())
    waits = [machine.receive(Fired(Clock.RESEND_PROVISIONAL))[1] for _ in range(5)]
    assert shown(waits) == [f"arm resend-provisional {seconds}" for seconds in (1, 2, 4, 8, 16)]
    assert shown(machine.receive(Fired(Clock.NO_PRACK)))[-1] == "unpracked"
    assert machine.receive(Fired(Clock.RESEND_PROVISIONAL)) == []


@pytest.mark.item("S58")
@pytest.mark.parametrize(
    "rack", ["2 1 INVITE", "1 2 INVITE", "1 1 UPDATE", "1 1", "", "x", "1 1 INVITE x", "9" * 11 + " 1 INVITE"]
)
def test_a_prack_of_something_else_is_481(rack: str) -> None:
    machine = Provisionals(INVITE, 1)
    machine.receive(provide())
    assert shown(machine.receive(prack(rack))) == ["reply 481 PRACK"]
    assert shown(machine.receive(prack("1 1 INVITE")))[2] == "reply 200 PRACK"


def test_a_second_prack_is_481() -> None:
    machine = Provisionals(INVITE, 1)
    assert shown(machine.receive(prack("1 1 INVITE"))) == ["reply 481 PRACK"]
    machine.receive(provide())
    machine.receive(prack("1 1 INVITE"))
    assert shown(machine.receive(prack("1 1 INVITE"))) == ["reply 481 PRACK"]


def test_a_prack_with_an_offer_waits_for_its_answer() -> None:
    machine = Provisionals(INVITE, 1)
    machine.receive(provide())
    effects = machine.receive(prack("1 1 INVITE", b"v=0"))
    (pracked,) = [effect for effect in effects if isinstance(effect, Pracked)]
    assert pracked.unanswered
    assert not [effect for effect in effects if isinstance(effect, Reply)]


@pytest.mark.item("S59")
def test_a_prack_that_answers_our_offer_is_answered_at_once() -> None:
    """A late offer in the first reliable answer."""
    machine = Provisionals(request(), 1)
    machine.receive(provide(body=b"v=0"))
    effects = machine.receive(prack("1 1 INVITE", b"v=0"))
    assert [said(effect.response) for effect in effects if isinstance(effect, Reply)] == ["200 PRACK"]
    assert [effect.unanswered for effect in effects if isinstance(effect, Pracked)] == [False]


@pytest.mark.item("S58")
def test_only_an_sdp_holds_the_answer_up() -> None:
    machine = Provisionals(INVITE, 1)
    machine.receive(provide(180))
    assert not machine.holds_offer
    machine.receive(provide(183, b"v=0"))
    assert machine.holds_offer
    machine.receive(prack("1 1 INVITE"))
    assert machine.holds_offer
    machine.receive(prack("2 1 INVITE"))
    assert not machine.holds_offer


def test_after_the_final_answer_nothing_is_repeated_but_a_prack_is_answered() -> None:
    machine = Provisionals(INVITE, 1)
    assert machine.stop() == []
    machine = Provisionals(INVITE, 1)
    machine.receive(provide())
    machine.receive(provide(180))
    assert shown(machine.stop()) == ["disarm resend-provisional", "disarm no-prack"]
    assert machine.stop() == []
    assert machine.receive(Fired(Clock.RESEND_PROVISIONAL)) == machine.receive(Fired(Clock.NO_PRACK)) == []
    assert shown(machine.receive(prack("1 1 INVITE"))) == ["reply 200 PRACK", "pracked PRACK"]


def test_not_everything_can_wait() -> None:
    machine = Provisionals(INVITE, 1)
    for _ in range(11):
        machine.receive(provide())
    with pytest.raises(SipError):
        machine.receive(provide())
    assert len(machine.queue) == 10


@pytest.mark.item("S62")
@pytest.mark.parametrize(
    ("status", "fields", "reliable"),
    [
        (183, (("Require", "100rel"), ("RSeq", "1")), True),
        (183, (("Require", "100rel"),), False),
        (183, (("RSeq", "1"),), False),
        (183, (("Require", "100rel"), ("RSeq", "0")), False),
        (183, (("Require", "100rel"), ("RSeq", "4294967296")), False),
        (183, (("Require", "100rel"), ("RSeq", "one")), False),
        (100, (("Require", "100rel"), ("RSeq", "1")), False),
        (200, (("Require", "100rel"), ("RSeq", "1")), False),
    ],
)
def test_what_wants_a_prack(status: int, fields: Fields, reliable: bool) -> None:
    response = answer(INVITE, status, fields=fields)
    assert is_reliable(response) is reliable
    assert (Acknowledgements().take(response) is not None) is reliable


@pytest.mark.item("S62")
def test_acknowledgements_keep_the_order() -> None:
    """Repeats and what is out of order get nothing."""
    seen = Acknowledgements()
    answers = [answer(INVITE, 183, fields=(("Require", "100rel"), ("RSeq", str(number)))) for number in (7, 7, 9, 8, 6)]
    assert [seen.take(each) for each in answers] == [RAck(7, 1, "INVITE"), None, None, RAck(8, 1, "INVITE"), None]
    assert str(RAck(7, 1, "INVITE")) == "7 1 INVITE"
