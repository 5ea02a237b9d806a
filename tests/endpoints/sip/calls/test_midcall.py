"""What a phone asks while its call is up: hold, other media, digits, the end, and all of these at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.endpoints.sip.door_world import PLAIN, Phone, Talk, World, eventually, kinds, world
from tests.fakes import FakeMedia
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import LegId
from xswitch_py.core.leg import Leg, State
from xswitch_py.endpoints.sip.calls.line import Line
from xswitch_py.media.api import Digit, Taken
from xswitch_py.pysip.message import Response
from xswitch_py.pysip.usage import Clock

HOLD = PLAIN + "a=sendonly\r\n"
BAD = PLAIN.replace("RTP/AVP", "bad")


class SlowMedia(FakeMedia):
    """Media that thinks about a new offer until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go = asyncio.Event(), asyncio.Event()
        self.offers = 0

    async def take_offer(self, leg: LegId, sdp: str) -> Taken:
        self.asked.set()
        self.offers += 1
        await self.go.wait()
        return await super().take_offer(leg, sdp)


@pytest.fixture
async def made() -> AsyncIterator[World]:
    async with world() as fresh:
        yield fresh
        await fresh.quiet()


def line_of(made: World, user: str) -> Line:
    """Give the line of a user's call."""
    (line,) = [line for line in made.sip.house.lines if line.user is not None and line.user.user == user]
    return line


def leg_of(made: World, user: str) -> Leg:
    """Give the leg of a user's call."""
    return line_of(made, user).leg


async def over(made: World, *phones: Phone) -> None:
    """Wait until the phones were told that the call is over."""
    for phone in phones:
        await phone.next("BYE")
    await made.quiet()


# Hold, other media, refreshes.


@pytest.mark.item("S76")
@pytest.mark.item("S80")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("who", ["1000", "1001"])
async def test_hold_and_resume(made: World, method: str, who: str) -> None:
    ends = dict(zip(("1000", "1001"), await made.joined(), strict=True))
    mine, leg = ends[who], leg_of(made, who)
    held = await mine.asked(method, HOLD)
    assert (held.status, held.content_type, held.body[:6]) == (200, "application/sdp", b"answer")
    assert leg.held and made.media.tracks[leg.id].held
    assert made.media.tracks[leg.id].sdps[-1] == HOLD
    resumed = await mine.asked(method, PLAIN)
    assert resumed.status == 200
    assert not leg.held and not made.media.tracks[leg.id].held
    assert kinds(ends["1001" if who == "1000" else "1000"].phone.waiting()) in ([], [100, 180])
    await mine.bye()


@pytest.mark.item("S80")
async def test_a_hold_by_both_ends_when_both_took_it_back(made: World) -> None:
    one, two = await made.joined()
    legs = [leg_of(made, "1000"), leg_of(made, "1001")]
    for end in (one, two):
        assert (await end.asked("INVITE", HOLD)).status == 200
    assert [leg.held for leg in legs] == [True, True]
    assert (await one.asked("INVITE", PLAIN)).status == 200
    assert [leg.held for leg in legs] == [False, True]
    assert (await two.asked("INVITE", PLAIN)).status == 200
    assert [leg.held for leg in legs] == [False, False]
    await one.bye()


@pytest.mark.item("S66")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
async def test_media_that_cannot_be_agreed_leaves_the_call_as_it_was(made: World, method: str) -> None:
    one, two = await made.joined()
    leg = leg_of(made, "1000")
    before, target = list(made.media.tracks[leg.id].sdps), line_of(made, "1000").dialog
    assert target is not None
    was = target.target
    one.dialog.contact = two.phone.contact  # type: ignore[union-attr]  # a refused request moves nothing either
    refused = await one.asked(method, BAD)
    assert refused.status == 488
    assert (refused.headers.get("Warning") or "").startswith("305 ")
    assert (leg.state, leg.held, made.media.tracks[leg.id].sdps) == (State.ACTIVE, False, before)
    assert target.target == was
    assert (await one.asked(method, HOLD)).status == 200  # and the next one counts
    assert target.target == two.phone.contact.uri
    assert leg.held
    await one.bye()


