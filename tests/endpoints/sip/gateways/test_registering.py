"""The life of a registration, event by event."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.endpoints.sip.gateways.registering import (
    LONGEST,
    Answered,
    Arm,
    Disarm,
    Effect,
    Event,
    Left,
    Register,
    Registration,
    Send,
    State,
    Unanswered,
    Unregister,
    retry_after,
)
from xswitch_py.pysip.login import Login
from xswitch_py.pysip.message import Headers, Response
from xswitch_py.pysip.transaction import Failure

Fields = Iterable[tuple[str, str]]


def machine(realm: str = "") -> Registration:
    """A registration that asks for 600 s and tries again after 30."""
    return Registration("gw-1", Login("acct77", "secret"), 600, 30.0, realm)


def answer(status: int, *fields: tuple[str, str], reason: str = "Said") -> Answered:
    """An answer."""
    return Answered(Response(Headers(*fields), b"", status, reason))


def ok(expires: int | None = 600, *, user: str = "gw-1") -> Answered:
    """A 200 with our Contact among others."""
    said = "" if expires is None else f";expires={expires}"
    return answer(200, ("Contact", "<sip:gw-2@192.0.2.9>;expires=7"), ("Contact", f"<sip:{user}@192.0.2.1>{said}"))


def challenge(status: int = 401, nonce: str = "n1", *, realm: str = "carrier", stale: bool = False) -> Answered:
    """A challenge."""
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    tail = ", stale=true" if stale else ""
    return answer(status, (name, f'Digest realm="{realm}", nonce="{nonce}", qop="auth"{tail}'))


def feed(machine: Registration, *events: Event, chance: float = 0.0) -> list[Effect]:
    """Feed events; give what the last one led to. What is sent carries what the login has, as in the shell."""
    effects: list[Effect] = []
    for event in events:
        effects = machine.receive(event, chance)
        if any(isinstance(effect, Send) for effect in effects):
            machine.login.fields("REGISTER", "sip:carrier")
    return effects


@pytest.mark.item("S95")
def test_it_registers_and_comes_again_in_time() -> None:
    it = machine()
    assert machine().state is State.UNREGED
    assert (feed(it, Register()), it.state) == ([Send(600)], State.TRYING)
    assert (feed(it, answer(100)), it.state) == ([], State.TRYING)
    assert feed(it, ok(600)) == [Arm(480.0)] and (it.state, it.code, it.text) == (State.REGED, 200, "")
    assert feed(it, Register()) == [Send(600)] and it.state is State.REGED  # until that fails
    (arm,) = feed(it, ok(600), chance=0.5)
    assert isinstance(arm, Arm) and arm.seconds == pytest.approx(510.0)


@pytest.mark.item("S95")
@pytest.mark.parametrize(
    ("said", "least"),
    [
        (ok(100), 80.0),
        (ok(1), 1.0),
        (ok(3600), 480.0),  # more than we asked for: we come when we meant to
        (ok(None), 480.0),
        (answer(200, ("Expires", "50")), 40.0),
        (answer(200, ("Contact", "<sip:gw-1@192.0.2.1>"), ("Expires", "50")), 40.0),
        (ok(99, user="else"), 480.0),
        (answer(200), 480.0),
        (answer(200, ("Contact", "<<>>")), 480.0),
    ],
)
def test_what_counts_is_what_our_contact_was_granted(said: Answered, least: float) -> None:
    assert feed(machine(), Register(), said) == [Arm(least)]


@pytest.mark.item("S95")
def test_a_registrar_that_drops_our_contact_has_failed_us() -> None:
    it = machine()
    assert feed(it, Register(), ok(0)) == [Arm(30.0)]
    assert (it.state, it.bound) == (State.FAIL_WAIT, False)


@pytest.mark.item("S44")
@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_is_answered_and_the_nonce_kept(status: int) -> None:
    it = machine()
    assert feed(it, Register(), challenge(status)) == [Send(600)]
    assert feed(it, ok()) == [Arm(480.0)]
    (field,) = it.login.fields("REGISTER", "sip:carrier")
    assert "nc=00000002" in field[1] and field[0] == ("Authorization" if status == 401 else "Proxy-Authorization")


@pytest.mark.item("S44")
def test_a_stale_nonce_is_tried_once_more() -> None:
    it = machine()
    assert feed(it, Register(), challenge(), challenge(nonce="n2", stale=True)) == [Send(600)]
    assert feed(it, ok()) == [Arm(480.0)]


@pytest.mark.item("S44")
@pytest.mark.item("S95")
@pytest.mark.parametrize("again", [challenge(), challenge(407)])
def test_a_wrong_password_is_not_tried_again_soon(again: Answered) -> None:
    it = machine()
    feed(it, Register(), challenge())
    effects = feed(it, again) if again == challenge() else feed(it, challenge(nonce="n2"), again)
    assert effects == [Arm(LONGEST)]
    assert it.state == State.FAILED and "password is wrong" in it.text
    assert feed(it, Register()) == [Send(600)]


@pytest.mark.item("S44")
def test_challenges_of_attempts_that_came_to_nothing_do_not_add_up() -> None:
    it = machine()
    for nonce in "abcd":
        assert feed(it, Register(), challenge(nonce=nonce)) == [Send(600)]
        feed(it, Unanswered(Failure.TIMEOUT))
    assert it.state is State.FAIL_WAIT


@pytest.mark.item("S95")
@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (challenge(), True),
        (challenge(realm="thief"), False),
        (answer(401), False),
        (answer(401, ("WWW-Authenticate", "Digest x")), False),
    ],
)
def test_only_the_realm_that_was_set_is_answered(said: Answered, sent: bool) -> None:
    it = machine("carrier")
    assert (feed(it, Register(), said) == [Send(600)]) is sent
    assert it.state is (State.TRYING if sent else State.FAILED)


@pytest.mark.item("S95")
def test_too_short_a_time_is_raised_once() -> None:
    it = machine()
    assert feed(it, Register(), answer(423, ("Min-Expires", "1800"))) == [Send(1800)]
    assert feed(it, answer(423, ("Min-Expires", "3600"))) == [Arm(30.0)] and it.state is State.FAIL_WAIT
    assert feed(it, Register(), ok(1800)) == [Arm(1440.0)]  # and kept


@pytest.mark.item("S95")
@pytest.mark.parametrize("least", ["600", "x", "", "9999999999"])
def test_a_423_that_asks_for_nothing_sensible_is_a_failure(least: str) -> None:
    it = machine()
    assert feed(it, Register(), answer(423, ("Min-Expires", least))) == [Arm(30.0)]
    assert (it.state, it.code, it.text) == (State.FAIL_WAIT, 423, "423 Said")


@pytest.mark.item("S95")
def test_failures_wait_longer_each_time_up_to_a_quarter_of_an_hour() -> None:
    it, waits = machine(), []
    for _ in range(20):
        (arm,) = feed(it, Register(), answer(500))
        assert isinstance(arm, Arm) and it.state is State.FAIL_WAIT
        waits.append(arm.seconds)
    assert waits[:5] == [30.0, 60.0, 120.0, 240.0, 480.0] and set(waits[5:]) == {720.0}
    (arm,) = feed(it, Register(), answer(500), chance=0.999)
    assert isinstance(arm, Arm) and 890 < arm.seconds < LONGEST
    assert feed(it, Register(), ok(), Register(), answer(500)) == [Arm(30.0)]


@pytest.mark.item("S95")
def test_by_chance_a_wait_is_longer() -> None:
    assert feed(machine(), Register(), answer(500), chance=0.5) == [Arm(33.75)]


@pytest.mark.item("S95")
@pytest.mark.parametrize(
    ("said", "wait"),
    [("120", 120.0), ("120 (later);duration=9", 120.0), ("5", 30.0), ("99999", LONGEST), ("soon", 30.0)],
)
def test_a_registrar_says_how_long_to_stay_away(said: str, wait: float) -> None:
    assert feed(machine(), Register(), answer(503, ("Retry-After", said))) == [Arm(wait)]


@pytest.mark.item("S95")
@pytest.mark.parametrize(
    ("why", "code", "text"),
    [
        (Failure.TIMEOUT, 408, "no answer"),
        (Failure.TRANSPORT, 503, "cannot be reached"),
        (Failure.FULL, 500, "we are too busy"),
    ],
)
def test_no_answer_is_a_failure(why: Failure, code: int, text: str) -> None:
    it = machine()
    assert feed(it, Register(), Unanswered(why)) == [Arm(30.0)]
    assert (it.state, it.code, it.text) == (State.FAIL_WAIT, code, text)


@pytest.mark.item("S95")
def test_it_leaves_and_answers_a_challenge_to_that() -> None:
    it = machine()
    feed(it, Register(), ok())
    assert feed(it, Unregister()) == [Disarm(), Send(0)] and it.state is State.UNREGED
    assert feed(it, challenge()) == [Send(0)]
    assert feed(it, answer(200)) == [Left()] and not it.bound


@pytest.mark.item("S95")
@pytest.mark.parametrize(
    "last", [Unanswered(Failure.TIMEOUT), answer(500), answer(423, ("Min-Expires", "9")), answer(401)]
)
def test_it_leaves_whatever_becomes_of_that(last: Event) -> None:
    it = machine()
    feed(it, Register(), ok(), Unregister())
    assert feed(it, last) == [Left()] and it.state is State.UNREGED and not it.waiting


@pytest.mark.item("S95")
def test_who_never_registered_has_nothing_to_take_away() -> None:
    assert feed(machine(), Unregister()) == [Disarm(), Left()]


@pytest.mark.item("S95")
@pytest.mark.parametrize(
    ("said", "then"),
    [
        (ok(), [Send(0)]),
        (challenge(), [Left()]),
        (answer(423, ("Min-Expires", "900")), [Left()]),
        (answer(500), [Left()]),
    ],
)
def test_leaving_waits_for_the_register_under_way(said: Event, then: list[Effect]) -> None:
    it = machine()
    assert feed(it, Register(), Unregister()) == [Disarm()]
    assert feed(it, said) == then


@pytest.mark.item("S95")
def test_leaving_after_a_failed_refresh_still_takes_the_old_registration_away() -> None:
    it = machine()
    feed(it, Register(), ok(), Register(), Unregister())
    assert feed(it, answer(500)) == [Send(0)]
    assert feed(it, answer(500)) == [Left()]


@pytest.mark.item("S95")
@pytest.mark.parametrize("last", [answer(200), answer(500)])
def test_one_may_come_back_while_leaving(last: Event) -> None:
    it = machine()
    assert feed(it, Register(), ok(), Unregister(), Register()) == []
    assert feed(it, last) == [Send(600)] and it.state is State.TRYING


@pytest.mark.item("S95")
@pytest.mark.parametrize("late", [ok(), challenge(), Unanswered(Failure.TIMEOUT)])
def test_what_comes_late_changes_nothing(late: Event) -> None:
    it = machine()
    feed(it, Register(), ok(77))
    assert feed(it, late) == [] and (it.state, it.code) == (State.REGED, 200)


def test_one_register_is_under_way_at_most() -> None:
    assert feed(machine(), Register(), Register()) == []


def test_retry_after_may_be_missing() -> None:
    assert retry_after(Response(Headers(), b"", 503, "")) == 0


events = st.one_of(
    st.just(Register()),
    st.just(Unregister()),
    st.sampled_from(
        [ok(), ok(0), ok(30), answer(100), challenge(), challenge(407, "n2"), challenge(nonce="n3", stale=True)]
    ),
    st.sampled_from([answer(423, ("Min-Expires", "900")), answer(500), answer(503, ("Retry-After", "9")), answer(302)]),
    st.sampled_from([Unanswered(why) for why in Failure]),
)


@pytest.mark.item("S95")
@given(st.lists(events, max_size=30), st.floats(0, 0.999))
def test_it_always_goes_on_and_never_asks_twice(happened: list[Event], chance: float) -> None:
    it, armed, under_way, left = machine(), False, False, True
    for event in happened:
        final = isinstance(event, Unanswered) or (isinstance(event, Answered) and event.response.status >= 200)
        effects = feed(it, event, chance=chance)
        under_way = under_way and not final
        for effect in effects:
            if isinstance(effect, Send):
                assert not under_way
                under_way, armed, left = True, False, False
            elif isinstance(effect, Arm):
                assert 1.0 <= effect.seconds <= max(LONGEST, 600)
                armed = True
            elif isinstance(effect, Disarm):
                armed = False
            else:
                left = True
        assert it.waiting is under_way
        assert under_way or armed or (it.state is State.UNREGED and left)
