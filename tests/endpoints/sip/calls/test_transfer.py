"""Phones that send their calls on, and phones that take the place of others (RFC 3515, RFC 5589, RFC 3891)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.endpoints.sip.door_world import DOMAIN, PLAIN, Phone, Talk, World, account, eventually, world
from xswitch_py.endpoints.sip.calls.line import Line
from xswitch_py.pysip.message import Request, Response
from xswitch_py.pysip.refer import read_sipfrag
from xswitch_py.pysip.usage import Fields


@pytest.fixture
async def made() -> AsyncIterator[World]:
    async with world() as fresh:
        fresh.switch.leave = 0.1
        yield fresh
        await fresh.quiet()


def line_of(made: World, user: str) -> Line:
    """Give the line of a user's only call."""
    (line,) = [line for line in made.sip.house.lines if line.user is not None and line.user.user == user]
    return line


async def refers(end: Talk, to: str, *fields: tuple[str, str]) -> Response:
    """Send a REFER, to a number or with this value of Refer-To; give its answer."""
    return await end.asked("REFER", fields=(("Refer-To", to if "<" in to else f"<sip:{to}@{DOMAIN}>"), *fields))


async def notified(phone: Phone) -> tuple[int, str]:
    """Take a NOTIFY of a transfer; give the status that it tells, and what becomes of the subscription."""
    notify = await phone.next("NOTIFY")
    assert isinstance(notify, Request)
    assert notify.headers.get("Event") == "refer"
    assert notify.headers.get("Content-Type") == "message/sipfrag;version=2.0"
    assert notify.body.endswith(b"\r\n")
    said = read_sipfrag(notify.body)
    assert said is not None
    return said[0], (notify.headers.get("Subscription-State") or "").partition(";")[0]


async def bridged(made: World, *users: str) -> None:
    """Wait until these, and nobody else, talk to each other."""

    def talk() -> bool:
        legs = {leg.offer.user.user: leg for leg in made.switch.legs.values() if leg.offer.user and leg.bridged}
        return set(legs) == set(users) and legs[users[0]].bridged is legs[users[1]]

    await eventually(talk)


async def third(made: World, user: str = "1002") -> Phone:
    """Give one more phone."""
    (phone,) = await made.registered(user)
    return phone


# Blind.


@pytest.mark.item("S84")
@pytest.mark.parametrize("who", [0, 1])
async def test_a_call_is_sent_on_and_the_sender_hears_how_it_goes(made: World, who: int) -> None:
    ends = await made.joined()
    sender, other = ends[who], ends[1 - who]
    phone = await third(made)
    assert (await refers(sender, "1002")).status == 202
    assert await notified(sender.phone) == (100, "active")
    rung = await phone.rings()
    rung.rings()
    assert await notified(sender.phone) == (180, "active")
    assert not sender.phone.waiting("BYE")
    await rung.answers()
    assert await notified(sender.phone) == (200, "terminated")
    await bridged(made, "1002", other.phone.user)
    bye = await sender.phone.next("BYE")
    assert "BLIND_TRANSFER" in bye.headers.get("Reason")
    await rung.bye()
    await other.phone.next("BYE")
    await made.empty()


@pytest.mark.item("S84")
async def test_the_first_notify_follows_at_once_and_the_last_says_why_it_is_the_last(made: World) -> None:
    one, two = await made.joined()
    assert (await refers(one, "9486")).status == 202
    first = await one.phone.next("NOTIFY")
    assert first.headers.get("Subscription-State").startswith("active;expires=")
    assert first.body == b"SIP/2.0 100 Trying\r\n"
    last = await one.phone.next("NOTIFY")
    assert last.headers.get("Subscription-State") == "terminated;reason=noresource"
    assert first.cseq.number < last.cseq.number
    await bridged(made, "1000", "1001")
    await two.bye()
    await one.phone.next("BYE")


