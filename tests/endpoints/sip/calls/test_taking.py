"""Calls that a SIP peer places with us: what it is told, and that nothing stays when it gives up."""

import asyncio

import pytest

from tests.endpoints.sip.door_world import NEAR, PLAIN, Talk, World, eventually, world
from xswitch_py.base.cause import Cause
from xswitch_py.base.events import CallEnded
from xswitch_py.base.user import User
from xswitch_py.endpoints.sip.calls import taking
from xswitch_py.pysip.message import Request, Response

RELIABLY = (("Require", "100rel"),)


def rack(provisional: Response) -> tuple[tuple[str, str], ...]:
    return (("RAck", f"{provisional.headers.get('RSeq')} {provisional.cseq}"),)


async def stays_up(call: Talk) -> None:
    """See that the call is not ended by what it has come to."""
    for _ in range(3):
        assert (await call.asked("OPTIONS")).status == 200
    assert not call.phone.waiting("BYE")


async def causes(made: World) -> list[Cause]:
    """The causes of all calls that ended."""
    await made.quiet()
    made.bus.close()
    return [event.cause async for event in made.events if isinstance(event, CallEnded)]


@pytest.mark.item("S56")
async def test_a_caller_sees_one_tag_whatever_happens_behind() -> None:
    """Ringing of two forks, early media of one, the answer of the other."""
    async with world() as made:
        caller, one, other = await made.registered("1000", "1001", "1001")
        call = await caller.calls("1001")
        first, second = await one.rings(), await other.rings()
        first.says(180)
        first.says(180, tag="another")
        await caller.next(180)
        second.says(183, PLAIN)
        await caller.next(183)
        await second.answers()
        response = await call.answered()
        tags = {m.to.tag for m in caller.seen if isinstance(m, Response) and m.call_id == call.invite.call_id}
        assert tags - {next(m.to.tag for m in caller.seen if getattr(m, "status", 0) == 407)} == {response.to.tag}
        await call.bye()
        assert (await second.phone.next("BYE")).from_.tag not in tags


@pytest.mark.item("S57")
async def test_the_answer_repeats_the_sdp_that_went_out_early() -> None:
    async with world() as made:
        caller, callee = await made.registered("1000", "1001")
        call = await caller.calls("1001")
        rung = await callee.rings()
        rung.says(183, PLAIN)
        early = await caller.next(183)
        await rung.answers(PLAIN.replace("4000", "4002"))
        assert (await call.answered()).body == early.body != b""
        await stays_up(call)


@pytest.mark.item("S35")
@pytest.mark.parametrize(
    ("cause", "status", "reason"),
    [
        ("USER_BUSY", 486, 'Q.850;cause=17;text="USER_BUSY"'),
        ("NORMAL_TEMPORARY_FAILURE", 503, 'Q.850;cause=41;text="NORMAL_TEMPORARY_FAILURE"'),
        ("MANAGER_REQUEST", 503, 'SIP;cause=503;text="MANAGER_REQUEST"'),
        ("NORMAL_CLEARING", 480, 'Q.850;cause=16;text="NORMAL_CLEARING"'),
        ("DECLINE", 603, 'SIP;cause=603;text="DECLINE"'),
    ],
)
async def test_a_refusal_has_a_tag_and_a_reason(cause: str, status: int, reason: str) -> None:
    async with world() as made:
        (phone,) = await made.registered("1000")
        response = await phone.asked("INVITE", f"94{cause}", (), PLAIN)
        assert (response.status, response.headers.get("Reason")) == (status, reason)
        assert response.to.tag
        assert ("Retry-After" in response.headers) == (status == 503)
        assert not {"User-Agent", "Server", "Contact"} & set(response.headers.by_name())
        await made.quiet()


@pytest.mark.item("S52")
async def test_a_user_who_is_nowhere_is_480_and_a_number_that_is_nobodys_404() -> None:
    async with world() as made:
        (phone,) = await made.registered("1000")
        away = await phone.asked("INVITE", "1002", (), PLAIN)
        assert (away.status, away.headers.get("Reason")) == (480, 'SIP;cause=480;text="USER_NOT_REGISTERED"')
        assert (await phone.asked("INVITE", "1999", (), PLAIN)).status == 404
        assert (await phone.asked("INVITE", "777", (), PLAIN)).status == 404


@pytest.mark.item("S37")
async def test_the_answer_tells_the_session_timer_and_where_we_are() -> None:
    async with world() as made:
        (phone,) = await made.registered("1000")
        call = await phone.calls("9196", fields=(("Supported", "timer"), ("Session-Expires", "120")))
        response = await call.answered()
        assert response.headers.get("Session-Expires") == "120;refresher=uac"
        assert "timer" in response.tokens("Require")
        assert {"timer", "replaces"} <= response.tokens("Supported")
        assert "UPDATE" in response.tokens("Allow")
        (contact,) = response.contacts
        assert (contact.uri.host, contact.uri.port) == NEAR
        await call.bye()


