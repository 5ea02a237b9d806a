"""Session timers, and what else we ask of a phone while its call is up."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.endpoints.sip.door_world import PLAIN, Phone, Talk, World, eventually, world
from tests.fakes import FakeMedia
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Party
from xswitch_py.endpoints.sip.calls.line import Line
from xswitch_py.pysip.session_timer import Policy
from xswitch_py.pysip.usage import Clock, Fields

WITHOUT_UPDATE: Fields = (("Allow", "INVITE, ACK, BYE, CANCEL"),)
TIMER: Fields = (("Supported", "timer"),)
TIMED: Fields = (("Session-Expires", "1800;refresher=uac"), ("Require", "timer"))


class Media(FakeMedia):
    """Media that knows what it said."""

    def local(self, leg: LegId) -> str:
        return f"local {leg}"


@pytest.fixture
async def hasty(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A world where sessions are refreshed every half second."""
    monkeypatch.setattr("xswitch_py.pysip.session_timer.MIN_SE", 1)
    async with world(Media(), session=Policy(1, 1)) as made:
        yield made
        await made.quiet()


@pytest.fixture
async def made() -> AsyncIterator[World]:
    async with world(Media()) as fresh:
        yield fresh
        await fresh.quiet()


def line_of(made: World, user: str) -> Line:
    """Give the line of a user's call."""
    (line,) = [line for line in made.sip.house.lines if line.user is not None and line.user.user == user]
    return line


async def talking(made: World, *, caller: Fields = (), callee: Fields = (), agent: Fields | None = None) -> list[Talk]:
    """Give both ends of a call; `caller` and `callee` are header lines of INVITE and 200, `agent` what both serve."""
    phones = await made.registered("1000", "1001")
    for phone in phones:
        phone.agent = agent if agent is not None else phone.agent
    call = await phones[0].calls("1001", fields=caller)
    rung = await phones[1].rings()
    await rung.answers(fields=callee)
    await call.answered()
    await eventually(lambda: bool(made.media.bridges) and not line_of(made, "1000").owes_ack)
    return [call, rung]


def fire(line: Line) -> None:
    """Let the time for a refresh come now."""
    handle = line._timers[id(line.timer), Clock.REFRESH]
    due, what = handle._callback, handle._args  # type: ignore[attr-defined]  # what the loop calls in time
    handle.cancel()
    due(*what)


async def ended(made: World, *phones: Phone) -> None:
    """Wait until all were told that the call is over."""
    for phone in phones:
        await phone.next("BYE")
    await made.quiet()


# What is agreed.


@pytest.mark.item("S81")
async def test_a_page_that_wants_ninety_seconds_gets_them(made: World) -> None:
    phone, callee = await made.registered("1000", "1001")
    call = await phone.calls("1001", fields=(("Session-Expires", "90"), ("Supported", "timer,ice,replaces,outbound")))
    await (await callee.rings()).answers()
    answer = await call.answered()
    assert answer.headers.get("Session-Expires") == "90;refresher=uac"
    assert "timer" in answer.tokens("Require")
    await call.bye()


@pytest.mark.item("S81")
async def test_less_is_too_little_and_leaves_nothing(made: World) -> None:
    (phone,) = await made.registered("1000")
    await phone.calls("1001", fields=(("Session-Expires", "89"), ("Supported", "timer")))
    refused = await phone.final("INVITE")
    assert (refused.status, refused.headers.get("Min-SE")) == (422, "90")
    await made.empty()


@pytest.mark.item("S81")
async def test_less_is_too_little_within_a_call_too_and_the_call_goes_on(made: World) -> None:
    one, _ = await talking(made)
    for method in ("INVITE", "UPDATE"):
        refused = await one.asked(method, PLAIN, (("Session-Expires", "60"), ("Supported", "timer")))
        assert (refused.status, refused.headers.get("Min-SE")) == (422, "90")
    assert (await one.asked("INVITE", PLAIN)).status == 200
    await one.bye()