@pytest.mark.item("S84")
@pytest.mark.parametrize(("to", "status"), [("1002", 486), ("1003", 480), ("4711", 404), ("9417", 480)])
async def test_when_it_fails_the_two_talk_again(made: World, to: str, status: int) -> None:
    one, two = await made.joined()
    phone = await third(made)
    assert (await refers(one, to)).status == 202
    assert await notified(one.phone) == (100, "active")
    if to == "1002":
        (await phone.rings()).says(486)
    told, state = await notified(one.phone)
    while state == "active":
        told, state = await notified(one.phone)
    assert told == status or to == "9417"
    await bridged(made, "1000", "1001")
    await asyncio.sleep(2 * made.switch.leave)
    assert not one.phone.waiting("BYE") and not two.phone.waiting("BYE")
    assert (await one.asked("INVITE", PLAIN)).status == 200  # the dialog is as it was
    await two.bye()
    await one.phone.next("BYE")


@pytest.mark.item("S84")
async def test_who_was_put_on_hold_before_is_taken_back_after_a_failure(made: World) -> None:
    one, two = await made.joined()
    leg = line_of(made, "1000").leg
    assert (await one.asked("INVITE", PLAIN + "a=sendonly\r\n")).status == 200
    await refers(one, "4711")
    await bridged(made, "1000", "1001")
    assert leg.held and made.media.tracks[leg.id].held
    assert (await one.asked("INVITE", PLAIN)).status == 200
    assert not leg.held
    await two.bye()
    await one.phone.next("BYE")


@pytest.mark.item("S84")
@pytest.mark.parametrize("wish", [("Refer-Sub", "false"), ("Refer-Sub", " FALSE ;x=y")])
async def test_who_wants_no_news_gets_none(made: World, wish: tuple[str, str]) -> None:
    one, two = await made.joined()
    phone = await third(made)
    answer = await refers(one, "1002", wish, ("Require", "norefersub"))
    assert (answer.status, answer.headers.get("Refer-Sub")) == (202, "false")
    await (await phone.rings()).answers()
    await bridged(made, "1001", "1002")
    await one.phone.next("BYE")
    assert not one.phone.waiting("NOTIFY")
    await two.bye()
    await phone.next("BYE")


@pytest.mark.item("S84")
async def test_the_sender_may_leave_at_once(made: World) -> None:
    one, two = await made.joined()
    phone = await third(made)
    one.phone.auto["NOTIFY"] = 481
    await refers(one, "1002")
    await one.bye()
    rung = await phone.rings()
    rung.rings()
    await rung.answers()
    await bridged(made, "1001", "1002")
    await two.bye()
    await phone.next("BYE")
    await made.empty()


@pytest.mark.item("S84")
async def test_a_sender_that_does_not_want_to_hear_of_it_any_more_is_not_told(made: World) -> None:
    one, two = await made.joined()
    phone = await third(made)
    one.phone.auto["NOTIFY"] = 481
    await refers(one, "1002")
    await one.phone.next("NOTIFY")
    rung = await phone.rings()
    rung.rings()
    await rung.answers()
    await bridged(made, "1001", "1002")
    await one.phone.next("BYE")
    assert not one.phone.waiting("NOTIFY")
    await two.bye()
    await phone.next("BYE")


@pytest.mark.item("S84")
async def test_who_is_sent_on_leaves_before_anybody_answers(made: World) -> None:
    one, two = await made.joined()
    phone = await third(made)
    await refers(one, "1002")
    (await phone.rings()).rings()
    await notified(one.phone)
    await two.bye()
    await phone.next("CANCEL")
    await one.phone.next("BYE")
    await made.empty()


@pytest.mark.item("S84")
async def test_an_answer_and_a_goodbye_that_meet_leave_nothing(made: World) -> None:
    one, two = await made.joined()
    phone = await third(made)
    await refers(one, "1002")
    rung = await phone.rings()
    rung.says(200, PLAIN)
    two.asks("BYE")
    await phone.next("ACK")
    await phone.next("BYE")
    await one.phone.next("BYE")
    await made.empty()