@pytest.mark.item("S81")
async def test_a_session_that_is_too_short_is_refused_with_the_least() -> None:
    async with world() as made:
        (phone,) = await made.registered("1000")
        response = await phone.asked("INVITE", "9196", (("Supported", "timer"), ("Session-Expires", "60")), PLAIN)
        assert (response.status, response.headers.get("Min-SE")) == (422, "90")
        await made.quiet()


@pytest.mark.parametrize(
    ("transport", "said"),
    [("UDP", None), ("TCP", "tcp"), ("TLS", "tls"), ("WS", "ws"), ("WSS", "ws")],
)
async def test_our_contact_leads_back_to_us(transport: str, said: str | None) -> None:
    async with world() as made:
        (phone,) = await made.registered("1000", transport=transport)
        response = await (await phone.calls("9196")).answered()
        (contact,) = response.contacts
        assert (contact.uri.host, contact.uri.port, contact.uri.parameters.get("transport")) == (*NEAR, said)
        assert made.sip.is_ours(contact.uri)


@pytest.mark.item("S58")
async def test_who_requires_it_gets_progress_reliably_and_the_answer_after_its_prack() -> None:
    async with world() as made:
        caller, callee = await made.registered("1000", "1001")
        call = await caller.calls("1001", fields=RELIABLY)
        rung = await callee.rings()
        rung.says(183, PLAIN)
        early = await caller.next(183)
        assert "100rel" in early.tokens("Require")
        assert 0 < int(early.headers.get("RSeq") or 0) < 2**31
        call.provided(early)
        await rung.answers()
        await eventually(lambda: caller.repeats > 0)
        assert not caller.waiting(200)
        wrong = await call.asked("PRACK", fields=(("RAck", "1 1 INVITE"),))
        assert wrong.status == 481
        assert (await call.asked("PRACK", fields=rack(early))).status == 200
        assert (await call.answered()).body == early.body
        await call.bye()
        await made.quiet()


@pytest.mark.item("S58")
async def test_who_only_knows_it_gets_progress_reliably_where_that_is_wanted() -> None:
    for wanted in (False, True):
        async with world(reliable=wanted) as made:
            (phone,) = await made.registered("1000")
            call = await phone.calls("9197", fields=(("Supported", "100rel"),))
            early = await phone.next(183)
            assert ("RSeq" in early.headers) == wanted
            call.cancels()


@pytest.mark.item("S58")
async def test_progress_that_nobody_acknowledges_ends_the_call_with_504() -> None:
    async with world() as made:
        caller, callee = await made.registered("1000", "1001")
        await caller.calls("1001", fields=RELIABLY)
        rung = await callee.rings()
        rung.rings()
        assert (await caller.final("INVITE")).status == 504
        await callee.next("CANCEL")
        await made.quiet()


@pytest.mark.item("S59")
@pytest.mark.parametrize("transport", ["UDP", "WS"])
async def test_a_caller_who_leaves_the_offer_to_us_gets_it_in_the_200(transport: str) -> None:
    async with world() as made:
        (phone,) = await made.registered("1000", transport=transport)
        call = await phone.calls("9196", sdp="")
        response = await call.answered(sdp=PLAIN)
        assert response.body.startswith(b"offer")
        (leg,) = made.switch.legs.values()
        assert leg.wire.transport.value == ("rtp" if transport == "UDP" else "webrtc")
        await eventually(lambda: any(track.sdps == [PLAIN] for track in made.media.tracks.values()))
        await call.bye()
        await made.quiet()


@pytest.mark.item("S59")
@pytest.mark.parametrize("answer", ["", "bad"])
async def test_a_late_offer_without_a_good_answer_ends_with_488(answer: str) -> None:
    async with world() as made:
        (phone,) = await made.registered("1000")
        call = await phone.calls("9196", sdp="")
        await call.answered(sdp=answer)
        bye = await phone.next("BYE")
        assert any(reason.startswith("SIP;cause=488") for reason in bye.headers.all("Reason"))
        assert any(reason.startswith("Q.850;cause=88") for reason in bye.headers.all("Reason"))
        assert await causes(made) == [Cause.INCOMPATIBLE_DESTINATION]


@pytest.mark.item("S59")
async def test_our_offer_does_not_leave_early_if_nobody_acknowledges_it() -> None:
    async with world() as made:
        caller, callee = await made.registered("1000", "1001")
        call = await caller.calls("1001", sdp="")
        rung = await callee.rings()
        rung.says(183, PLAIN)
        assert (await caller.next(183)).body == b""
        await rung.answers()
        response = await call.answered(sdp=PLAIN)
        assert response.body.startswith(b"offer")
        await call.bye()
        await made.quiet()