@pytest.mark.item("S81")
async def test_what_we_ask_for(made: World) -> None:
    _, rung = await talking(made)
    headers = rung.invite.headers
    assert (headers.get("Session-Expires"), headers.get("Min-SE")) == ("1800;refresher=uac", "90")
    assert "timer" in rung.invite.tokens("Supported")
    await rung.bye()


@pytest.mark.item("S81")
async def test_a_phone_that_has_no_timers_is_refreshed_by_us(made: World) -> None:
    _, two = await talking(made)
    terms = line_of(made, "1000").timer.terms
    assert terms is not None and terms.we_refresh
    assert line_of(made, "1001").timer.terms is None  # its 200 says nothing of timers
    await two.bye()


# Refreshes of ours.


@pytest.mark.item("S81")
async def test_a_refresh_is_an_update_without_sdp_again_and_again(hasty: World) -> None:
    one, _ = await talking(hasty)  # has no timers
    line, at = line_of(hasty, "1000"), asyncio.get_running_loop().time()
    for _ in range(2):
        update = await one.phone.next("UPDATE")
        assert update.body == b""
        assert update.headers.get("Session-Expires") == "1;refresher=uac"
    assert asyncio.get_running_loop().time() - at > 0.8
    assert line.leg.cause is None
    await one.bye()


@pytest.mark.item("S77")
@pytest.mark.item("S81")
async def test_a_phone_without_update_is_refreshed_by_an_invite_that_says_the_same(hasty: World) -> None:
    one, _ = await talking(hasty, agent=WITHOUT_UPDATE)
    line = line_of(hasty, "1000")
    for _ in range(2):
        invite = await one.phone.next("INVITE")
        assert invite.body.decode() == f"local {line.leg.id}"
        sdps = list(hasty.media.tracks[line.leg.id].sdps)
        one.phone.answers(invite, 200, PLAIN)
        await one.phone.next("ACK")
        assert hasty.media.tracks[line.leg.id].sdps == sdps
        assert len(line.machines) == 1
    await one.bye()


@pytest.mark.item("S81")
@pytest.mark.parametrize(("agent", "method"), [(None, "UPDATE"), (WITHOUT_UPDATE, "INVITE")])
@pytest.mark.parametrize("status", [481, 408])
async def test_a_refresh_that_finds_no_call_ends_it_for_both(
    hasty: World, agent: Fields | None, method: str, status: int
) -> None:
    one, two = await talking(hasty, agent=agent)
    one.phone.auto.pop("UPDATE")
    line = line_of(hasty, "1000")
    one.phone.answers(await one.phone.next(method), status)
    await ended(hasty, one.phone, two.phone)
    assert line.leg.cause is Cause.RECOVERY_ON_TIMER_EXPIRE


@pytest.mark.item("S66")
@pytest.mark.item("S81")
@pytest.mark.parametrize(("agent", "method"), [(None, "UPDATE"), (WITHOUT_UPDATE, "INVITE")])
@pytest.mark.parametrize("status", [488, 500, 407])
async def test_a_refresh_that_is_refused_is_tried_again_soon(
    hasty: World, agent: Fields | None, method: str, status: int
) -> None:
    one, _ = await talking(hasty, agent=agent)
    one.phone.auto.pop("UPDATE")
    line = line_of(hasty, "1000")
    one.phone.answers(await one.phone.next(method), status)
    again = await one.phone.next(method)
    one.phone.answers(again, 200, PLAIN if method == "INVITE" else "")
    await eventually(lambda: (id(line.timer), Clock.REFRESH) in line._timers)
    assert line.leg.cause is None
    assert (await one.asked("INVITE", PLAIN)).status == 200  # no offer hangs
    await one.bye()