@pytest.mark.item("S84")
async def test_several_of_one_call_are_told_apart(made: World) -> None:
    one, two = await made.joined()
    await refers(one, "4711")
    await bridged(made, "1000", "1001")
    assert [await notified(one.phone), await notified(one.phone)] == [(100, "active"), (404, "terminated")]
    again = one.asks("REFER", fields=(("Refer-To", f"<sip:4712@{DOMAIN}>"),))
    assert (await one.phone.final("REFER")).status == 202
    notify = await one.phone.next("NOTIFY")
    assert notify.headers.get("Event") == f"refer;id={again.cseq.number}"
    await one.phone.next("NOTIFY")
    await bridged(made, "1000", "1001")
    await two.bye()
    await one.phone.next("BYE")


@pytest.mark.item("S84")
async def test_a_second_refer_before_the_first_is_done_fails_and_disturbs_nothing(made: World) -> None:
    one, two = await made.joined()
    phone = await third(made)
    await refers(one, "1002")
    rung = await phone.rings()
    again = one.asks("REFER", fields=(("Refer-To", f"<sip:1003@{DOMAIN}>"),))
    assert (await one.phone.final("REFER")).status == 202
    ids = [await one.phone.next("NOTIFY") for _ in range(3)]
    last = [each for each in ids if each.headers.get("Event") == f"refer;id={again.cseq.number}"][-1]
    said = read_sipfrag(last.body)
    assert said is not None and said[0] >= 400
    await rung.answers()
    await bridged(made, "1001", "1002")
    await two.bye()
    await phone.next("BYE")
    await one.phone.next("BYE")


@pytest.mark.item("S84")
@pytest.mark.item("S106")
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ((("Refer-To", "<sip:1002@elsewhere.test>"),), 403),
        ((("Refer-To", f"<sip:{DOMAIN}>"),), 403),
        ((("Refer-To", f"<sip:1002@{DOMAIN};method=BYE>"),), 403),
        ((("Refer-To", "<http://example.org/>"),), 403),
        ((), 400),
        ((("Refer-To", f"<sip:1002@{DOMAIN}>"), ("Refer-To", f"<sip:1003@{DOMAIN}>")), 400),
        ((("Refer-To", "<sip:1002@"),), 400),
        ((("Refer-To", f"<sip:1002@{DOMAIN}?Replaces=x>"),), 400),
    ],
)
async def test_a_refer_that_is_not_in_order_changes_nothing(made: World, fields: Fields, status: int) -> None:
    one, _ = await made.joined()
    assert (await one.asked("REFER", fields=fields)).status == status
    await bridged(made, "1000", "1001")
    await one.bye()
    assert not one.phone.waiting("NOTIFY")


@pytest.mark.item("S84")
@pytest.mark.item("S106")
async def test_other_headers_that_a_refer_asks_for_are_left_out(made: World) -> None:
    one, two = await made.joined()
    phone = await third(made)
    await refers(one, f"<sip:1002@{DOMAIN}?Route=%3Csip:evil.test;lr%3E&X-Evil=1&Subject=x>")
    rung = await phone.rings()
    assert not rung.invite.routes
    assert "X-Evil" not in rung.invite.headers and "Subject" not in rung.invite.headers
    await rung.answers()
    await bridged(made, "1001", "1002")
    await two.bye()
    await phone.next("BYE")
    await one.phone.next("BYE")


@pytest.mark.item("S84")
async def test_a_call_that_is_not_up_is_not_sent_on(made: World) -> None:
    caller, callee = await made.registered("1000", "1001")
    call = await caller.calls("1001")
    rung = await callee.rings()
    rung.rings()
    call.provided(await caller.next(180))
    await eventually(lambda: line_of(made, "1001").dialog is not None)
    for end in (call, rung):
        assert end.dialog is not None
        end.dialog.confirm()  # so says the phone
        assert (await refers(end, "1002")).status == 403
    await rung.answers()
    await call.answered()
    await call.bye()


