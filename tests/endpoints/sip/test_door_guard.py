"""What the door does for strangers, scanners, floods and noise: little; and what operators may see and do."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.endpoints.sip.door_world import DOMAIN, PLAIN, Phone, World, account, eventually, kinds, world
from tests.torture.messages import GOOD, REFUSED
from xswitch_py.base.address import Address as UserAddress
from xswitch_py.base.events import GatewayChanged
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.endpoints.sip.trace import masked
from xswitch_py.endpoints.sip.transport.intake import Intake
from xswitch_py.pysip.headers import Address
from xswitch_py.pysip.message import new_branch, serialise
from xswitch_py.pysip.uri import Uri

CASES: Final = [*[case.data for case in GOOD], *[case.data for case in REFUSED]]
CALLER: Final = Address(uri=Uri(user="+4930", host="carrier.test"))
LINES: Final = sorted({line for case in CASES for line in case.partition(b"\r\n\r\n")[0].split(b"\r\n")})


@pytest.fixture
async def made() -> AsyncIterator[World]:
    async with world() as fresh:
        yield fresh
        await fresh.quiet()


def sizes(made: World) -> dict[str, int]:
    """Count all that the door remembers of anybody."""
    house = made.sip.house
    return {
        "transactions": len(made.sip.stack),
        "timers": len(made.sip.stack._timers),
        "waiting": len(made.sip.stack._waiting),
        "legs": len(made.switch.legs),
        "calls": len(made.switch.calls),
        "lines": len(house.lines),
        "dialogs": len(house.dialogs),
        "inviting": len(house.inviting),
        "tasks": len(made.sip._tasks),
    }


def stranger(made: World, number: int = 1) -> Phone:
    """Give a phone that nobody knows."""
    return made.phone("nobody", at=("203.0.113.77", 5060 + number))


# Who asks without credentials.


@pytest.mark.item("S104")
async def test_invites_of_strangers_are_challenged_and_nothing_is_remembered_of_them(made: World) -> None:
    phone = stranger(made)
    before = sizes(made)
    for number in range(300):
        phone.asks("INVITE", "1001", phone.agent, PLAIN, call_id=f"flood{number}")
    await eventually(lambda: len(phone.waiting(407)) == 300)
    await asyncio.sleep(0.01)  # and their ACKs, which are nobody's
    assert sizes(made) == before
    assert len(phone.seen) == 300


@pytest.mark.item("S104")
@pytest.mark.parametrize("method", ["INVITE", "REGISTER", "MESSAGE", "SUBSCRIBE", "OPTIONS", "REFER", "BYE"])
async def test_no_account_is_looked_up_for_who_shows_nothing(
    made: World, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    async def looked_up(name: str, domain: str) -> None:
        raise AssertionError(name)

    monkeypatch.setattr(made.people, "get", looked_up)
    phone, before = stranger(made), sizes(made)
    phone.asks(method, "1001")
    assert (await phone.final(method)).status in (401, 403, 407, 481)
    assert sizes(made) == before


@pytest.mark.item("S103")
async def test_a_stranger_gets_one_answer_to_one_request_and_no_more_than_it_sent(made: World) -> None:
    phone = stranger(made)
    for method in ("INVITE", "REGISTER", "OPTIONS", "MESSAGE", "SUBSCRIBE"):
        request = phone.asks(method, "1001", phone.agent, PLAIN if method == "INVITE" else "")
        answer = await phone.final(method)
        assert len(serialise(answer)) <= 1.5 * len(serialise(request))
    await asyncio.sleep(64 * made.sip.stack.times.t1 / 4)
    assert len(phone.seen) == 5
    assert phone.repeats == 0


@pytest.mark.item("S103")
async def test_a_repeated_request_gets_an_answer_with_the_same_tag(made: World) -> None:
    phone = stranger(made)
    request = phone.asks("INVITE", "1001", phone.agent, PLAIN)
    first = await phone.next(407)
    phone.says(request)
    second = await phone.next(407)
    assert first.to.tag == second.to.tag != ""


@pytest.mark.item("S101")
@pytest.mark.item("S102")
async def test_a_scanner_hears_nothing_whatever_it_sends(made: World) -> None:
    phone, before = stranger(made), sizes(made)
    for method in ("OPTIONS", "REGISTER", "INVITE"):
        phone.asks(method, "1001", (("User-Agent", "friendly-scanner 1.0"),))
    await asyncio.sleep(0.02)
    assert not phone.seen
    assert sizes(made) == before


@pytest.mark.item("S101")
async def test_who_tries_one_name_after_the_other_is_not_heard_any_more_until_it_is_let(made: World) -> None:
    intake = Intake(made.sip, Settings(), Counter())
    host = "203.0.113.99"
    for number in range(5):
        assert intake.admits(host, "TCP")
        phone = made.phone(f"77{number}", "TCP", at=(host, 5099))
        answer = await phone.asked("REGISTER", "", (("Expires", "600"),))
        assert answer.status == 401
    assert not intake.admits(host, "TCP")
    (ban,) = made.sip.operator.bans()
    assert (ban.source, ban.reason) == (host, "unknown-user")
    assert made.sip.operator.unban(host)
    assert not made.sip.operator.unban(host)
    assert intake.admits(host, "TCP")


@pytest.mark.item("S101")
async def test_noise_bans_its_source(made: World) -> None:
    phone = stranger(made)
    phone.transport = "TCP"
    intake = Intake(made.sip, Settings(), Counter())
    for _ in range(25):
        intake.read(b"INVITE nonsense", phone)
    assert not made.sip.admits(phone.remote[0])


# Carriers.


@pytest.mark.item("S99")
@pytest.mark.item("S100")
async def test_who_is_at_a_carriers_address_calls_as_the_carrier_and_nobody_else_does(made: World) -> None:
    carrier = made.phone("carrier", at=("203.0.113.9", 5060))
    await made.gateways(account("one", carrier, allow=(ip_network("203.0.113.9"),)))
    (callee,) = await made.registered("1001")
    call = carrier.dials("2000", from_=CALLER)
    rung = await callee.rings()
    await rung.answers()
    await call.answered()
    line = next(line for line in made.sip.house.lines if line.gateway)
    assert (line.gateway, line.user, line.leg.offer.context) == ("one", None, "public")
    await call.bye()
    await callee.next("BYE")
    other = made.phone("carrier", at=("203.0.113.10", 5060))
    other.dials("2000", from_=CALLER)
    assert (await other.final("INVITE")).status == 407


@pytest.mark.item("S99")
async def test_a_carrier_that_says_it_is_a_user_of_ours_is_challenged(made: World) -> None:
    carrier = made.phone("carrier", at=("203.0.113.9", 5060))
    await made.gateways(account("one", carrier, allow=(ip_network("203.0.113.9"),)))
    carrier.dials("2000", from_=Address(uri=Uri(user="1000", host=DOMAIN)))
    assert (await carrier.final("INVITE")).status == 407


@pytest.mark.item("S99")
async def test_a_carrier_may_name_our_address_in_its_from(made: World) -> None:
    carrier = made.phone("carrier", at=("203.0.113.9", 5060))
    await made.gateways(account("one", carrier, allow=(ip_network("203.0.113.9"),)))
    (callee,) = await made.registered("1001")
    call = carrier.dials("2000", from_=Address(uri=Uri(user="+4930", host="192.0.2.1")))
    assert (await callee.rings()).invite.from_.uri.name == "+4930"
    call.cancels()


@pytest.mark.item("S100")
async def test_a_carrier_has_only_the_calls_that_it_may_have(made: World) -> None:
    carrier = made.phone("carrier", at=("203.0.113.9", 5060))
    await made.gateways(account("one", carrier, allow=(ip_network("203.0.113.9"),), max_calls=1))
    (callee,) = await made.registered("1001")
    call = carrier.dials("2000", from_=CALLER)
    rung = await callee.rings()
    rung.rings()
    await carrier.next(180)
    carrier.dials("2000", from_=CALLER)
    refused = await carrier.final("INVITE")
    assert refused.status == 503 and refused.headers.get("Retry-After")
    call.cancels()
    assert (await carrier.final("INVITE")).status == 487
    await made.quiet()
    again = carrier.dials("2000", from_=CALLER)  # there is room again
    await callee.next("INVITE")
    again.cancels()


@pytest.mark.item("S100")
@pytest.mark.item("S106")
async def test_no_number_leads_to_a_carrier_that_the_dialplan_does_not_name(made: World) -> None:
    carrier = made.phone("carrier", at=("203.0.113.9", 5060))
    await made.gateways(account("one", carrier))
    (caller,) = await made.registered("1000")
    for number in ("0049301234", "+49301234", "gateway/one/049", "3;phone-context=x"):
        await caller.calls("", uri=f"sip:{number}@{DOMAIN}")
        assert (await caller.final("INVITE")).status == 404
    assert not carrier.seen


@pytest.mark.item("S106")
@pytest.mark.parametrize("uri", ["sip:1001@elsewhere.test", "sip:1001@203.0.113.9", "sip:1001@198.51.100.7:5070"])
async def test_nothing_is_sent_on_to_other_hosts(made: World, uri: str) -> None:
    caller, callee = await made.registered("1000", "1001")
    for method, body, kind in (("INVITE", PLAIN, "application/sdp"), ("MESSAGE", "hi", "text/plain")):
        answer = await caller.asked(method, "1001", caller.agent, body, uri=uri, content_type=kind)
        assert answer.status in (403, 404)
    assert kinds(callee.seen) == [401, 200]


@pytest.mark.item("S106")
async def test_a_route_to_others_is_not_taken(made: World) -> None:
    caller, callee = await made.registered("1000", "1001")
    caller.asks("INVITE", "1001", caller.agent, PLAIN, routes=(Address(uri=Uri(host="evil.test")),))
    assert (await caller.final("INVITE")).status in (403, 404)
    assert kinds(callee.seen) == [401, 200]


# How much there may be.


@pytest.mark.item("S108")
async def test_a_user_has_only_so_many_calls() -> None:
    async with world(dialogs_per_user=2) as made:
        caller, other = await made.registered("1000", "1001")
        calls = [await caller.calls("9196") for _ in range(2)]
        for call in calls:
            await call.answered()
        await caller.calls("9196")
        assert (await caller.final("INVITE")).status == 486
        theirs = await other.calls("9196")
        await theirs.answered()
        await calls[0].bye()
        await eventually(lambda: len(made.sip.house.lines) == 2)
        again = await caller.calls("9196")
        await again.answered()
        for call in (calls[1], theirs, again):
            await call.bye()
        await made.empty()


@pytest.mark.item("S108")
async def test_there_are_only_so_many_calls_at_all() -> None:
    async with world(dialogs=2) as made:
        caller, other = await made.registered("1000", "1001")
        calls = [await phone.calls("9196") for phone in (caller, other)]
        for call in calls:
            await call.answered()
        await other.calls("9196")
        refused = await other.final("INVITE")
        assert refused.status == 503 and int(refused.headers.get("Retry-After") or "0") > 0
        for call in calls:
            await call.bye()
        await made.empty()


@pytest.mark.item("S109")
async def test_while_the_switch_is_drained_it_takes_no_calls_and_those_that_are_up_end_in_time(made: World) -> None:
    one, two = await made.joined()
    draining = asyncio.create_task(made.switch.drain(0.2))
    await asyncio.sleep(0)
    await two.phone.calls("9196")
    refused = await two.phone.final("INVITE")
    assert refused.status == 503 and int(refused.headers.get("Retry-After") or "0") > 0
    assert not one.phone.waiting("BYE")
    for end in (one, two):
        assert "SYSTEM_SHUTDOWN" in (await end.phone.next("BYE")).headers.get("Reason")
    await draining
    await made.quiet()


@pytest.mark.item("S109")
async def test_who_rings_when_the_switch_ends_is_told(made: World) -> None:
    caller, callee = await made.registered("1000", "1001")
    await caller.calls("1001")
    (await callee.rings()).rings()
    await caller.next(180)
    await made.switch.drain(0)
    assert (await caller.final("INVITE")).status == 503
    await callee.next("CANCEL")
    await made.quiet()


# Noise.


@st.composite
def spoilt(draw: st.DrawFn, cases: list[bytes]) -> bytes:
    """A message with lines put in, left out or replaced, and a few bytes changed."""
    head, _, body = draw(st.sampled_from(cases)).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(lines)))
        lines[at : at + draw(st.integers(0, 2))] = [draw(st.sampled_from(LINES) | st.binary(max_size=20))]
    data = bytearray(b"\r\n".join(lines) + b"\r\n\r\n" + body)
    for _ in range(draw(st.integers(0, 2))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


def fed(made: World, phone: Phone, data: bytes) -> list[Any]:
    """Let the door have these bytes; give what it complained of."""
    intake = Intake(made.sip, Settings(), Counter())
    with structlog.testing.capture_logs() as logs:
        intake.read(data, phone)
    return [entry for entry in logs if entry["log_level"] in ("error", "critical")]


def deaf(made: World) -> Phone:
    """Give a peer that does not look at what it gets."""
    phone = stranger(made)
    phone.send = lambda data: None  # type: ignore[method-assign]  # as said
    return phone


@pytest.mark.item("S107")
@pytest.mark.item("S36")
def test_whatever_bytes_come_nothing_fails_and_nothing_is_left() -> None:
    async def run(data: bytes) -> None:
        async with world() as made:
            before = sizes(made)
            assert not fed(made, deaf(made), data)
            await asyncio.sleep(0)
            after = sizes(made)
            assert {name: after[name] for name in after if name != "tasks"} | {"tasks": 0} == before | {
                name: after[name] for name in ("transactions", "timers")
            }
            assert after["transactions"] <= 1

    @settings(max_examples=150)
    @given(spoilt(CASES) | st.binary(max_size=200))
    def check(data: bytes) -> None:
        asyncio.run(run(data))

    check()


def _inside() -> list[bytes]:
    """Requests inside a call, for whose dialog there is a place to fill in."""
    kinds_of = {
        "INVITE": ("application/sdp", PLAIN),
        "UPDATE": ("application/sdp", PLAIN),
        "INFO": ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"),
        "MESSAGE": ("text/plain", "hello"),
        "OPTIONS": ("", ""),
        "PRACK": ("", ""),
        "NOTIFY": ("message/sipfrag", "SIP/2.0 100 Trying\r\n"),
        "REFER": ("", ""),
        "BYE": ("", ""),
    }
    more = {
        "PRACK": "RAck: 1 1 INVITE\r\n",
        "REFER": f"Refer-To: <sip:9196@{DOMAIN}?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>\r\nRefer-Sub: false\r\n",
        "INVITE": "Session-Expires: 90;refresher=uac\r\nMin-SE: 90\r\nSupported: timer\r\n",
        "BYE": 'Reason: Q.850;cause=16;text="x"\r\n',
    }
    return [
        (
            f"{method} sip:gw@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=BRANCH;rport\r\nMax-Forwards: 70\r\n"
            f"From: <sip:1000@{DOMAIN}>;tag=REMOTE\r\nTo: <sip:1001@{DOMAIN}>;tag=LOCAL\r\nCall-ID: CALLID\r\n"
            f"CSeq: CSEQ {method}\r\nContact: <sip:1000@198.51.100.7>\r\n{more.get(method, '')}"
            f"{f'Content-Type: {kind}' + chr(13) + chr(10) if kind else ''}\r\n{body}"
        ).encode()
        for method, (kind, body) in kinds_of.items()
    ]


@pytest.mark.item("S107")
def test_whatever_a_phone_sends_inside_its_call_nothing_fails() -> None:
    cases = _inside()

    async def run(datas: list[bytes]) -> None:
        async with world() as made:
            one, _ = await made.joined()
            assert one.dialog is not None
            one.phone.send = lambda data: None  # type: ignore[method-assign]  # it does not look
            ids = one.dialog.id
            for number, data in enumerate(datas):
                filled = {
                    b"BRANCH": new_branch(),
                    b"REMOTE": ids.local_tag,
                    b"LOCAL": ids.remote_tag,
                    b"CALLID": ids.call_id,
                    b"CSEQ": str(one.dialog.local_cseq + number + 1),
                }
                for place, value in filled.items():
                    data = data.replace(place, value.encode())
                assert not fed(made, one.phone, data), data
                await asyncio.sleep(0)
            with structlog.testing.capture_logs() as logs:
                await asyncio.sleep(0.005)
            assert not [entry for entry in logs if entry["log_level"] == "error"]

    @settings(max_examples=25)
    @given(st.lists(spoilt(cases) | st.sampled_from(cases), min_size=1, max_size=12))
    def check(datas: list[bytes]) -> None:
        asyncio.run(run(datas))

    check()


@pytest.mark.item("S36")
async def test_a_failure_of_ours_costs_one_request_and_tells_nothing(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = await made.joined()

    def broken(*arguments: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(made.switch, "accept", broken)
    await one.phone.calls("9196")
    answer = await one.phone.final("INVITE")
    assert answer.status == 500 and answer.to.tag
    assert b"secret" not in serialise(answer)
    assert (await one.asked("OPTIONS")).status == 200
    await one.bye()


# Operators.


@pytest.mark.item("S110")
async def test_operators_see_registrations_and_flush_them(made: World) -> None:
    await made.registered("1000", "1000", "1001")
    hands = made.sip.operator
    assert sorted(contact.user.user for contact in hands.registrations()) == ["1000", "1000", "1001"]
    assert hands.flush(UserAddress("1000", DOMAIN)) == 2
    assert hands.flush(UserAddress("1000", DOMAIN)) == 0
    assert [contact.user.user for contact in hands.registrations()] == ["1001"]


@pytest.mark.item("S110")
async def test_operators_see_calls_and_end_them(made: World) -> None:
    one, two = await made.joined()
    hands = made.sip.operator
    assert (await one.asked("INVITE", PLAIN + "a=sendonly\r\n")).status == 200
    first, second = hands.dialogs()
    assert (first.user, first.call_id, first.state, first.outbound) == (
        f"1000@{DOMAIN}", one.invite.call_id, "active", False,
    )  # fmt: skip
    assert (second.user, second.transport, second.host) == (f"1001@{DOMAIN}", "UDP", two.phone.remote[0])
    assert (first.held, second.held, first.gateway, first.adrift) == (True, False, "", False)
    assert not hands.end("none")
    assert hands.end(first.leg)
    for end in (one, two):
        assert "MANAGER_REQUEST" in (await end.phone.next("BYE")).headers.get("Reason")
    await made.quiet()
    assert not hands.dialogs()
    assert not hands.end(first.leg)


@pytest.mark.item("S110")
async def test_operators_add_and_remove_gateways_and_see_how_they_stand(made: World) -> None:
    carrier = made.phone("carrier", at=("203.0.113.9", 5060))
    gateways = made.sip.operator.gateways
    await made.gateways(account("one", carrier))
    assert [(each.name, each.up) for each in gateways.status()] == [("one", True)]
    gateways.ping("one")
    await carrier.next("OPTIONS")
    await gateways.reload([account("two", carrier)])
    assert [each.name for each in gateways.status()] == ["two"]


@pytest.mark.item("S110")
async def test_messages_are_traced_a_line_each_and_in_full_for_whom_one_asks(made: World) -> None:
    trace = made.sip.operator.trace
    with structlog.testing.capture_logs() as quiet:
        await made.registered("1000")
    assert not [entry for entry in quiet if "message" in entry["event"]]
    trace.lines = True
    trace.want("1001")
    with structlog.testing.capture_logs() as logs:
        await made.registered("1000", "1001")
    lines = [entry for entry in logs if entry["event"] == "message"]
    assert [(line["way"], line["start"]) for line in lines[:2]] == [
        ("in", f"REGISTER sip:{DOMAIN}"), ("out", "401 Unauthorized"),
    ]  # fmt: skip
    assert lines[0]["cseq"] == "1 REGISTER" and lines[0]["flow"].startswith("UDP 198.51.100.")
    texts = [entry["text"] for entry in logs if entry["event"] == "message in full"]
    assert len(texts) == 4
    assert all("sip:1001@" in text and "sip:1000@" not in text for text in texts)
    assert not any("nonce" in text or "response=" in text for text in texts)
    trace.lines = False
    trace.forget()
    with structlog.testing.capture_logs() as quiet:
        await made.registered("1001")
    assert not [entry for entry in quiet if "message" in entry["event"]]


@pytest.mark.item("S110")
def test_a_trace_has_no_secrets() -> None:
    text = (
        'AUTHORIZATION: Digest response="abc"\r\nproxy-authorization : Digest x\r\nVia: x\r\n\r\n'
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0|2^20\r\na=ice-ufrag:u\r\na=ice-pwd:secret\r\n"
    )
    assert masked(text) == (
        "AUTHORIZATION: ***\r\nproxy-authorization: ***\r\nVia: x\r\n\r\n"
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:***\r\na=ice-ufrag:u\r\na=ice-pwd:***\r\n"
    )


@pytest.mark.item("S110")
async def test_operators_load_a_certificate_anew(made: World) -> None:
    loaded = list[Path]()
    made.wires.renew_certificate = loaded.append  # type: ignore[attr-defined]  # what the real ones have
    made.sip.operator.renew_certificate(Path("cert.pem"))
    assert loaded == [Path("cert.pem")]


@pytest.mark.item("S96")
async def test_whoever_listens_hears_that_a_gateway_went_down(made: World) -> None:
    carrier = made.phone("carrier", at=("203.0.113.9", 5060))
    told = made.bus.listen()
    await made.gateways(account("one", carrier, ping=5.0))
    carrier.auto["OPTIONS"] = 503
    while made.sip.gateways.status()[0].up:
        made.sip.gateways.ping("one")
        await asyncio.sleep(0)
    async for event in told:
        if isinstance(event, GatewayChanged) and event.state == "DOWN":
            assert (event.name, bool(event.text)) == ("one", True)
            break