@pytest.mark.item("S65")
@pytest.mark.parametrize(("who", "least", "most"), [("1000", 0.0, 2.0), ("1001", 2.1, 4.0)])
async def test_who_met_us_is_asked_again_after_a_while(
    made: World, monkeypatch: pytest.MonkeyPatch, who: str, least: float, most: float
) -> None:
    """Whoever made the Call-ID waits longer: we did in calls that we placed."""
    ends = dict(zip(("1000", "1001"), await talking(made, agent=WITHOUT_UPDATE, callee=TIMED), strict=True))
    line, waits = line_of(made, who), list[float]()
    loop = asyncio.get_running_loop()
    later = loop.call_later

    def soon(delay: float, call: object, *args: object) -> asyncio.TimerHandle:
        if getattr(call, "__name__", "") == "_refresh":
            waits.append(delay)
            delay = 0.0
        return later(delay, call, *args)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(loop, "call_later", soon)
    fire(line)
    phone = ends[who].phone
    phone.answers(await phone.next("INVITE"), 491)
    again = await phone.next("INVITE")
    assert len(waits) == 1 and least <= waits[0] <= most
    assert round(waits[0] * 100) == pytest.approx(waits[0] * 100)
    phone.answers(again, 200, PLAIN)
    await phone.next("ACK")
    await ends[who].bye()


@pytest.mark.item("S81")
async def test_a_longer_session_is_agreed_to_when_a_phone_wants_one(made: World) -> None:
    one, _ = await talking(made)
    one.phone.auto.pop("UPDATE")
    line = line_of(made, "1000")
    fire(line)
    one.phone.answers(await one.phone.next("UPDATE"), 422, fields=(("Min-SE", "3600"),))
    again = await one.phone.next("UPDATE")
    assert (again.headers.get("Session-Expires"), again.headers.get("Min-SE")) == ("3600;refresher=uac", "3600")
    one.phone.answers(again, 200)
    await one.bye()


@pytest.mark.item("S64")
async def test_an_offer_that_meets_ours_is_to_come_again(made: World) -> None:
    one, _ = await talking(made, agent=WITHOUT_UPDATE)
    line = line_of(made, "1000")
    fire(line)
    ours = await one.phone.next("INVITE")
    one.phone.answers(ours, 180)
    for method in ("INVITE", "UPDATE"):
        one.asks(method, PLAIN + "a=sendonly\r\n")
        assert (await one.phone.final(method)).status == 491
    assert not line.leg.held
    assert (await one.asked("UPDATE")).status == 200  # offers nothing
    one.phone.answers(ours, 200, PLAIN)
    await one.phone.next("ACK")
    assert (await one.asked("INVITE", PLAIN + "a=sendonly\r\n")).status == 200
    assert line.leg.held
    await one.bye()


@pytest.mark.item("S64")
async def test_a_refresh_that_is_due_while_their_offer_waits_comes_later(made: World) -> None:
    one, _ = await talking(made, agent=WITHOUT_UPDATE)
    line = line_of(made, "1000")
    one.asks("INVITE")
    answer = await one.phone.final("INVITE")  # our offer, that waits for the ACK
    fire(line)
    assert (id(line.timer), Clock.REFRESH) in line._timers
    assert not one.phone.waiting("INVITE")
    one.acknowledge(answer, PLAIN)
    await eventually(lambda: line.offers.state.value == "nobodys")
    await one.bye()


@pytest.mark.item("S64")
async def test_a_refresh_that_is_due_before_their_invite_is_acknowledged_comes_later(made: World) -> None:
    one, _ = await talking(made, agent=WITHOUT_UPDATE)
    line = line_of(made, "1000")
    one.asks("INVITE", PLAIN)
    answer = await one.phone.final("INVITE")
    fire(line)
    await asyncio.sleep(0.01)
    assert not one.phone.waiting("INVITE")
    one.acknowledge(answer)
    await eventually(lambda: not line.owes_ack)
    fire(line)
    one.phone.answers(await one.phone.next("INVITE"), 200, PLAIN)
    await one.phone.next("ACK")
    await one.bye()


@pytest.mark.item("S67")
@pytest.mark.parametrize("late", [200, 487])
async def test_a_goodbye_while_our_refresh_waits_is_honoured(made: World, late: int) -> None:
    one, two = await talking(made, agent=WITHOUT_UPDATE)
    fire(line_of(made, "1000"))
    ours = await one.phone.next("INVITE")
    one.phone.answers(ours, 180)
    await one.bye()
    await two.phone.next("BYE")
    one.phone.answers(ours, late, PLAIN if late == 200 else "")
    await one.phone.next("ACK")
    await made.empty()