@pytest.mark.item("S84")
async def test_who_talks_to_nobody_hears_that_there_is_nobody_to_send_on(made: World) -> None:
    (phone,) = await made.registered("1000")
    call = await phone.calls("9196")
    await call.answered()
    assert (await refers(call, "1002")).status == 202
    assert await notified(phone) == (100, "active")
    status, state = await notified(phone)
    assert status >= 400 and state == "terminated"
    await call.bye()


@pytest.mark.item("S84")
@pytest.mark.item("S100")
async def test_a_carrier_may_not_send_our_calls_on(made: World) -> None:
    (caller,) = await made.registered("1000")
    carrier = made.phone("carrier", at=("203.0.113.9", 5060))
    await made.gateways(account("one", carrier))
    call = await caller.calls("9049")
    rung = await carrier.rings()
    await rung.answers()
    await call.answered()
    await eventually(lambda: bool(made.media.bridges))
    assert (await refers(rung, "1002")).status == 403
    assert (await refers(rung, "9000")).status == 403
    await call.bye()


@pytest.mark.item("S87")
async def test_outside_of_calls_nobody_is_sent_anywhere(made: World) -> None:
    (phone,) = await made.registered("1000")
    phone.asks("REFER", "1001", (("Refer-To", f"<sip:1002@{DOMAIN}>"),))
    assert (await phone.final("REFER")).status == 403
    phone.asks("NOTIFY", "1000", (("Event", "refer"), ("Subscription-State", "active")))
    assert (await phone.final("NOTIFY")).status in (481, 489)
    await made.empty()


# Attended.


async def two_calls(made: World) -> tuple[Talk, Talk, Talk, Talk]:
    """Let 1000 call 1001, and then 1002; give its two ends, and theirs."""
    first, one = await made.joined()
    phone = await third(made)
    second = await first.phone.calls("1002")
    other = await phone.rings()
    await other.answers()
    await second.answered()
    await eventually(lambda: len(made.media.bridges) == 2)
    return first, one, second, other


def naming(end: Talk, *, early: bool = False, more: str = "") -> str:
    """Write the Replaces of a call as the one at this end names it: our tag is its remote one."""
    assert end.dialog is not None
    named = end.dialog.id
    return f"{named.call_id};to-tag={named.remote_tag};from-tag={named.local_tag}{';early-only' if early else ''}{more}"


def refer_to(end: Talk, user: str) -> str:
    """Write the Refer-To that names a call."""
    escaped = naming(end).replace(";", "%3B").replace("=", "%3D").replace("@", "%40")
    return f"<sip:{user}@{DOMAIN}?Replaces={escaped}>"


@pytest.mark.item("S85")
async def test_the_two_that_somebody_talks_to_are_joined(made: World) -> None:
    first, one, second, other = await two_calls(made)
    assert (await first.asked("INVITE", PLAIN + "a=sendonly\r\n")).status == 200  # as phones do
    assert (await refers(first, refer_to(second, "1002"))).status == 202
    assert await notified(first.phone) == (100, "active")
    assert await notified(first.phone) == (200, "terminated")
    await bridged(made, "1001", "1002")
    byes = [await first.phone.next("BYE") for _ in range(2)]
    assert {bye.call_id for bye in byes} == {first.invite.call_id, second.invite.call_id}
    sent = [message.method for message in first.phone.seen if isinstance(message, Request)]
    assert sent.index("NOTIFY") < sent.index("BYE") and sent[-2:] == ["BYE", "BYE"]
    await one.bye()
    await other.phone.next("BYE")
    await made.empty()


@pytest.mark.item("S85")
async def test_the_one_who_was_called_joins_its_two_as_well(made: World) -> None:
    first, one, second, other = await two_calls(made)
    (fourth,) = await made.registered("1003")
    call = await other.phone.calls("1003")
    rung = await fourth.rings()
    await rung.answers()
    await call.answered()
    await eventually(lambda: len(made.media.bridges) == 3)
    assert (await refers(other, refer_to(call, "1003"))).status == 202
    await eventually(lambda: len(made.media.bridges) == 2)
    for _ in range(2):
        await other.phone.next("BYE")
    await rung.bye()
    assert (await first.phone.next("BYE")).call_id == second.invite.call_id
    await one.bye()
    await first.phone.next("BYE")


