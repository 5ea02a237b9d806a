"""The states of a gateway, event by event."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.endpoints.sip.gateways.config import GatewayConfig, Proxy
from xswitch_py.endpoints.sip.gateways.gateway import (
    Alarm,
    Arm,
    Asking,
    Disarm,
    Effect,
    Event,
    Found,
    Gateway,
    Heard,
    Leave,
    Left,
    Lost,
    Ping,
    Register,
    Send,
    Told,
    Unregister,
    Unresolved,
)
from xswitch_py.endpoints.sip.gateways.registering import State
from xswitch_py.pysip.message import Headers, Response
from xswitch_py.pysip.transaction import Failure

PLAIN = GatewayConfig("carrier", Proxy("sip.carrier.example"))
ACCOUNT = replace(PLAIN, register=True, username="acct77", password="secret")
REG, OPT = Asking.REGISTER, Asking.OPTIONS


def said(status: int, what: Asking = OPT) -> Heard:
    """An answer."""
    return Heard(what, Response(Headers(), b"", status, "Said"))


def feed(gateway: Gateway, *events: Event, now: float = 0.0) -> list[Effect]:
    """Feed events; give what the last one led to."""
    effects: list[Effect] = []
    for event in events:
        effects = gateway.receive(event, now, 0.0)
    return effects


@pytest.mark.item("S96")
def test_it_is_asked_again_and_again() -> None:
    it = Gateway(PLAIN)
    assert not it.up  # nobody knows where it is
    assert feed(it, Found()) == [Disarm(OPT), Send(OPT)] and it.up
    assert feed(it, said(200)) == [Arm(OPT, 30.0)] and it.code == 200
    assert feed(it, Alarm(OPT)) == [Disarm(OPT), Send(OPT)]


@pytest.mark.item("S96")
@pytest.mark.parametrize("status", [200, 401, 403, 404, 405, 407, 481, 486, 500, 501, 603])
def test_any_answer_but_two_is_a_sign_of_life(status: int) -> None:
    it = Gateway(PLAIN)
    feed(it, Found())
    for _ in range(4):
        feed(it, said(status), Alarm(OPT))
    assert it.up and it.state is State.NOREG


@pytest.mark.item("S96")
@pytest.mark.parametrize("miss", [said(408), said(503), Heard(OPT, Failure.TIMEOUT)])
def test_three_misses_are_down_and_one_answer_is_up(miss: Heard) -> None:
    it = Gateway(PLAIN)
    feed(it, Found(), miss, Alarm(OPT), miss, Alarm(OPT), said(200), Alarm(OPT), miss, Alarm(OPT), miss)
    assert it.up  # an answer in between begins anew
    effects = feed(it, Alarm(OPT), miss, now=7.0)
    assert effects == [Arm(OPT, 30.0), Told(State.DOWN, it.text)] and f"{it.code}" in it.text
    assert (it.state, it.up, it.since) == (State.DOWN, False, 7.0)
    assert feed(it, Alarm(OPT), miss, now=8.0) == [Arm(OPT, 30.0)] and it.since == 7.0
    assert feed(it, Alarm(OPT), said(404), now=9.0) == [Arm(OPT, 30.0), Told(State.NOREG, "")]
    assert it.up and it.since == 9.0


@pytest.mark.item("S96")
def test_who_cannot_be_reached_is_down_at_once() -> None:
    it = Gateway(PLAIN)
    effects = feed(it, Found(), Heard(OPT, Failure.TRANSPORT))
    assert effects == [Arm(OPT, 30.0), Told(State.DOWN, "cannot be reached")]


@pytest.mark.item("S96")
def test_that_we_are_busy_says_nothing_about_it() -> None:
    it = Gateway(PLAIN)
    feed(it, Found())
    for _ in range(4):
        feed(it, Heard(OPT, Failure.FULL), Alarm(OPT))
    assert it.up


@pytest.mark.item("S96")
def test_without_pings_one_by_hand_only_informs() -> None:
    it = Gateway(replace(PLAIN, ping=0.0))
    assert feed(it, Found()) == []
    assert feed(it, Ping()) == [Disarm(OPT), Send(OPT)]
    assert feed(it, Ping()) == []  # one is enough
    assert feed(it, Heard(OPT, Failure.TRANSPORT)) == []
    assert it.up and it.code == 503
    assert feed(it, Register()) == []  # it has no account


@pytest.mark.item("S95")
def test_registration_begins_with_the_addresses() -> None:
    it = Gateway(replace(ACCOUNT, ping=0.0))
    assert feed(it, Register()) == [] and it.state is State.UNREGED
    assert feed(it, Found()) == [Send(REG, 600), Told(State.TRYING, "")] and not it.up
    assert feed(it, said(200, REG)) == [Arm(REG, 480.0), Told(State.REGED, "")] and it.up
    assert feed(it, Found()) == []  # they are known anew
    assert feed(it, Alarm(REG)) == [Send(REG, 600)] and it.up
    assert feed(it, Heard(REG, Failure.TIMEOUT)) == [Arm(REG, 30.0), Told(State.FAIL_WAIT, "no answer")]
    assert not it.up and it.code == 408


@pytest.mark.item("S95")
def test_a_lost_connection_is_registered_over_anew() -> None:
    it = Gateway(replace(ACCOUNT, ping=0.0))
    assert feed(it, Found(), Lost()) == []
    assert feed(it, said(200, REG), Lost()) == [Send(REG, 600)]


@pytest.mark.item("S97")
def test_a_name_without_addresses_is_down_until_it_has_some() -> None:
    it = Gateway(ACCOUNT)
    assert feed(it, Unresolved("no such name")) == [Told(State.DOWN, "no such name")]
    assert feed(it, Ping(), Register(), Alarm(REG)) == []
    assert feed(it, Found()) == [Send(REG, 600), Disarm(OPT), Send(OPT), Told(State.TRYING, "")]
    feed(it, said(200, REG), said(200))
    assert feed(it, Unresolved("gone")) == [Told(State.DOWN, "gone")] and not it.up
    assert feed(it, Alarm(REG), Alarm(OPT)) == []
    assert feed(it, Found()) == [Send(REG, 600), Disarm(OPT), Send(OPT), Told(State.REGED, "")]


@pytest.mark.item("S96")
def test_a_registration_that_waits_is_tried_when_the_gateway_is_back() -> None:
    it = Gateway(ACCOUNT)
    feed(it, Found(), Heard(REG, Failure.TRANSPORT), Heard(OPT, Failure.TRANSPORT))
    assert it.state is State.DOWN
    assert feed(it, Alarm(OPT), said(200)) == [Arm(OPT, 30.0), Send(REG, 600), Told(State.TRYING, "cannot be reached")]


@pytest.mark.item("S110")
def test_an_operator_takes_it_out_and_in() -> None:
    it = Gateway(replace(ACCOUNT, ping=0.0))
    feed(it, Found(), said(200, REG))
    assert feed(it, Unregister()) == [Disarm(REG), Send(REG, 0), Told(State.UNREGED, "")] and not it.up
    assert feed(it, said(200, REG)) == []
    assert feed(it, Unresolved("gone"), Found()) == [Told(State.UNREGED, "")]  # it stays out
    assert feed(it, Register()) == [Send(REG, 600), Told(State.TRYING, "")]


@pytest.mark.item("S95")
def test_leaving_waits_for_the_registrar() -> None:
    it = Gateway(ACCOUNT)
    feed(it, Found(), said(200, REG))
    assert feed(it, Leave()) == [Disarm(OPT), Disarm(REG), Send(REG, 0), Told(State.UNREGED, "")]
    assert feed(it, said(200), Ping(), Register(), Alarm(OPT)) == []
    assert feed(it, said(200, REG)) == [Left()]


@pytest.mark.item("S95")
def test_leaving_without_an_account_is_at_once() -> None:
    assert feed(Gateway(PLAIN), Found(), Leave()) == [Disarm(OPT), Disarm(REG), Left()]


@pytest.mark.item("S99")
def test_tokens_are_known_again_and_tell_gateways_apart() -> None:
    assert Gateway(ACCOUNT).token == Gateway(ACCOUNT).token
    others = [replace(ACCOUNT, name="other"), replace(ACCOUNT, password="other"), PLAIN]
    assert len({Gateway(one).token for one in [ACCOUNT, *others]} | {Gateway(PLAIN).token}) == 5
    assert Gateway(PLAIN, "given").token == "given"


@pytest.mark.item("S96")
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [Found(), Unresolved("x"), Lost(), Register(), Unregister(), Ping(), Alarm(REG), Alarm(OPT)]
            ),
            st.sampled_from([said(status, what) for status in (200, 401, 408, 423, 503) for what in Asking]),
            st.sampled_from([Heard(what, why) for what in Asking for why in Failure]),
        ),
        max_size=30,
    )
)
def test_a_known_gateway_is_always_asked_again(happened: list[Event]) -> None:
    it = Gateway(ACCOUNT)
    armed = asked = False
    for event in happened:
        armed = armed and event != Alarm(OPT)
        if isinstance(event, Heard) and event.what is OPT:
            if not asked:
                continue  # what was not asked for does not come
            asked = False
        for effect in feed(it, event):
            armed = (armed or effect == Arm(OPT, 30.0)) and effect != Disarm(OPT)
            asked = asked or effect == Send(OPT)
        assert not it.up or it.state in (State.NOREG, State.REGED)
        assert armed or asked or not it.found
    assert feed(it, Leave())[0] == Disarm(OPT)
