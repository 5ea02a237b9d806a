"""Calls and the connections that they are on: which way requests go, and what becomes of calls whose way is lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.endpoints.sip.door_world import WEBRTC, Phone, Talk, World, eventually, kinds, world
from tests.fakes import FakeMedia
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import LegId
from xswitch_py.endpoints.sip.calls.line import Line
from xswitch_py.media.api import LegStats
from xswitch_py.pysip.headers import Address
from xswitch_py.pysip.message import Request
from xswitch_py.pysip.uri import Uri

GRACE = 0.15  # seconds


class Streaming(FakeMedia):
    """Media whose packets come as long as they are let."""

    def __init__(self) -> None:
        super().__init__()
        self.flowing, self.packets = False, 7

    def stats(self, leg: LegId) -> LegStats:
        self.packets += self.flowing
        return LegStats(super().stats(leg).codec, packets_in=self.packets)


@pytest.fixture
async def made() -> AsyncIterator[World]:
    async with world(Streaming(), grace=GRACE) as fresh:
        yield fresh
        await fresh.quiet()


def page(made: World, user: str, name: str = "t7k2", *, host: str = "q8v2k1.invalid", instance: str = "") -> Phone:
    """Give a web page that is connected; behind one proxy all of them have one address."""
    phone = made.phone(user, "WS", at=("192.0.2.77", 0))
    params: dict[str, str | None] = {"+sip.instance": f'"<urn:uuid:{instance}>"'} if instance else {}
    phone.contact = Address(uri=Uri(user=name, host=host, parameters={"transport": "ws"}), params=params)
    return phone


def elsewhere(phone: Phone, remote: str = "203.0.113.50", transport: str = "WS") -> Phone:
    """Give the same device, on another connection from another address."""
    again = phone.world.phone(phone.user, transport, at=(remote, 0))
    again.contact, again.login = phone.contact, phone.login
    return again


def line_of(made: World, user: str) -> Line:
    """Give the line of a user's only call."""
    (line,) = [line for line in made.sip.house.lines if line.user is not None and line.user.user == user]
    return line


async def talking(made: World, caller: Phone, callee: Phone) -> tuple[Talk, Talk]:
    """Give both ends of a call."""
    for phone in (caller, callee):
        await phone.register()
    call = await caller.calls(callee.user, WEBRTC if caller.transport == "WS" else "v=0 RTP/AVP")
    rung = await callee.rings()
    await rung.answers()
    await call.answered()
    await eventually(lambda: bool(made.media.bridges))
    await asyncio.sleep(0.01)
    return call, rung


def goes_on(end: Talk, phone: Phone) -> Talk:
    """Let the call go on at the same device's other connection."""
    end.phone = phone
    return end


# Which way requests go.


@pytest.mark.item("S20")
async def test_a_page_is_called_on_its_connection_by_the_contact_it_gave(made: World) -> None:
    one, two = page(made, "1001"), page(made, "1001", "other")
    (caller,) = await made.registered("1000")
    for phone in (one, two):
        await phone.register()
    call = await caller.calls("1001")
    for phone in (one, two):
        rung = await phone.rings()
        assert rung.invite.uri == phone.contact.uri
        assert rung.invite.vias[0].transport == "WS"
        if phone is one:
            rung.rings()
    await rung.answers()
    await call.answered()
    cancel = await one.next("CANCEL")
    assert cancel.uri == one.contact.uri
    await call.bye()
    bye = await two.next("BYE")
    assert bye.uri == two.contact.uri
    sent = [message for message in one.seen if isinstance(message, Request)]
    assert kinds(sent) == ["INVITE", "CANCEL", "ACK"]


@pytest.mark.item("S13")
@pytest.mark.item("S20")
async def test_whatever_contact_a_page_names_requests_go_down_its_connection(made: World) -> None:
    caller, (callee,) = page(made, "1000"), await made.registered("1001")
    caller.contact = Address(uri=Uri(user="x", host="192.168.1.99", port=5070))
    call, _ = await talking(made, caller, callee)
    assert (await call.asked("UPDATE")).status == 200
    line_of(made, "1000").leg.hangup(Cause.NORMAL_CLEARING)
    assert (await caller.next("BYE")).uri == caller.contact.uri
    await callee.next("BYE")