@pytest.mark.item("S85")
@pytest.mark.parametrize("whose", ["another user's", "nobody's", "its own"])
async def test_a_call_that_is_not_the_senders_to_give_is_refused(made: World, whose: str) -> None:
    first, one, second, other = await two_calls(made)
    named = refer_to({"another user's": other, "nobody's": second, "its own": first}[whose], "1002")
    if whose == "nobody's":
        named = named.replace(second.invite.call_id, "none")
    assert (await refers(first, named)).status == 202
    assert await notified(first.phone) == (100, "active")
    status, state = await notified(first.phone)
    assert (status, state) == (481, "terminated")
    assert len(made.media.bridges) == 2
    await one.bye()
    await other.bye()
    for _ in range(2):
        await first.phone.next("BYE")


@pytest.mark.item("S85")
async def test_of_two_that_are_being_joined_one_leaves(made: World) -> None:
    first, one, second, other = await two_calls(made)
    first.asks("REFER", fields=(("Refer-To", refer_to(second, "1002")),))
    one.asks("BYE")
    await other.phone.next("BYE")
    for _ in range(2):
        await first.phone.next("BYE")
    await made.empty()


# INVITE with Replaces.


async def replaces(phone: Phone, what: str) -> Talk:
    """Place a call that shall take the place of another."""
    return await phone.calls("1001", fields=(("Replaces", what), ("Require", "replaces")))


@pytest.mark.item("S86")
@pytest.mark.parametrize("which", ["unknown", "half"])
async def test_a_call_that_there_is_not_cannot_be_taken(made: World, which: str) -> None:
    one, _ = await made.joined()
    phone = await third(made, "1001")
    what = naming(one).replace("from-tag=", "from-tag=x") if which == "half" else "none;to-tag=a;from-tag=b"
    await replaces(phone, what)
    assert (await phone.final("INVITE")).status == 481
    await one.bye()


@pytest.mark.item("S86")
async def test_a_replaces_that_cannot_be_read_is_refused(made: World) -> None:
    (phone,) = await made.registered("1000")
    await replaces(phone, "none;to-tag=a")
    assert (await phone.final("INVITE")).status == 400
    await made.empty()


@pytest.mark.item("S86")
async def test_another_phone_of_one_who_talks_takes_the_call_over(made: World) -> None:
    one, two = await made.joined()
    phone = await third(made, "1001")
    call = await replaces(phone, naming(two))
    await call.answered()
    bye = await two.phone.next("BYE")
    assert "Call completed elsewhere" in bye.headers.get("Reason")
    line = line_of(made, "1001")
    await eventually(lambda: line.leg.bridged is line_of(made, "1000").leg)
    await one.bye()
    await phone.next("BYE")
    await made.empty()


@pytest.mark.item("S86")
async def test_a_call_that_is_up_is_not_taken_by_who_meant_a_ringing_one(made: World) -> None:
    one, two = await made.joined()
    phone = await third(made, "1001")
    await replaces(phone, naming(two, early=True))
    assert (await phone.final("INVITE")).status == 486
    await bridged(made, "1000", "1001")
    await one.bye()


@pytest.mark.item("S86")
async def test_a_stranger_may_not_take_a_call(made: World) -> None:
    one, two = await made.joined()
    phone = await third(made)
    await replaces(phone, naming(two))
    assert (await phone.final("INVITE")).status == 403
    await bridged(made, "1000", "1001")
    await one.bye()


