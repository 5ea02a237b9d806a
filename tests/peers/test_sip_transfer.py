"""Calls that are passed on, and messages outside calls."""

import pytest

from tests.peers.conftest import OpenVerto, StartBaresip, StartSipp
from tests.peers.sip import Door
from tests.peers.sipp_scene import Scene
from tests.sound import has_tone

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.item("S84")
async def test_a_phone_sends_its_peer_elsewhere(baresip: StartBaresip, verto: OpenVerto) -> None:
    """1000 calls 1001 and sends them to 1002: those two hear each other, and 1000 is out."""
    phone, callee, third = await baresip("1000"), await verto("1001"), await verto("1002")
    await phone.dial("1001")
    call = await callee.answer(await callee.ringing(), 620)
    await phone.established()
    await phone.hear(620)
    await phone.command("transfer", "1002")
    other = await third.answer(await third.ringing(), 1130)
    await phone.closed()
    assert has_tone(*await call.media.hear(0.3, after=0.5), 1130)
    assert has_tone(*await other.media.hear(0.3, after=0.2), 620)
    await other.bye()
    await call.ended()


@pytest.mark.item("S84")
async def test_the_one_who_transfers_is_told_how_it_goes(sipp: StartSipp, verto: OpenVerto) -> None:
    """202, then NOTIFYs with a status line each, the last of which ends the subscription; then the call's end."""
    callee, third = await verto("1001"), await verto("1002")
    scene = Scene("1000").invite("1001").connected().wait("refer")
    scene.request("REFER", "Refer-To: <sip:1002@localhost>", expect=202)
    caller = await sipp(scene.expect("NOTIFY", "Subscription-State: *active").reply(200).mark("begun").noted())
    call = await callee.answer(await callee.ringing(), 620)
    await caller.reached("answered")
    caller.tell("refer")
    await caller.reached("begun")
    other = await third.answer(await third.ringing(), 1130)
    await caller.ended()
    notes = [each for each in caller.messages() if not each.sent and each.first.startswith("NOTIFY")]
    bodies = [each.text.partition("\n\n")[2] for each in notes]
    assert bodies[0] == "SIP/2.0 100 Trying"
    assert bodies[-1].startswith("SIP/2.0 200")
    assert "Subscription-State: terminated" in notes[-1].text
    for note, body in zip(notes, bodies, strict=True):
        assert note.header("Event").startswith("refer")
        assert int(note.header("Content-Length")) == len(body) + len("\r\n")
    await other.bye()
    await call.ended()


@pytest.mark.item("S84")
async def test_a_transfer_to_nobody_leaves_the_call_as_it_was(sipp: StartSipp, verto: OpenVerto) -> None:
    callee = await verto("1001")
    scene = Scene("1000").invite("1001").connected().wait("refer")
    scene.request("REFER", "Refer-To: <sip:1019@localhost>", expect=202).expect("NOTIFY").reply(200)
    caller = await sipp(scene.expect("NOTIFY", "SIP/2.0 480").reply(200).mark("told").hung_up())
    call = await callee.answer(await callee.ringing(), 620)
    await caller.reached("answered")
    caller.tell("refer")
    await caller.reached("told")
    assert has_tone(*await call.media.hear(0.3, after=0.3), 620)
    await call.bye()
    await caller.ended()


@pytest.mark.item("S86")
async def test_another_phone_of_the_same_user_takes_the_call_over(sipp: StartSipp, verto: OpenVerto) -> None:
    """INVITE with Replaces: the first phone gets a BYE, the peer notices nothing but the sound."""
    callee = await verto("1001")
    first = await sipp(Scene("1000").invite("1001").connected().hung_up())
    call = await callee.answer(await callee.ringing(), 620)
    await first.reached("answered")
    answer = await first.received("^SIP/2.0 200")
    tags = [answer.header(name).partition(";tag=")[2] for name in ("To", "From")]
    replaces = f"Replaces: {answer.header('Call-ID')};to-tag={tags[0]};from-tag={tags[1]}"
    second = await sipp(Scene("1000").invite("1001", replaces).connected().hung_up())
    await second.reached("answered")
    await first.ended()
    assert has_tone(*await call.media.hear(0.3, after=0.3), 620)
    await call.bye()
    await second.ended()