@pytest.mark.item("S67")
async def test_we_hang_up_while_our_refresh_waits(made: World) -> None:
    one, two = await talking(made, agent=WITHOUT_UPDATE)
    fire(line_of(made, "1000"))
    ours = await one.phone.next("INVITE")
    one.phone.answers(ours, 180)
    await two.bye()
    await one.phone.next("BYE")
    one.phone.answers(ours, 487)
    await made.empty()


@pytest.mark.item("S81")
async def test_an_answer_to_a_refresh_that_comes_after_the_end_winds_no_clock(made: World) -> None:
    one, two = await talking(made)
    one.phone.auto.pop("UPDATE")
    line = line_of(made, "1000")
    fire(line)
    update = await one.phone.next("UPDATE")
    await one.bye()
    await two.phone.next("BYE")
    one.phone.answers(update, 200, fields=(("Session-Expires", "90;refresher=uac"),))
    await made.empty()
    assert not line._timers


# Refreshes of theirs.


@pytest.mark.item("S81")
async def test_a_session_that_nobody_refreshes_ends_for_both(hasty: World) -> None:
    one, two = await talking(hasty, caller=(("Session-Expires", "1;refresher=uac"), *TIMER))
    line, at = line_of(hasty, "1000"), asyncio.get_running_loop().time()
    assert line.timer.terms is not None and not line.timer.terms.we_refresh
    await ended(hasty, one.phone, two.phone)
    assert 0.5 < asyncio.get_running_loop().time() - at < 1.0
    assert line.leg.cause is Cause.RECOVERY_ON_TIMER_EXPIRE


@pytest.mark.item("S81")
@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
async def test_a_session_that_is_refreshed_goes_on(hasty: World, method: str) -> None:
    said: Fields = (("Session-Expires", "1;refresher=uac"), *TIMER)
    one, _ = await talking(hasty, caller=said)
    line, at = line_of(hasty, "1000"), asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() - at < 1.2:
        await asyncio.sleep(0.3)
        answer = await one.asked(method, PLAIN if method == "INVITE" else "", said)
        assert (answer.status, answer.headers.get("Session-Expires")) == (200, "1;refresher=uac")
    assert line.leg.cause is None
    await one.bye()


@pytest.mark.item("S81")
async def test_what_an_answer_says_of_timers_is_meant(made: World) -> None:
    """An UPDATE that says nothing of timers, as one that tells a name, is answered with terms that then hold."""
    one, _ = await talking(made, caller=(("Session-Expires", "90"), *TIMER))
    answer = await one.asked("UPDATE", fields=TIMER)
    terms = line_of(made, "1000").timer.terms
    assert terms is not None
    assert answer.headers.get("Session-Expires") == f"{terms.interval};refresher=uac"
    assert not terms.we_refresh
    await one.bye()


# Whom the peer is shown.


@pytest.mark.item("S68")
async def test_a_phone_is_told_whom_it_talks_to_now_if_it_can_hear_it(made: World) -> None:
    one, two = await talking(made)
    line_of(made, "1000").leg.display(Party("Zoë", "1007"))
    update = await one.phone.next("UPDATE")
    assert update.headers.get("P-Asserted-Identity") == '"Zoë" <sip:1007@pbx.test>'
    assert update.body == b""
    line_of(made, "1000").leg.display(Party("Zoë", "1007"))  # no news
    line = line_of(made, "1001")
    line.allow = frozenset({"INVITE"})
    line.leg.display(Party("Zoë", "1007"))
    await one.bye()
    await two.phone.next("BYE")
    assert not one.phone.waiting("UPDATE") and not two.phone.waiting("UPDATE")


@pytest.mark.item("S66")
async def test_a_phone_that_knows_of_no_call_when_it_is_told_ends_it(made: World) -> None:
    one, two = await talking(made)
    one.phone.auto["UPDATE"] = 481
    line_of(made, "1000").leg.display(Party("Zoë", "1007"))
    await ended(made, one.phone, two.phone)