@pytest.mark.item("S77")
async def test_an_offer_is_answered_by_media_and_nothing_is_told_to_the_other_end(made: World) -> None:
    one, two = await made.joined()
    answer = await one.asked("INVITE", PLAIN)
    assert answer.body.decode().startswith("answer")
    await one.bye()
    await two.phone.next("BYE")
    assert not two.phone.waiting()


@pytest.mark.item("S59")
async def test_an_invite_without_sdp_asks_for_our_offer_and_its_ack_answers(made: World) -> None:
    one, _ = await made.joined()
    leg = leg_of(made, "1000")
    request = one.asks("INVITE")
    offered = await one.phone.final("INVITE")
    assert (offered.status, offered.body[:5]) == (200, b"offer")
    update = await one.asked("UPDATE", HOLD)  # ours waits
    assert update.status == 491
    assert one.dialog is not None
    one.phone.says(one.dialog.ack(request.cseq.number, one.phone.via(), HOLD.encode()))
    await eventually(lambda: made.media.tracks[leg.id].sdps[-1] == HOLD)
    assert (await one.asked("UPDATE", PLAIN)).status == 200
    await one.bye()


@pytest.mark.item("S80")
@pytest.mark.parametrize("sdp", [PLAIN, PLAIN + "m=video 0 RTP/AVP 31\r\na=inactive\r\n"])
async def test_a_call_on_hold_is_taken_back_by_an_invite_without_sdp(made: World, sdp: str) -> None:
    one, _ = await made.joined()
    leg = leg_of(made, "1000")
    for answer, held in ((HOLD, True), (sdp, False), ("a=inactive\r\n" + PLAIN, True)):
        request = one.asks("INVITE")
        assert (await one.phone.final("INVITE")).status == 200
        assert one.dialog is not None
        one.phone.says(one.dialog.ack(request.cseq.number, one.phone.via(), answer.encode()))
        await eventually(lambda held=held: leg.held is held)  # type: ignore[misc]  # mypy knows no default of a lambda
    await one.bye()


@pytest.mark.item("S59")
@pytest.mark.parametrize("sdp", ["", BAD])
async def test_an_ack_that_does_not_answer_changes_nothing(made: World, sdp: str) -> None:
    one, _ = await made.joined()
    line = line_of(made, "1000")
    request = one.asks("INVITE")
    await one.phone.final("INVITE")
    assert one.dialog is not None
    one.phone.says(one.dialog.ack(request.cseq.number, one.phone.via(), sdp.encode()))
    await eventually(lambda: line.offers.state.value == "nobodys")
    assert line.leg.state is State.ACTIVE
    assert (await one.asked("INVITE", HOLD)).status == 200
    await one.bye()


@pytest.mark.item("S66")
async def test_what_is_no_sdp_is_refused(made: World) -> None:
    one, _ = await made.joined()
    assert (await one.asked("INVITE", "<x/>", content_type="text/xml")).status == 415
    assert (await one.asked("UPDATE", PLAIN, (("Content-Encoding", "gzip"),))).status == 415
    assert (await one.asked("INVITE", PLAIN)).status == 200
    await one.bye()


# The order of things.


@pytest.mark.item("S55")
async def test_a_request_that_comes_late_is_refused_and_gaps_are_not(made: World) -> None:
    one, _ = await made.joined()
    assert one.dialog is not None
    one.dialog.local_cseq += 100
    assert (await one.asked("OPTIONS")).status == 200
    one.dialog.local_cseq -= 50
    late = await one.asked("INFO", "Signal=1\r\n", content_type="application/dtmf-relay")
    assert (late.status, late.reason) == (500, "CSeq Out Of Order")
    assert leg_of(made, "1000").digits.empty()
    one.dialog.local_cseq += 50
    await one.bye()