@pytest.mark.item("S92")
async def test_a_nat_that_moves_a_phone_to_another_port_moves_its_call(made: World) -> None:
    caller, callee = made.phone("1000"), made.phone("1001")
    call, _ = await talking(made, caller, callee)
    moved = made.phone("1000", at=(caller.remote[0], 40_000))
    assert (await goes_on(call, moved).asked("UPDATE")).status == 200
    line_of(made, "1000").leg.hangup(Cause.NORMAL_CLEARING)
    await moved.next("BYE")
    await callee.next("BYE")


# A way that is lost before the answer.


@pytest.mark.item("S21")
async def test_who_has_left_is_not_called_and_nothing_is_opened_to_them(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    callee = page(made, "1001")
    await callee.register()
    (caller,) = await made.registered("1000")
    opened = list[Any]()
    monkeypatch.setattr(made.wires, "open", lambda *at, **more: opened.append(at))
    callee.hangs()
    at = asyncio.get_running_loop().time()
    await caller.calls("1001")
    assert (await caller.final("INVITE")).status == 480
    assert asyncio.get_running_loop().time() - at < 0.5
    assert not opened
    await made.empty()


@pytest.mark.item("S21")
async def test_a_connection_that_turns_out_to_be_dead_fails_the_call_at_once(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    callee = page(made, "1001")
    await callee.register()
    (caller,) = await made.registered("1000")

    def dead(data: bytes) -> None:
        raise ConnectionError

    monkeypatch.setattr(callee, "send", dead)  # nobody has noticed yet
    await caller.calls("1001", WEBRTC)
    at = asyncio.get_running_loop().time()
    refused = await caller.final("INVITE")
    assert asyncio.get_running_loop().time() - at < 0.5
    assert refused.status == 480
    await made.empty()


@pytest.mark.item("S21")
@pytest.mark.item("S22")
async def test_a_page_that_leaves_while_it_rings_fails_at_once_and_others_go_on_ringing(made: World) -> None:
    one, two = page(made, "1001"), page(made, "1001", "other")
    (caller,) = await made.registered("1000")
    for phone in (one, two):
        await phone.register()
    await caller.calls("1001")
    for phone in (one, two):
        (await phone.rings()).rings()
    await caller.next(180)
    one.hangs()
    await eventually(lambda: len([leg for leg in made.switch.legs.values() if leg.outbound]) == 1)
    assert len(made.contacts("1001")) == 1
    assert not caller.waiting(480)
    two.hangs()
    assert (await caller.final("INVITE")).status == 480
    assert not made.contacts("1001")
    await made.empty()


@pytest.mark.item("S21")
@pytest.mark.item("S33")
async def test_a_caller_that_is_lost_while_it_waits_ends_the_call_and_leaves_nothing(made: World) -> None:
    caller, (callee,) = page(made, "1000"), await made.registered("1001")
    await caller.register()
    await caller.calls("1001", WEBRTC)
    rung = await callee.rings()
    rung.rings()
    await caller.next(180)
    caller.hangs()
    await callee.next("CANCEL")
    await made.empty()


@pytest.mark.item("S21")
async def test_a_caller_that_is_lost_before_it_acknowledged_leaves_nothing(made: World) -> None:
    caller, (callee,) = page(made, "1000"), await made.registered("1001")
    await caller.register()
    await caller.calls("1001", WEBRTC)
    await (await callee.rings()).answers()
    await caller.next(200)
    caller.hangs()
    await callee.next("BYE")
    await made.empty()


# A way that is lost while the call is up.


@pytest.mark.item("S24")
@pytest.mark.parametrize("who", ["1000", "1001"])
async def test_a_call_whose_page_does_not_come_back_ends_for_the_other(made: World, who: str) -> None:
    pages = {"1000": page(made, "1000"), "1001": page(made, "1001", "other")}
    await talking(made, pages["1000"], pages["1001"])
    line, other = line_of(made, who), pages["1001" if who == "1000" else "1000"]
    at = asyncio.get_running_loop().time()
    pages[who].hangs()
    bye = await other.next("BYE")
    assert asyncio.get_running_loop().time() - at >= 0.9 * GRACE
    assert "MEDIA_TIMEOUT" in bye.headers.get("Reason")
    assert line.leg.cause is Cause.MEDIA_TIMEOUT
    await made.empty()


@pytest.mark.item("S24")
async def test_it_ends_though_neither_can_be_told(made: World) -> None:
    one, two = page(made, "1000"), page(made, "1001", "other")
    await talking(made, one, two)
    one.hangs()
    two.hangs()
    await made.empty()


@pytest.mark.item("S23")
@pytest.mark.item("S24")
async def test_a_call_with_sound_goes_on_until_that_ends_as_well(made: World) -> None:
    one, two = page(made, "1000"), page(made, "1001", "other")
    await talking(made, one, two)
    made.media.flowing = True
    one.hangs()
    await asyncio.sleep(3 * GRACE)
    assert not two.waiting("BYE")
    made.media.flowing = False
    await two.next("BYE")
    await made.empty()


@pytest.mark.item("S23")
@pytest.mark.parametrize("instance", ["", "6a0d"])
@pytest.mark.parametrize("who", [0, 1])
async def test_a_page_that_registers_again_goes_on_with_its_call(made: World, who: int, instance: str) -> None:
    pages = [page(made, "1000", instance=instance), page(made, "1001", "other", instance=instance and "77")]
    ends = await talking(made, *pages)
    pages[who].hangs()
    back = elsewhere(pages[who])
    await back.register()
    line = line_of(made, back.user)
    assert line.flow is back and line.adrift is None
    end = goes_on(ends[who], back)
    assert (await end.asked("INVITE", WEBRTC)).status == 200
    await asyncio.sleep(1.5 * GRACE)
    await ends[1 - who].bye()
    assert (await back.next("BYE")).vias[0].transport == "WS"
    await made.empty()


@pytest.mark.item("S23")
async def test_a_page_that_is_back_before_its_old_connection_is_known_to_be_dead(made: World) -> None:
    one, two = page(made, "1000"), page(made, "1001", "other")
    call, rung = await talking(made, one, two)
    back = elsewhere(one)
    await back.register()
    assert line_of(made, "1000").flow is back
    one.hangs()
    await asyncio.sleep(2 * GRACE)
    assert (await goes_on(call, back).asked("UPDATE")).status == 200
    await rung.bye()
    await back.next("BYE")


@pytest.mark.item("S23")
async def test_a_page_that_calls_by_the_older_of_its_connections_goes_on_by_the_newer(made: World) -> None:
    one, two = page(made, "1000"), page(made, "1001", "other")
    back = elsewhere(one)
    for phone in (one, back, two):
        await phone.register()
    await one.calls("1001", WEBRTC)
    rung = await two.rings()
    await rung.answers()
    response = await one.final("INVITE")
    assert response.status == 200
    await eventually(lambda: line_of(made, "1000").is_up)
    one.hangs()
    line = line_of(made, "1000")
    assert line.flow is back and line.adrift is None
    await rung.bye()
    await made.empty()


@pytest.mark.item("S23")
async def test_a_reloaded_page_with_the_same_instance_is_the_same_device(made: World) -> None:
    one, two = page(made, "1000", instance="6a0d"), page(made, "1001", "other")
    _, rung = await talking(made, one, two)
    one.hangs()
    back = elsewhere(one)
    back.contact = replace(one.contact, uri=replace(one.contact.uri, user="fresh", host="fresh.invalid"))
    await back.register()
    await asyncio.sleep(2 * GRACE)
    await rung.bye()
    await back.next("BYE")


@pytest.mark.item("S23")
async def test_another_device_of_the_same_user_does_not_get_the_call(made: World) -> None:
    one, two = page(made, "1000"), page(made, "1001", "other")
    await talking(made, one, two)
    one.hangs()
    other = page(made, "1000", "stranger")
    await other.register()
    assert line_of(made, "1000").adrift is not None
    await two.next("BYE")
    assert not other.waiting("BYE")


@pytest.mark.item("S23")
async def test_two_phones_that_call_themselves_by_their_account_are_two_devices(made: World) -> None:
    one, two = made.phone("1000", "TCP"), made.phone("1001")
    await talking(made, one, two)
    other = made.phone("1000", "TCP")
    await other.register()
    assert line_of(made, "1000").flow is one
    one.hangs()
    assert line_of(made, "1000").adrift is not None
    await two.next("BYE")
    assert not other.waiting("BYE")


@pytest.mark.item("S23")
@pytest.mark.item("S37")
async def test_a_request_inside_the_call_from_elsewhere_must_prove_whose_it_is_and_takes_the_call_along(
    made: World,
) -> None:
    one, two = page(made, "1000"), page(made, "1001", "other")
    call, rung = await talking(made, one, two)
    one.hangs()
    back = elsewhere(one)
    end = goes_on(call, back)
    request = end.asks("INVITE", WEBRTC)
    assert call.dialog is not None
    challenge = await back.next(407)
    assert line_of(made, "1000").flow is one
    assert back.login.challenged(challenge)
    call.dialog.local_cseq += 1
    again = Request(request.headers.copy(), request.body, "INVITE", request.uri)
    again.headers.set("Via", str(back.via()))
    again.headers.set("CSeq", f"{call.dialog.local_cseq} INVITE")
    for name, value in back.login.fields("INVITE", str(request.uri)):
        again.headers.set(name, value)
    back.says(again)
    answer = await back.final("INVITE")
    assert answer.status == 200
    end.acknowledge(answer)
    line = line_of(made, "1000")
    assert line.flow is back and line.adrift is None
    await asyncio.sleep(2 * GRACE)
    await rung.bye()
    await back.next("BYE")
    await made.empty()


@pytest.mark.item("S37")
async def test_who_proves_to_be_somebody_else_does_not_get_the_call(made: World) -> None:
    one, two = page(made, "1000"), page(made, "1001", "other")
    call, rung = await talking(made, one, two)
    thief = elsewhere(two, "203.0.113.66")
    end = goes_on(call, thief)
    request = end.asks("BYE")
    challenge = await thief.next(407)
    assert thief.login.challenged(challenge)
    again = Request(request.headers.copy(), b"", "BYE", request.uri)
    again.headers.set("Via", str(thief.via()))
    again.headers.set("CSeq", f"{request.cseq.number + 1} BYE")
    for name, value in thief.login.fields("BYE", str(request.uri)):
        again.headers.set(name, value)
    thief.says(again)
    assert (await thief.final("BYE")).status == 403
    line = line_of(made, "1000")
    assert line.leg.cause is None and line.flow is one
    await rung.bye()
    await one.next("BYE")


@pytest.mark.item("S22")
async def test_a_lost_connection_takes_its_contacts_along_but_no_others(made: World) -> None:
    one, two = page(made, "1000"), page(made, "1000", "other")
    for phone in (one, two):
        await phone.register()
    assert made.sip.uses(one)
    one.hangs()
    assert [contact.transport for contact in made.contacts("1000")] == ["ws"]
    assert not made.sip.uses(one) and made.sip.uses(two)


@pytest.mark.item("S24")
async def test_a_call_that_ended_while_it_was_adrift_is_not_ended_again(made: World) -> None:
    one, two = page(made, "1000"), page(made, "1001", "other")
    _, rung = await talking(made, one, two)
    line = line_of(made, "1000")
    one.hangs()
    await rung.bye()
    await eventually(lambda: line.adrift is None)
    assert line.leg.cause is Cause.NORMAL_CLEARING
    await made.empty()
