"""Session timers are agreed on, kept, and end what nobody keeps (RFC 4028; S81)."""

import pytest

from tests.pysip.scenes import answer, request, shown
from xswitch_py.pysip.session_timer import (
    Agreed,
    Expired,
    Policy,
    Refresh,
    RefreshFailed,
    SessionTimer,
    Stop,
    Terms,
    accept,
    agreed,
    ask,
    raised,
    refresh_method,
)
from xswitch_py.pysip.usage import Clock, Fields, Fired, Refused

KNOWS = ("Supported", "timer")


@pytest.mark.item("S81")
@pytest.mark.parametrize(
    ("fields", "terms", "told"),
    [
        ((), Terms(1800, True), (("Session-Expires", "1800;refresher=uas"),)),
        ((("Session-Expires", "600"),), Terms(600, True), (("Session-Expires", "600;refresher=uas"),)),
        ((KNOWS,), Terms(1800, False), (("Require", "timer"), ("Session-Expires", "1800;refresher=uac"))),
        ((KNOWS, ("Session-Expires", "90")), Terms(90, False),
         (("Require", "timer"), ("Session-Expires", "90;refresher=uac"))),
        ((KNOWS, ("Session-Expires", "3600;refresher=uac")), Terms(1800, False),
         (("Require", "timer"), ("Session-Expires", "1800;refresher=uac"))),
        ((KNOWS, ("Session-Expires", "600; Refresher=UAS")), Terms(600, True),
         (("Session-Expires", "600;refresher=uas"),)),
        ((KNOWS, ("Session-Expires", "7200"), ("Min-SE", "3600;x=y")), Terms(3600, False),
         (("Require", "timer"), ("Session-Expires", "3600;refresher=uac"))),
        ((("Require", "timer"), ("Session-Expires", "1000")), Terms(1000, False),
         (("Require", "timer"), ("Session-Expires", "1000;refresher=uac"))),
        ((KNOWS, ("Session-Expires", "soon")), Terms(1800, False),
         (("Require", "timer"), ("Session-Expires", "1800;refresher=uac"))),
        ((("Session-Expires", "20"),), Terms(90, True), (("Session-Expires", "90;refresher=uas"),)),
    ],
)  # fmt: skip
def test_what_we_agree_to(fields: Fields, terms: Terms, told: Fields) -> None:
    """90 is accepted; nothing is raised above what was asked; who knows no timers is refreshed by us."""
    assert accept(request(fields=fields), Policy()) == (terms, told)


@pytest.mark.item("S81")
def test_less_than_90_is_422() -> None:
    with pytest.raises(Refused) as refused:
        accept(request(fields=(KNOWS, ("Session-Expires", "89"))), Policy())
    assert (refused.value.status, refused.value.fields) == (422, (("Min-SE", "90"),))


@pytest.mark.item("S81")
def test_what_we_ask_for() -> None:
    assert ask(Policy()) == (("Session-Expires", "1800;refresher=uac"), ("Min-SE", "90"))
    assert ask(Policy(600), "uas")[0] == ("Session-Expires", "600;refresher=uas")


@pytest.mark.parametrize(
    ("value", "terms"),
    [
        (None, None),
        ("1800;refresher=uac", Terms(1800, True)),
        ("1800;refresher=uas", Terms(1800, False)),
        ("600", Terms(600, True)),
        ("0", None),
        ("10", Terms(90, True)),
        ("99999999999", None),
    ],
)
def test_what_they_agree_to(value: str | None, terms: Terms | None) -> None:
    response = answer(request(), 200, fields=(("Session-Expires", value),) if value else ())
    assert agreed(response) == terms


@pytest.mark.parametrize(
    ("status", "least", "policy"),
    [
        (422, "3600", Policy(3600, 3600)),
        (422, "120", Policy(1800, 120)),
        (422, "90", None),
        (422, None, None),
        (422, "soon", None),
        (488, "120", None),
    ],
)
def test_a_longer_interval_is_asked_for_once(status: int, least: str | None, policy: Policy | None) -> None:
    response = answer(request(), status, fields=(("Min-SE", least),) if least else ())
    assert raised(Policy(), response) == policy


@pytest.mark.item("S81")
def test_what_to_refresh_with() -> None:
    assert refresh_method(frozenset({"INVITE", "UPDATE"})) == "UPDATE"
    assert refresh_method(frozenset({"INVITE"})) == "INVITE"


@pytest.mark.item("S81")
def test_who_refreshes_does_it_at_half_time() -> None:
    timer = SessionTimer()
    assert shown(timer.receive(Agreed(Terms(1800, True)))) == ["arm refresh 900", "arm expire 1768"]
    assert timer.receive(Fired(Clock.REFRESH)) == [Refresh()]
    effects = timer.receive(Agreed(Terms(90, True)))
    assert shown(effects) == ["disarm refresh", "disarm expire", "arm refresh 45", "arm expire 60"]


@pytest.mark.item("S81")
def test_who_waits_gives_up_shortly_before_the_end() -> None:
    timer = SessionTimer()
    assert shown(timer.receive(Agreed(Terms(90, False)))) == ["arm expire 60"]
    assert timer.receive(RefreshFailed()) == []
    assert timer.receive(Fired(Clock.EXPIRE))[-1] == Expired()
    assert timer.receive(Fired(Clock.EXPIRE)) == []


def test_a_failed_refresh_is_tried_again_before_the_end() -> None:
    timer = SessionTimer()
    timer.receive(Agreed(Terms(1600, True)))
    assert shown(timer.receive(RefreshFailed())) == ["arm refresh 200"]


def test_the_end_stops_it() -> None:
    timer = SessionTimer()
    assert timer.receive(Stop()) == []
    timer.receive(Agreed(Terms(90, True)))
    assert shown(timer.receive(Stop())) == ["disarm refresh", "disarm expire"]
    assert timer.receive(Fired(Clock.REFRESH)) == []


def test_a_timer_may_be_agreed_away() -> None:
    timer = SessionTimer()
    timer.receive(Agreed(Terms(90, False)))
    assert shown(timer.receive(Agreed(None))) == ["disarm expire"]