@pytest.mark.item("S64")
async def test_a_second_invite_before_the_first_is_answered_is_to_come_later() -> None:
    media = SlowMedia()
    async with world(media) as made:
        one, _ = await made.joined()
        one.asks("INVITE", HOLD)
        await media.asked.wait()
        for method in ("INVITE", "UPDATE"):
            one.asks(method, PLAIN)
            refused = await one.phone.final(method)
            assert refused.status == 500
            assert 0 <= int(refused.headers.get("Retry-After") or "-1") <= 10
        media.go.set()
        answer = await one.phone.final("INVITE")
        assert answer.status == 200
        one.acknowledge(answer)
        assert media.offers == 1 and leg_of(made, "1000").held
        assert (await one.asked("INVITE", PLAIN)).status == 200
        await one.bye()
        await made.quiet()


@pytest.mark.item("S67")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
async def test_a_goodbye_is_honoured_while_an_offer_waits(method: str) -> None:
    media = SlowMedia()
    async with world(media) as made:
        one, two = await made.joined()
        one.asks(method, HOLD)
        await media.asked.wait()
        one.asks("BYE")
        assert (await one.phone.final("BYE")).status == 200
        media.go.set()
        assert (await one.phone.final(method)).status in (481, 487)
        await over(made, two.phone)
        await made.empty()


@pytest.mark.item("S67")
async def test_hanging_up_while_their_invite_waits_ends_the_call_for_them_too() -> None:
    media = SlowMedia()
    async with world(media) as made:
        one, two = await made.joined()
        one.asks("INVITE", HOLD)
        await media.asked.wait()
        await two.bye()
        assert (await one.phone.final("INVITE")).status == 487
        bye = await one.phone.next("BYE")
        assert one.dialog is not None
        assert (bye.call_id, bye.to.tag) == (one.invite.call_id, one.dialog.id.local_tag)
        media.go.set()
        await made.empty()


@pytest.mark.item("S67")
async def test_our_goodbye_waits_for_the_ack_of_an_invite_within_the_call(made: World) -> None:
    one, two = await made.joined()
    request = one.asks("INVITE", HOLD)
    answer = await one.phone.final("INVITE")
    await two.bye()
    await asyncio.sleep(0.03)
    assert not one.phone.waiting("BYE")
    assert one.dialog is not None and answer.status == 200
    one.phone.says(one.dialog.ack(request.cseq.number, one.phone.via()))
    await over(made, one.phone)


@pytest.mark.item("S29")
async def test_an_ack_that_was_lost_is_taken_though_another_invite_came_meanwhile(made: World) -> None:
    one, _ = await made.joined()
    first = one.asks("INVITE", HOLD)
    await one.phone.final("INVITE")
    second = await one.asked("INVITE", PLAIN)  # and its ACK
    assert second.status == 200 and one.dialog is not None
    one.phone.says(one.dialog.ack(first.cseq.number, one.phone.via()))
    line = line_of(made, "1000")
    await eventually(lambda: not {Clock.RESEND, Clock.NO_ACK} & {clock for _, clock in line._timers})
    assert line.leg.cause is None
    await one.bye()


@pytest.mark.item("S29")
async def test_a_call_whose_invite_is_never_acknowledged_ends(made: World) -> None:
    one, two = await made.joined()
    one.asks("INVITE", HOLD)
    await over(made, one.phone, two.phone)
    assert one.phone.repeats > 2


@pytest.mark.item("S82")
async def test_an_update_without_sdp_is_a_refresh_and_moves_the_target(made: World) -> None:
    one, two = await made.joined()
    leg = leg_of(made, "1000")
    sdps = list(made.media.tracks[leg.id].sdps)
    assert one.dialog is not None
    one.dialog.contact = two.phone.contact
    answer = await one.asked("UPDATE")
    assert (answer.status, answer.body) == (200, b"")
    assert made.media.tracks[leg.id].sdps == sdps
    dialog = line_of(made, "1000").dialog
    assert dialog is not None and dialog.target == two.phone.contact.uri
    await one.bye()


@pytest.mark.item("S82")
async def test_before_the_answer_an_update_may_refresh_but_not_offer(made: World) -> None:
    caller, callee = await made.registered("1000", "1001")
    call = await caller.calls("1001")
    rung = await callee.rings()
    rung.rings()
    call.provided(await caller.next(180))
    await eventually(lambda: line_of(made, "1001").dialog is not None)
    for end in (call, rung):
        assert (await end.asked("UPDATE")).status == 200
        assert (await end.asked("UPDATE", PLAIN)).status == 504
    await rung.answers()
    await call.answered()
    await call.bye()


