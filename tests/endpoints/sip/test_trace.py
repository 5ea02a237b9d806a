"""What the traces of calls keep of SIP: every message of both legs, and no secret."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.endpoints.sip.door_world import PASSWORD, PLAIN, World, account, eventually, world
from xswitch_py.base.ids import LegId
from xswitch_py.core.trace import CallTrace, Traces
from xswitch_py.endpoints.sip.trace import masked

SDES = PLAIN.replace("RTP/AVP", "RTP/SAVP") + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0|2^20\r\n"


@pytest.fixture
async def made() -> AsyncIterator[World]:
    async with world() as made:
        made.sip.stack.trace.traces = Traces()
        running = asyncio.create_task(kept(made).run(made.bus))
        yield made
        running.cancel()


def kept(made: World) -> Traces:
    assert made.sip.stack.trace.traces is not None
    return made.sip.stack.trace.traces


async def only(made: World) -> CallTrace:
    """The one call's trace, once the call is over."""
    await made.quiet()
    await eventually(lambda: bool(kept(made)._over))
    (trace,) = kept(made)._over.values()
    return trace


def wire(trace: CallTrace, leg: LegId) -> list[str]:
    """What went over a leg's wire, each with its way."""
    found = [entry for entry in trace.entries() if entry.leg == leg and entry.layer == "sip"]
    return [f"{entry.way} {' '.join(entry.text.split()[:1])}" for entry in found]


def full(trace: CallTrace) -> str:
    """All messages as they are shown."""
    return "\n".join(entry.message() for entry in trace.entries() if entry.message is not None)


async def test_both_legs_from_the_first_invite_to_the_last_answer(made: World) -> None:
    call, rung = await made.joined()
    await call.bye()
    trace = await only(made)
    await made.empty()
    caller, callee = trace.legs
    assert trace.caller == caller
    assert [each for each in wire(trace, caller) if each != "> 100"] == [
        "< INVITE", "> 407", "< ACK", "< INVITE", "> 200", "< ACK", "< BYE", "> 200",
    ]  # fmt: skip
    assert wire(trace, callee) == ["> INVITE", "< 200", "> ACK", "> BYE", "< 200"]
    assert rung.invite.call_id in full(trace)


async def test_no_message_shows_a_credential_or_a_key(made: World) -> None:
    caller, callee = await made.registered("1000", "1001")
    call = await caller.calls("1001", SDES + "a=ice-ufrag:ufra\r\na=ice-pwd:shibboleth\r\nk=clear:sesame\r\n")
    await (await callee.rings()).answers()
    await call.answered()
    await call.bye()
    text = full(await only(made))
    assert "Proxy-Authorization: ***" in text and "Proxy-Authenticate: ***" in text and "inline:***" in text
    for secret in ("response=", "nonce=", PASSWORD + "@", "c2VjcmV0", "shibboleth", "ufra\r", "sesame"):
        assert secret not in text


async def test_the_line_of_a_message_shows_no_password_either(made: World) -> None:
    (caller,) = await made.registered("1000")
    call = await caller.calls("9196", uri="sip:9196:sesame@pbx.test")
    await call.answered()
    await call.bye()
    trace = await only(made)
    texts = [entry.text for entry in trace.entries()]
    assert texts[0] == "INVITE sip:9196:***@pbx.test" and not any("sesame" in text for text in [*texts, full(trace)])


async def test_digits_are_shown_unless_they_are_secret(made: World) -> None:
    (phone,) = await made.registered("1000")
    call = await phone.calls("9196")
    await call.answered()
    (leg,) = made.switch.legs.values()
    for digit, secret in (("5", False), ("7", True)):
        leg.secret = secret
        await call.asked("INFO", f"Signal={digit}\r\nDuration=100\r\n", content_type="application/dtmf-relay")
    await call.asked("INFO", "8", content_type="application/dtmf")
    await call.bye()
    text = full(await only(made))
    assert "Signal=5" in text and "Signal=7" not in text and not text.split("application/dtmf\r\n")[1].startswith("8")
    assert text.count("***\n") == 2