@pytest.mark.item("S59")
async def test_our_offer_in_a_reliable_answer_is_answered_in_its_prack_and_made_once() -> None:
    async with world() as made:
        caller, callee = await made.registered("1000", "1001")
        call = await caller.calls("1001", sdp="", fields=RELIABLY)
        rung = await callee.rings()
        rung.says(183, PLAIN)
        early = await caller.next(183)
        assert early.body.startswith(b"offer")
        call.provided(early)
        assert (await call.asked("PRACK", PLAIN, rack(early))).status == 200
        await eventually(lambda: any(track.sdps == [PLAIN] for track in made.media.tracks.values()))
        await rung.answers()
        response = await call.answered()
        assert response.body == b""
        await eventually(lambda: bool(made.media.bridges))
        await stays_up(call)
        await call.bye()
        await made.quiet()


@pytest.mark.item("S60")
@pytest.mark.item("S31")
async def test_a_call_that_is_given_up_leaves_nothing() -> None:
    async with world() as made:
        caller, callee = await made.registered("1000", "1001")
        call = await caller.calls("1001")
        rung = await callee.rings()
        rung.rings()
        await caller.next(180)
        call.cancels()
        assert (await caller.final("CANCEL")).status == 200
        refused = await caller.final("INVITE")
        assert (refused.status, bool(refused.to.tag)) == (487, True)
        assert refused.headers.get("Reason") == 'SIP;cause=487;text="ORIGINATOR_CANCEL"'
        cancel = await callee.next("CANCEL")
        assert (cancel.vias[0].branch, cancel.uri, cancel.to.tag) == (rung.invite.vias[0].branch, rung.invite.uri, "")
        assert cancel.headers.get("Reason") == 'SIP;cause=487;text="ORIGINATOR_CANCEL"'
        await made.empty()
        assert await causes(made) == [Cause.ORIGINATOR_CANCEL]