@pytest.mark.item("S67")
async def test_a_callers_goodbye_before_the_answer_gives_up_the_call(made: World) -> None:
    caller, callee = await made.registered("1000", "1001")
    call = await caller.calls("1001")
    rung = await callee.rings()
    rung.rings()
    call.provided(await caller.next(180))
    call.asks("BYE")
    assert (await caller.final("BYE")).status == 200
    assert (await caller.final("INVITE")).status == 487
    await callee.next("CANCEL")
    await made.empty()


# What is asked for that is not there.


@pytest.mark.item("S1")
@pytest.mark.parametrize(
    ("method", "status"),
    [("OPTIONS", 200), ("PUBLISH", 405), ("FOO", 405), ("SUBSCRIBE", 481), ("NOTIFY", 481), ("PRACK", 481)],
)
async def test_what_else_may_be_asked_inside_a_call(made: World, method: str, status: int) -> None:
    one, _ = await made.joined()
    fields = (("Event", "refer"), ("Subscription-State", "active"), ("RAck", "1 1 INVITE"))
    answer = await one.asked(method, fields=fields)
    assert answer.status == status
    if status in (200, 405):
        assert "REFER" in answer.tokens("Allow")
    await one.bye()


@pytest.mark.item("S34")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "OPTIONS", "REFER"])
async def test_what_is_required_and_unknown_is_refused_inside_a_call_too(made: World, method: str) -> None:
    one, _ = await made.joined()
    answer = await one.asked(method, fields=(("Require", "timer, warp"),))
    assert (answer.status, answer.headers.get("Unsupported")) == (420, "warp")
    await one.bye()


@pytest.mark.item("S87")
async def test_a_stray_notify_and_a_strange_dialog_are_unknown(made: World) -> None:
    one, _ = await made.joined()
    assert (await one.asked("NOTIFY", fields=(("Event", "refer"), ("Subscription-State", "active")))).status == 481
    assert one.dialog is not None
    kept, one.dialog.remote = one.dialog.remote, one.dialog.remote.with_tag("elsewhere")
    for method in ("BYE", "INVITE", "INFO"):
        one.asks(method)
        assert (await one.phone.final(method)).status == 481
    one.dialog.remote = kept
    assert leg_of(made, "1000").state is State.ACTIVE
    await one.bye()


# Digits.


async def pressed(end: Talk, body: str, kind: str = "application/dtmf-relay") -> Response:
    """Send an INFO, and give its answer."""
    return await end.asked("INFO", body, content_type=kind)


@pytest.mark.item("S83")
@pytest.mark.parametrize(
    ("kind", "body", "digit", "ms"),
    [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5", 160),
        ("application/dtmf-relay", "Signal=5\r\nDuration=160", "5", 160),
        ("application/dtmf-relay", "Signal= 7\r\nDuration= 250\r\n", "7", 250),
        ("application/dtmf-relay", "Signal=*\n", "*", 160),
        ("application/dtmf-relay", "signal = # \r\nduration = 99999\r\n", "#", 5000),
        ("application/dtmf-relay", "Signal=10\r\nDuration=1\r\n", "*", 40),
        ("application/dtmf-relay", "Signal=11\r\n", "#", 160),
        ("application/dtmf-relay", "Signal=16\r\n", "F", 160),
        ("application/dtmf-relay", "Signal=d\r\n", "D", 160),
        ("application/dtmf", "5", "5", 160),
        ("application/dtmf", "a\r\n", "A", 160),
        ("application/dtmf", "11", "#", 160),
        ("application/dtmf", "Signal=9\r\nDuration=200\r\n", "9", 200),
    ],
)
async def test_a_digit_in_an_info_is_heard_and_passed_on(
    made: World, kind: str, body: str, digit: str, ms: int
) -> None:
    one, _ = await made.joined()
    leg, other = leg_of(made, "1000"), leg_of(made, "1001")
    assert (await pressed(one, body, kind)).status == 200
    assert leg.digits.get_nowait() == digit
    assert made.media.tracks[other.id].digits == [f"{digit}@{ms}"]
    assert made.media.tracks[leg.id].digits == []
    await one.bye()