@pytest.mark.item("S86")
async def test_nobody_takes_over_a_call_that_is_not_or_not_theirs(sipp: StartSipp, verto: OpenVerto) -> None:
    nothing = await sipp(Scene("1000").invite("1001", "Replaces: no;to-tag=a;from-tag=b").refused(481))
    await nothing.ended()
    callee = await verto("1001")
    first = await sipp(Scene("1000").invite("1001").connected().hung_up())
    call = await callee.answer(await callee.ringing(), 620)
    await first.reached("answered")
    answer = await first.received("^SIP/2.0 200")
    tags = [answer.header(name).partition(";tag=")[2] for name in ("To", "From")]
    replaces = f"Replaces: {answer.header('Call-ID')};to-tag={tags[0]};from-tag={tags[1]}"
    thief = await sipp(Scene("1003").invite("1001", replaces).refused(403))
    await thief.ended()
    assert has_tone(*await call.media.hear(0.3), 620)
    await call.bye()
    await first.ended()


@pytest.mark.item("S87")
async def test_a_transfer_of_no_call_is_refused(sipp: StartSipp, door: Door) -> None:
    scene = Scene("1000").ask("REFER", f"sip:1001@{door.domain}", "Refer-To: <sip:1002@localhost>", login=0, expect=403)
    await (await sipp(scene)).ended()


@pytest.mark.item("S87")
async def test_a_note_about_nothing_is_refused(sipp: StartSipp, door: Door) -> None:
    to = "<sip:1001@localhost>;tag=none"
    state = ("Event: refer", "Subscription-State: active")
    await (await sipp(Scene("1000").ask("NOTIFY", f"sip:{door.domain}", *state, to=to, login=0, expect=481))).ended()


@pytest.mark.item("S88")
async def test_a_message_of_a_sip_phone_reaches_a_verto_phone(sipp: StartSipp, verto: OpenVerto) -> None:
    callee = await verto("1001")
    text = "Content-Type: text/plain;charset=UTF-8"
    phone = await sipp(Scene("1000").ask("MESSAGE", "sip:1001@localhost", text, body="Grüße, 你好"))
    message = (await callee.expect("verto.info"))["msg"]
    assert message["body"].rstrip() == "Grüße, 你好"  # sipp ends its bodies with a line end
    assert message["from"].startswith("1000@")
    await phone.ended()


@pytest.mark.item("S88")
async def test_a_chat_of_a_verto_phone_reaches_a_sip_phone(answering: StartSipp, verto: OpenVerto) -> None:
    phone = await answering(Scene("1001").expect("MESSAGE").reply(200).mark("over"))
    sender = await verto("1000")
    await sender.request("verto.info", {"msg": {"to": "1001@localhost", "body": "Grüße, 你好"}})
    await phone.reached("over")
    message = await phone.received("^MESSAGE")
    assert message.text.partition("\n\n")[2] == "Grüße, 你好"
    assert "sip:1000@" in message.header("From")


@pytest.mark.item("S89")
async def test_a_subscription_to_what_we_do_not_serve_is_refused_by_us(answering: StartSipp, sipp: StartSipp) -> None:
    """It never reaches the phones of that user."""
    phone = await answering(Scene("1001").called().answered().hung_up())
    scene = Scene("1000").ask("SUBSCRIBE", "sip:1001@localhost", "Event: nosuch", "Expires: 60", expect=489)
    asking = await sipp(scene)
    await asking.ended()
    assert asking.messages()[-1].header("Allow-Events") or "489" in asking.messages()[-1].first
    assert not [each for each in phone.messages() if each.first.startswith("SUBSCRIBE")]