@pytest.mark.item("S90")
async def test_the_reason_of_a_cancel_goes_on() -> None:
    async with world() as made:
        caller, callee = await made.registered("1000", "1001")
        call = await caller.calls("1001")
        (await callee.rings()).rings()
        await caller.next(180)
        call.cancels((("Reason", 'SIP;cause=200;text="Call completed elsewhere"'),))
        cancel = await callee.next("CANCEL")
        assert cancel.headers.get("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'


@pytest.mark.item("S60")
async def test_a_cancel_at_every_moment_leaves_nothing() -> None:
    """The caller gives up while the answer is on its way: one call after the other, each a little later."""
    async with world() as made:
        caller, callee = await made.registered("1000", "1001")
        for turns in range(12):
            call = await caller.calls("1001")
            rung = await callee.rings()
            rung.says(200, PLAIN)
            for _ in range(turns):
                await asyncio.sleep(0)
            call.cancels()
            assert (await caller.final("CANCEL")).status == 200
            final = await caller.final("INVITE")
            if final.status == 200:
                call.acknowledge(final)
                await call.bye()
            else:
                assert final.status == 487
            await callee.next("ACK")
            await callee.next("BYE")
            await made.quiet()
        await made.empty()


@pytest.mark.item("S60")
async def test_a_cancel_finds_an_answer_that_waits_for_a_prack() -> None:
    async with world() as made:
        caller, callee = await made.registered("1000", "1001")
        call = await caller.calls("1001", fields=RELIABLY)
        rung = await callee.rings()
        rung.says(183, PLAIN)
        await caller.next(183)
        await rung.answers()
        call.cancels()
        assert (await caller.final("INVITE")).status == 487
        await callee.next("BYE")
        await made.quiet()


@pytest.mark.item("S60")
async def test_a_cancel_is_heard_before_it_is_known_who_called(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world() as made:
        caller, callee = await made.registered("1000", "1001")
        find, found = made.people.get, asyncio.Event()

        async def slow(name: str, domain: str) -> User | None:
            await found.wait()
            return await find(name, domain)

        monkeypatch.setattr(made.services.directory, "RECENT", 0.0)
        monkeypatch.setattr(made.people, "get", slow)
        call = await caller.calls("1001")
        await caller.next(100)
        call.cancels()
        assert (await caller.final("CANCEL")).status == 200
        assert (await caller.final("INVITE")).status == 487
        found.set()
        await made.quiet()
        assert not callee.waiting("INVITE")


@pytest.mark.item("S31")
async def test_a_cancel_after_the_answer_changes_nothing() -> None:
    async with world() as made:
        (phone,) = await made.registered("1000")
        call = await phone.calls("9196")
        await call.answered()
        await eventually(lambda: not made.sip.house.inviting)
        call.cancels()
        assert (await phone.final("CANCEL")).status == 200
        assert len(made.switch.legs) == 1
        await call.bye()
        await made.quiet()


@pytest.mark.item("S60")
async def test_an_answer_that_is_never_acknowledged_ends_the_call() -> None:
    async with world() as made:
        (phone,) = await made.registered("1000")
        await phone.calls("9196")
        await phone.final("INVITE")
        await phone.next("BYE")
        assert phone.repeats > 3
        assert await causes(made) == [Cause.RECOVERY_ON_TIMER_EXPIRE]


@pytest.mark.item("S60")
async def test_a_bye_before_the_answer_is_as_good_as_a_cancel() -> None:
    async with world() as made:
        caller, callee = await made.registered("1000", "1001")
        call = await caller.calls("1001")
        rung = await callee.rings()
        rung.rings()
        call.provided(await caller.next(180))
        call.asks("BYE")
        assert (await caller.final("BYE")).status == 200
        assert (await caller.final("INVITE")).status == 487
        await callee.next("CANCEL")
        await made.quiet()


@pytest.mark.item("S32")
async def test_a_request_that_came_two_ways_is_served_once() -> None:
    async with world() as made:
        caller, callee = await made.registered("1000", "1001")
        call = await caller.calls("1001")
        twin = Request(call.invite.headers.copy(), call.invite.body, "INVITE", call.invite.uri)
        twin.headers.set("Via", str(caller.via()))
        caller.says(twin)
        assert (await caller.final("INVITE")).status == 482
        await callee.rings()
        assert len(made.sip.house.lines) == 2
        assert not callee.waiting("INVITE")


@pytest.mark.item("S36")
async def test_a_bug_of_ours_is_a_500_for_that_request_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world() as made:
        (phone,) = await made.registered("1000")
        up = await phone.calls("9196")
        await up.answered()
        with monkeypatch.context() as broken:
            broken.setattr(taking, "begin", lambda setup: 1 / 0)
            response = await phone.asked("INVITE", "9196", (), PLAIN)
        assert (response.status, bool(response.to.tag), response.body) == (500, True, b"")
        assert "division" not in str(response.headers.by_name())
        await (await phone.calls("9196")).answered()
        assert (await up.asked("OPTIONS")).status == 200


@pytest.mark.item("S73")
@pytest.mark.item("S72")
@pytest.mark.item("S79")
async def test_sdp_among_other_parts_is_the_offer() -> None:
    body = (
        "--b\r\nContent-Type: application/isup\r\n\r\nx\r\n"
        f"--b\r\nContent-Type: application/sdp\r\n\r\n{PLAIN}\r\n--b--\r\n"
    )
    async with world() as made:
        (phone,) = await made.registered("1000")
        call = await phone.calls("9196", body, content_type="multipart/mixed;boundary=b")
        await call.answered()
        (track,) = made.media.tracks.values()
        assert track.sdps == [PLAIN]


@pytest.mark.item("S54")
async def test_requests_of_ours_go_by_the_route_of_the_call() -> None:
    """A proxy in front recorded itself; one of old asks to be the Request-URI itself."""
    for routed, uri, route in (
        ("<sip:p1.test;lr>, <sip:p2.test;lr>", "sip:1000@", "<sip:p1.test;lr>, <sip:p2.test;lr>"),
        ("<sip:p1.test>, <sip:p2.test;lr>", "sip:p1.test", "<sip:p2.test;lr>, <sip:1000@"),
    ):
        async with world() as made:
            (phone,) = await made.registered("1000")
            call = await phone.calls("9196", fields=(("Record-Route", routed),))
            response = await call.answered()
            assert ", ".join(response.headers.all("Record-Route")) == routed
            (leg,) = made.switch.legs.values()
            leg.hangup(Cause.NORMAL_CLEARING)
            bye = await phone.next("BYE")
            assert str(bye.uri).startswith(uri)
            assert ", ".join(bye.headers.all("Route")).startswith(route)


async def test_a_user_rings_no_more_places_than_it_may() -> None:
    async with world(dialogs_per_user=1, dialogs=3) as made:
        first, second = await made.registered("1000", "1001")
        await (await first.calls("9196")).answered()
        busy = await first.asked("INVITE", "9196", (), PLAIN)
        assert busy.status == 486
        await (await second.calls("9196")).answered()
        (third,) = await made.registered("1002")
        await (await third.calls("9196")).answered()
        (fourth,) = await made.registered("1003")
        full = await fourth.asked("INVITE", "9196", (), PLAIN)
        assert (full.status, full.headers.get("Retry-After")) == (503, "5")