@pytest.mark.item("S83")
@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/dtmf-relay", "Signal=E\r\n", 400),
        ("application/dtmf-relay", "Signal=17\r\n", 400),
        ("application/dtmf-relay", "Duration=5\r\n", 400),
        ("application/dtmf", "123", 400),
        ("text/plain", "5", 415),
        ("application/media_control+xml", "<picture_fast_update/>", 200),
        ("application/dtmf", "", 200),
    ],
)
async def test_an_info_that_is_no_digit(made: World, kind: str, body: str, status: int) -> None:
    one, _ = await made.joined()
    assert (await pressed(one, body, kind)).status == status
    assert leg_of(made, "1000").digits.empty()
    assert made.media.tracks[leg_of(made, "1001").id].refreshed == (kind.endswith("xml"))
    await one.bye()


@pytest.mark.item("S83")
async def test_an_info_of_an_unknown_package_is_refused(made: World) -> None:
    one, _ = await made.joined()
    answer = await one.asked("INFO", "5", (("Info-Package", "foo"),), content_type="application/dtmf")
    assert answer.status == 469
    assert leg_of(made, "1000").digits.empty()
    await one.bye()


@pytest.mark.item("S83")
async def test_a_digit_by_info_and_in_rtp_counts_once_and_is_passed_on_once(made: World) -> None:
    one, _ = await made.joined()
    leg, other = leg_of(made, "1000"), leg_of(made, "1001")
    made.media.tracks[leg.id].listener(Digit("5", 100))
    assert (await pressed(one, "Signal=5\r\nDuration=100\r\n")).status == 200
    assert leg.digits.qsize() == 1
    assert made.media.tracks[other.id].digits == []  # in RTP it passed with the media
    await one.bye()


@pytest.mark.item("S83")
async def test_digits_leave_by_info_where_the_media_takes_none(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = await made.joined()
    deaf = leg_of(made, "1001").id
    monkeypatch.setattr(made.media, "takes_digits", lambda leg: leg != deaf)
    assert (await pressed(one, "Signal=5\r\nDuration=200\r\n")).status == 200
    info = await two.phone.next("INFO")
    assert (info.content_type, info.body) == ("application/dtmf-relay", b"Signal=5\r\nDuration=200\r\n")
    made.media.tracks[leg_of(made, "1000").id].listener(Digit("F", 100))
    assert (await two.phone.next("INFO")).body == b"Signal=16\r\nDuration=100\r\n"
    line_of(made, "1001").allow = frozenset({"INVITE", "ACK", "BYE"})
    made.media.tracks[leg_of(made, "1000").id].listener(Digit("6", 100))
    await one.bye()
    await over(made, two.phone)
    assert not two.phone.waiting("INFO")


# The leg that the core sees.


@pytest.mark.item("S71")
async def test_what_a_phone_does_is_what_any_leg_does(made: World) -> None:
    """The core is told in the words of every door: ringing, answered, held, digits, over, with its cause."""
    caller, callee = await made.registered("1000", "1001")
    call = await caller.calls("1001")
    rung = await callee.rings()
    leg, other = leg_of(made, "1000"), leg_of(made, "1001")
    assert (leg.state, other.state) == (State.NEW, State.NEW)
    rung.rings()
    await caller.next(180)
    assert (leg.state, other.state) == (State.RINGING, State.RINGING)
    await rung.answers()
    await call.answered()
    assert (leg.state, other.state) == (State.ACTIVE, State.ACTIVE)
    assert (await rung.asked("INVITE", HOLD)).status == 200
    assert other.held
    await rung.bye((("Reason", 'Q.850;cause=38;text="NETWORK_OUT_OF_ORDER"'),))
    await over(made, caller)
    assert (leg.cause, other.cause) == (Cause.NETWORK_OUT_OF_ORDER, Cause.NETWORK_OUT_OF_ORDER)