@pytest.mark.item("S86")
async def test_a_carrier_may_not_take_a_call(made: World) -> None:
    one, two = await made.joined()
    carrier = made.phone("carrier", at=("203.0.113.9", 5060))
    await made.gateways(account("one", carrier, trusted=True))
    carrier.dials("2000", fields=(("Replaces", naming(two)),), uri="sip:2000@192.0.2.1:5060")
    assert (await carrier.final("INVITE")).status == 403
    await one.bye()


async def ringing(made: World, **facts: Any) -> tuple[Talk, Talk, Phone]:
    """Let 1000 ring 1001, and give both ends and a phone of 1002, whose account says this."""
    await made.change("1002", **facts)
    caller, callee = await made.registered("1000", "1001")
    phone = await third(made)
    call = await caller.calls("1001")
    rung = await callee.rings()
    rung.rings()
    await caller.next(180)
    return call, rung, phone


@pytest.mark.item("S86")
@pytest.mark.parametrize("early", [True, False])
async def test_a_ringing_call_is_picked_up_by_who_may(made: World, early: bool) -> None:
    call, rung, phone = await ringing(made, variables={"sip_pickup": "true"})
    pick_up = await replaces(phone, naming(rung, early=early))
    await pick_up.answered()
    await call.answered()
    cancel = await rung.phone.next("CANCEL")
    assert "Call completed elsewhere" in cancel.headers.get("Reason")
    await bridged(made, "1000", "1002")
    await call.bye()
    await phone.next("BYE")
    await made.empty()


@pytest.mark.item("S86")
async def test_a_ringing_call_is_not_picked_up_by_who_may_not(made: World) -> None:
    call, rung, phone = await ringing(made)
    await replaces(phone, naming(rung))
    assert (await phone.final("INVITE")).status == 403
    await rung.answers()
    await call.answered()
    await call.bye()


@pytest.mark.item("S86")
async def test_a_caller_that_waits_cannot_be_replaced(made: World) -> None:
    call, rung, _ = await ringing(made)
    response = next(m for m in call.phone.seen if isinstance(m, Response) and m.to.tag and m.status == 180)
    call.provided(response)
    phone = await third(made, "1000")
    await replaces(phone, naming(call))
    assert (await phone.final("INVITE")).status == 481
    await rung.answers()
    await call.answered()
    await call.bye()


@pytest.mark.item("S86")
async def test_a_pick_up_and_an_answer_that_meet_leave_nothing(made: World) -> None:
    call, rung, phone = await ringing(made, variables={"sip_pickup": "true"})
    request = phone.asks("INVITE", "1001", (*phone.agent, ("Replaces", naming(rung))), PLAIN)
    proved = await phone.proves(request)
    rung.says(200, PLAIN)
    await call.answered()
    final = await phone.final("INVITE")
    if final.status == 200:
        Talk(phone, proved).acknowledge(final)
    await call.bye()
    await made.empty()


@pytest.mark.item("S86")
async def test_who_offers_nothing_that_we_know_takes_no_call(made: World) -> None:
    one, two = await made.joined()
    phone = await third(made, "1001")
    await phone.calls("1001", PLAIN.replace("RTP/AVP", "bad"), (("Replaces", naming(two)),))
    assert (await phone.final("INVITE")).status == 488
    await eventually(lambda: line_of(made, "1001").leg.bridged is line_of(made, "1000").leg)
    assert line_of(made, "1000").leg.cause is None
    await one.bye()


@pytest.mark.item("S31")
@pytest.mark.item("S86")
@pytest.mark.parametrize("steps", range(6))
async def test_the_one_who_takes_a_call_leaves_before_it_has_it(made: World, steps: int) -> None:
    one, two = await made.joined()
    phone = await third(made, "1001")
    call = await replaces(phone, naming(two))
    for _ in range(steps):
        await asyncio.sleep(0)
    call.cancels()
    final = await phone.final("INVITE")
    assert final.status in (200, 487)
    if final.status == 200:
        call.acknowledge(final)
        await call.bye()
    await asyncio.sleep(0.02)
    if made.sip.house.lines:  # it came too early to change anything
        await one.bye()
    await made.empty()
