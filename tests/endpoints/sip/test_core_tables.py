"""From one leg to the other: what of a caller's message goes on, and what never does (sip.md 10)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest

from tests.endpoints.sip.door_world import NEAR, PLAIN, Phone, Talk, World, account, eventually, world
from xswitch_py.base.cause import Cause
from xswitch_py.base.offer import Party
from xswitch_py.endpoints.sip.abilities import DEPTH
from xswitch_py.endpoints.sip.settings import Network
from xswitch_py.media.plane import Plane
from xswitch_py.pysip.headers import Address
from xswitch_py.pysip.message import Request, Response, serialise
from xswitch_py.pysip.uri import Uri

# All that an INVITE of ours has.
OURS = {
    "Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq", "Contact", "Allow", "Supported", "Session-Expires",
    "Min-SE", "X-Gw-Depth", "Content-Type",
}  # fmt: skip
# What a caller may say beside.
SAID = (
    ("P-Asserted-Identity", "<sip:110@pbx.test>"),
    ("P-Preferred-Identity", "<sip:110@pbx.test>"),
    ("Remote-Party-ID", "<sip:110@pbx.test>;party=calling"),
    ("Diversion", "<sip:110@pbx.test>"),
    ("History-Info", "<sip:110@pbx.test>;index=1"),
    ("P-Charging-Vector", "icid-value=1"),
    ("Identity", "abc"),
    ("Allow-Events", "presence"),
    ("Accept", "application/sdp"),
    ("Expires", "30"),
    ("Authorization", 'Digest username="x", realm="y", nonce="z", uri="sip:a", response="00"'),
    ("Path", "<sip:p.test;lr>"),
    ("Service-Route", "<sip:p.test;lr>"),
    ("P-Access-Network-Info", "IEEE-802.11"),
    ("Organization", "Acme"),
    ("User-Agent", "Phone 1.0"),
    ("Warning", '399 a.test "b"'),
    ("Date", "Sat, 13 Nov 2010 23:29:00 GMT"),
    ("Alert-Info", "<http://192.168.0.1/ring.wav>;info=alert-autoanswer"),
    ("Call-Info", "<http://192.168.0.1/me.png>;answer-after=0"),
    ("User-to-User", "00"),
    ("X-FS-Support", "update_display"),
    ("X-Anything", "1"),
)


def names(message: Request | Response) -> set[str]:
    return set(message.headers.by_name())


async def called(made: World, **more: object) -> tuple[Talk, Talk]:
    caller, callee = await made.registered("1000", "1001")
    call = await caller.calls("1001", **more)  # type: ignore[arg-type]
    return call, await callee.rings()


@pytest.mark.item("S68")
async def test_of_what_a_caller_says_only_subject_and_priority_go_on() -> None:
    said = (*SAID, ("Subject", "Lunch"), ("Priority", "urgent"))
    async with world() as made:
        _, rung = await called(made, fields=said)
        assert names(rung.invite) == OURS | {"Subject", "Priority"}
        assert (rung.invite.headers.get("Subject"), rung.invite.headers.get("Priority")) == ("Lunch", "urgent")
        assert str(rung.invite.from_).startswith('"User 1000" <sip:1000@pbx.test>;tag=')


@pytest.mark.item("S68")
async def test_who_says_nothing_has_nothing_said() -> None:
    async with world() as made:
        _, rung = await called(made, fields=(("Subject", "x" * 257),))
        assert names(rung.invite) == OURS


@pytest.mark.item("S68")
async def test_a_user_calls_by_its_own_number_or_by_none() -> None:
    async with world() as made:
        await made.change("1000", display_name="", number="5551000")
        caller, callee = await made.registered("1000", "1001")
        santa = Address("Santa", Uri(user="1000", host="pbx.test"))
        await caller.calls("1001", from_=santa)
        assert str((await callee.rings()).invite.from_).startswith('"Santa" <sip:5551000@pbx.test>')
        other = Address("Santa", Uri(user="110", host="pbx.test"))
        assert (await caller.asked("INVITE", "1001", (), PLAIN, from_=other)).status == 403
        await caller.calls("1001", fields=(("Privacy", "id"),))
        hidden = (await callee.rings()).invite
        assert str(hidden.from_).startswith('"Anonymous" <sip:anonymous@anonymous.invalid>')
        assert b"1000" not in serialise(hidden)


@pytest.mark.item("S68")
@pytest.mark.parametrize("trusted", [False, True])
async def test_identities_are_told_to_carriers_that_are_trusted(trusted: bool) -> None:
    async with world() as made:
        (caller,) = await made.registered("1000")
        carrier = made.phone("one")
        await made.gateways(account("one", carrier, trusted=trusted))
        await caller.calls("904711")
        shown = (await carrier.rings()).invite
        assert ("P-Asserted-Identity" in names(shown)) == trusted
        assert names(shown) - {"P-Asserted-Identity"} == OURS
        await caller.calls("904711", fields=(("Privacy", "id"),))
        hidden = (await carrier.rings()).invite
        assert hidden.headers.get("Privacy") == ("id" if trusted else None)
        assert "P-Asserted-Identity" not in names(hidden)
        assert hidden.from_.uri.host == "anonymous.invalid"


@pytest.mark.item("S68")
@pytest.mark.parametrize("trusted", [False, True])
async def test_identities_are_believed_of_carriers_that_are_trusted(trusted: bool) -> None:
    async with world() as made:
        (callee,) = await made.registered("1001")
        carrier = made.phone("one")
        await made.gateways(account("one", carrier, trusted=trusted, allow=(_net(carrier),)))
        said = (("P-Asserted-Identity", '"Bob" <sip:4711@c.test>'),)
        from_ = Address("Eve", Uri(user="666", host="c.test"))
        carrier.dials("2001", fields=said, from_=from_)
        shown = (await callee.rings()).invite.from_
        assert (shown.display, shown.uri.name) == (("Bob", "4711") if trusted else ("Eve", "666"))


@pytest.mark.item("S99")
async def test_a_carrier_gets_a_contact_that_it_is_known_by_and_keeps_it_on_another_flow() -> None:
    async with world() as made:
        carrier = made.phone("one", "TCP")
        await made.gateways(account("one", carrier, trusted=True, context="default"))
        call = carrier.dials("9196")
        contact = (await call.answered()).contacts[0].uri
        assert contact.user.startswith("gw-")
        other = made.phone("one", at=(carrier.remote[0], 5061))
        call.phone = other
        assert (await call.asked("UPDATE")).contacts[0].uri.user == contact.user


@pytest.mark.item("S68")
async def test_a_phone_is_not_believed_that_it_is_somebody_else() -> None:
    forged = (("P-Asserted-Identity", '"Police" <sip:110@pbx.test>'),)
    async with world() as made:
        call, rung = await called(made)
        await rung.answers(fields=forged)
        await call.answered()
        await eventually(lambda: bool(made.media.bridges))
        await call.asked("UPDATE", fields=forged)
        await rung.asked("UPDATE", fields=forged)
        assert {leg.party for leg in made.switch.legs.values()} == {
            Party("User 1000", "1000"),
            Party("User 1001", "1001"),
        }
        assert not [message for message in call.phone.seen if b"110@" in serialise(message)]


@pytest.mark.item("S69")
async def test_no_side_learns_where_the_other_is() -> None:
    """Of a whole call with a ring, an answer, a refused answer of a fork, and an end."""
    async with world() as made:
        caller, callee = await made.registered("1000", "1001")
        call = await caller.calls("1001")
        rung = await callee.rings()
        rung.says(180, fields=(("Server", "Inner/1.0"), ("Warning", '399 inner.lan "x"'), ("X-Inner", "10.0.0.1")))
        await caller.next(180)
        rung.says(183, PLAIN)
        await caller.next(183)
        await rung.answers()
        await call.answered()
        await eventually(lambda: bool(made.media.bridges))
        await call.bye()
        await callee.next("BYE")
        to_caller = [message for message in caller.seen if message.call_id == call.invite.call_id]
        to_callee = [message for message in callee.seen if message.call_id == rung.invite.call_id]
        assert len(to_caller) >= 5 and len(to_callee) >= 3
        for message in to_caller:
            _has_none_of(message, callee, rung, "Inner", "inner", "10.0.0.1")
        for message in to_callee:
            _has_none_of(message, caller, call)


def _has_none_of(message: Request | Response, phone: Phone, call: Talk, *more: str) -> None:
    text = serialise(message).decode()
    secrets = (f"{phone.remote[0]}:", str(phone.contact.uri), call.invite.call_id, call.invite.vias[0].branch)
    found = [secret for secret in (*secrets, call.invite.from_.tag, call.tag, *more) if secret in text]
    assert not found


@pytest.mark.item("S69")
async def test_each_side_has_dialog_identifiers_of_its_own() -> None:
    async with world() as made:
        call, rung = await called(made)
        assert rung.invite.call_id != call.invite.call_id
        assert rung.invite.from_.tag != call.invite.from_.tag
        assert len(rung.invite.vias) == 1
        assert rung.invite.contacts[0].uri.host == NEAR[0]
        assert NEAR[0] not in rung.invite.call_id + rung.invite.from_.tag


@pytest.mark.item("S70")
@pytest.mark.parametrize(("given", "sent"), [(70, "69"), (12, "11"), (1, "0")])
async def test_each_leg_has_one_hop_less(given: int, sent: str) -> None:
    async with world() as made:
        _, rung = await called(made, max_forwards=given)
        assert rung.invite.headers.get("Max-Forwards") == sent


@pytest.mark.item("S70")
@pytest.mark.parametrize(("depth", "status"), [("4", 0), ("5", 0), ("6", 482), ("99", 482)])
async def test_a_call_that_comes_back_to_us_too_often_is_a_loop(depth: str, status: int) -> None:
    async with world() as made:
        caller, callee = made.phone("1000", at=(NEAR[0], 5099)), made.phone("1001")
        await callee.register()
        call = await caller.calls("1001", fields=((DEPTH, depth),))
        if status:
            assert (await caller.final("INVITE")).status == status
            await made.quiet()
        else:
            rung = await callee.rings()
            assert rung.invite.headers.get(DEPTH) == str(int(depth) + 1)
            call.cancels()


@pytest.mark.item("S70")
async def test_nobody_else_is_believed_about_how_often_a_call_came_back() -> None:
    async with world() as made:
        _, rung = await called(made, fields=((DEPTH, "99"),))
        assert rung.invite.headers.get(DEPTH) == "1"


@pytest.mark.item("S70")
async def test_a_call_that_runs_in_circles_ends() -> None:
    """A carrier sends all that it gets back to us, as another call."""
    async with world() as made:
        (caller,) = await made.registered("1000")
        echo = made.phone("one", at=(NEAR[0], 5098))
        await made.gateways(account("one", echo, trusted=True, context="default", allow=(_net(echo),)))
        call = await caller.calls("904711")
        for depth in range(1, 7):
            invite = (await echo.rings()).invite
            assert invite.headers.get(DEPTH) == str(depth)
            back = ((DEPTH, str(depth)),)
            echo.dials("904711", fields=back, max_forwards=invite.max_forwards)
        response = await echo.final("INVITE")
        assert response.status == 482
        call.cancels()
        assert (await caller.final("INVITE")).status == 487


@pytest.mark.item("S106")
async def test_nothing_that_a_peer_names_is_called() -> None:
    """Neither a Contact of a refusal, nor the host of a Record-Route or a Contact, is sent an INVITE."""
    async with world() as made:
        victim = made.phone("9", at=("203.0.113.7", 5060))
        hostile = (("Record-Route", "<sip:203.0.113.7;lr>"), ("Contact", "<sip:9@203.0.113.7>"))
        caller, callee = await made.registered("1000", "1001")
        call = await caller.calls("1001", fields=hostile[:1])
        (await callee.rings()).says(302, fields=hostile[1:])
        assert (await call.phone.final("INVITE")).status == 480
        caller.contact = victim.contact
        up = await caller.calls("9196")
        await up.answered()
        (leg,) = made.switch.legs.values()
        leg.hangup(Cause.NORMAL_CLEARING)
        await caller.next("BYE")
        assert victim.seen == []


def _net(phone: Phone) -> Network:
    return ip_network(phone.remote[0])


WEBRTC_LINES = ("candidate", "fingerprint", "group", "mid", "ice-", "setup", "msid", "extmap", "ssrc")


def lines_of(sdp: bytes) -> list[str]:
    return sdp.decode().splitlines()


@asynccontextmanager
async def real() -> AsyncIterator[World]:
    """A world with the real media."""
    plane = Plane(addresses=["127.0.0.1"], rtp_ports=(34000, 34099))
    await plane.start()
    try:
        async with world(plane) as made:
            yield made
    finally:
        await plane.stop()


@pytest.mark.item("S72")
@pytest.mark.parametrize("transport", ["UDP", "TCP", "WS"])
async def test_a_phone_is_offered_what_its_kind_understands(transport: str) -> None:
    """Be it called, or be it that it calls and leaves the offer to us."""
    async with real() as made:
        (caller,) = await made.registered("1000")
        (callee,) = await made.registered("1001", transport=transport)
        await caller.calls("1001")
        rung = await callee.rings()
        late = await (await callee.calls("9196", sdp="")).phone.final("INVITE")
        for sdp in (rung.invite.body, late.body):
            (media,) = [line for line in lines_of(sdp) if line.startswith("m=")]
            is_web = transport == "WS"
            assert media.split()[2] == ("UDP/TLS/RTP/SAVPF" if is_web else "RTP/AVP")
            for name in WEBRTC_LINES[:2]:
                assert any(line.startswith(f"a={name}") for line in lines_of(sdp)) == is_web
            if not is_web:
                assert not [
                    line for line in lines_of(sdp) if line.startswith(tuple(f"a={name}" for name in WEBRTC_LINES))
                ]


@pytest.mark.item("S73")
async def test_our_answer_has_the_lines_of_the_offer() -> None:
    offer = (
        "v=0\r\no=- 7 7 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n"
        "m=video 4002 RTP/AVP 97\r\na=rtpmap:97 H263/90000\r\n"
        "m=audio 4000 RTP/AVP 18 96 0 100\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:100 telephone-event/8000\r\n"
        "m=application 4004 TCP/BFCP *\r\n"
    )
    async with real() as made:
        (phone,) = await made.registered("1000")
        call = await phone.calls("9196", offer)
        response = await call.answered()
        media = [line for line in lines_of(response.body) if line.startswith("m=")]
        assert media[0] == "m=video 0 RTP/AVP 97"
        assert media[2] == "m=application 0 TCP/BFCP *"
        kind, port, proto, *formats = media[1].split()
        assert (kind, proto) == ("m=audio", "RTP/AVP")
        assert int(port) > 0
        assert set(formats) <= {"96", "0", "100"}
        assert formats
        await call.bye()


@pytest.mark.item("S57")
async def test_early_media_and_answer_are_the_same_with_the_real_media() -> None:
    async with real() as made:
        caller, callee = await made.registered("1000", "1001")
        call = await caller.calls("1001")
        rung = await callee.rings()
        rung.says(183, PLAIN)
        early = await caller.next(183)
        assert early.body
        await rung.answers(PLAIN.replace("4000", "4002"))
        assert (await call.answered()).body == early.body
        await call.bye()
        await made.quiet()