async def test_what_has_no_call_is_not_kept(made: World) -> None:
    (phone,) = await made.registered("1000")
    await phone.asked("OPTIONS", "1000")
    assert not kept(made)._logs and kept(made).size == 0
    assert not made.sip.stack.trace._early


async def test_strangers_who_only_begin_calls_take_little_room(made: World) -> None:
    stranger = made.phone("1000")
    for _ in range(300):
        stranger.asks("INVITE", "1001", (), PLAIN)
    await eventually(lambda: len(stranger.waiting(407)) == 300)
    early = made.sip.stack.trace._early
    assert len(early) == 256 and max(map(len, early.values())) <= 6
    assert not kept(made)._logs


async def test_another_way_of_the_same_leg_is_in_its_trace_too(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    down, up = made.phone("one"), made.phone("two")
    await made.gateways(account("one", down), account("two", up))
    monkeypatch.setattr(made.sip.gateways, "order", list)
    (caller,) = await made.registered("1000")
    call = await caller.calls("91555")
    (await down.rings()).says(503)
    rung = await up.rings()
    await rung.answers()
    await call.answered()
    await call.bye()
    trace = await only(made)
    callee = list(trace.legs)[-1]
    assert wire(trace, callee) == ["> INVITE", "< 503", "> ACK", "> INVITE", "< 200", "> ACK", "> BYE", "< 200"]


async def test_a_caller_who_gives_up_is_in_the_trace(made: World) -> None:
    caller, callee = await made.registered("1000", "1001")
    call = await caller.calls("1001")
    (await callee.rings()).rings()
    await caller.next(180)
    call.cancels()
    await caller.final("INVITE")
    trace = await only(made)
    await made.empty()
    legs = list(trace.legs)
    assert wire(trace, legs[0])[-5:] == ["> 180", "< CANCEL", "> 200", "> 487", "< ACK"]
    assert wire(trace, legs[1]) == ["> INVITE", "< 180", "> CANCEL", "< 200", "< 487", "> ACK"]


async def test_who_uses_the_call_id_of_another_sees_nothing_of_it(made: World) -> None:
    """Messages are told apart by our own tags."""
    caller, other = await made.registered("1000", "1001")
    call = await caller.calls("9196")
    await call.answered()
    theirs = await other.proves(other.asks("INVITE", "9196", other.agent, PLAIN, call_id=call.invite.call_id))
    response = await other.final("INVITE")
    assert response.status == 200 and theirs.call_id == call.invite.call_id
    await call.bye()
    await eventually(lambda: bool(kept(made)._over))
    (trace,) = kept(made)._up.values()
    assert not any("BYE" in entry.text for entry in trace.entries())
    assert not any("sip:1000@" in entry.message() for entry in trace.entries() if entry.message is not None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("INVITE sip:1000:pw@pbx.test SIP/2.0\r\n\r\n", "INVITE sip:1000:***@pbx.test SIP/2.0\r\n\r\n"),
        ("OPTIONS sip:pbx.test:5060 SIP/2.0\r\nTo: <sip:b@c>\r\n\r\n",) * 2,
        ("X-Auth-Token: abc\r\nCookie: id=1\r\nVia: x\r\n\r\n", "X-Auth-Token: ***\r\nCookie: ***\r\nVia: x\r\n\r\n"),
        ("Authentication-Info: nextnonce=1\r\n\r\n", "Authentication-Info: ***\r\n\r\n"),
        ("v=0\r\nk=clear:abc\r\n", "v=0\r\nk=***\r\n"),
    ],
)
def test_secrets_of_all_kinds_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_digits_are_masked_in_infos_alone() -> None:
    assert (
        masked("INFO sip:a SIP/2.0\r\nA: b\r\n\r\nSignal=1\r\n", digits=True) == "INFO sip:a SIP/2.0\r\nA: b\r\n\r\n***"
    )
    assert masked("SIP/2.0 200 OK\r\n\r\nv=0\r\n", digits=True) == "SIP/2.0 200 OK\r\n\r\nv=0\r\n"
