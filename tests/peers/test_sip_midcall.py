"""What happens within a call: hold, digits, new offers and the refreshing of a session."""

import re

import pytest

from tests.peers.conftest import OpenVerto, StartBaresip, StartSipp
from tests.peers.sipp_scene import NONE, SDP, Scene, sdp
from tests.sound import has_tone, is_silent

pytestmark = pytest.mark.asyncio(loop_scope="module")

RELAY = "Content-Type: application/dtmf-relay"
HOLDS = {
    "sendonly": (sdp("sendonly", 2), "a=recvonly"),
    "inactive": (sdp("inactive", 2), "a=inactive"),
    "address": (sdp(version=2).replace("IN IP4 [media_ip]", "IN IP4 0.0.0.0"), "a=(recvonly|inactive)"),
}


@pytest.mark.item("S76")
@pytest.mark.item("S80")
@pytest.mark.parametrize("form", HOLDS)
async def test_a_phone_holds_and_takes_back(form: str, sipp: StartSipp, verto: OpenVerto) -> None:
    """The held side hears music, then again what the holder sends: here its own tone."""
    callee = await verto("1001")
    offer, answer = HOLDS[form]
    scene = (
        Scene("1000").invite("1001").connected().wait("hold").reinvite(offer, holds=answer).mark("held").wait("resume")
    )
    caller = await sipp(scene.reinvite(sdp(version=3), holds="a=sendrecv").mark("resumed").hung_up())
    call = await callee.answer(await callee.ringing(), 620)
    await caller.reached("answered")
    assert has_tone(*await call.media.hear(0.3, after=0.2), 620)
    caller.tell("hold")
    await caller.reached("held")
    sound, rate = await call.media.hear(0.5, after=0.5)
    assert not has_tone(sound, rate, 620)
    assert not is_silent(sound)
    caller.tell("resume")
    await caller.reached("resumed")
    assert has_tone(*await call.media.hear(0.3, after=0.5), 620)
    await call.bye()
    await caller.ended()


@pytest.mark.item("S80")
async def test_baresip_holds_and_takes_back(baresip: StartBaresip, verto: OpenVerto) -> None:
    phone, callee = await baresip("1000", hz=1130), await verto("1001")
    await phone.dial("1001")
    call = await callee.answer(await callee.ringing(), 620)
    await phone.established()
    assert has_tone(*await call.media.hear(0.3, after=0.2), 1130)
    await phone.command("hold")
    sound, rate = await call.media.hear(0.5, after=0.7)
    assert not has_tone(sound, rate, 1130)
    assert not is_silent(sound)
    await phone.command("resume")
    assert has_tone(*await call.media.hear(0.3, after=0.7), 1130)
    await phone.hangup()
    await call.ended()


@pytest.mark.item("S80")
async def test_a_verto_phone_holds_a_sip_phone(baresip: StartBaresip, verto: OpenVerto) -> None:
    phone, caller = await baresip("1001", hz=1130), await verto("1000")
    call = await caller.invite("1001", 620)
    await phone.ringing()
    await phone.accept()
    await call.answered()
    await phone.hear(620)
    await call.modify("hold")
    await phone.lose(620)
    await phone.hear_something()
    await call.modify("unhold")
    await phone.hear(620)
    await call.bye()
    await phone.closed()


@pytest.mark.item("S83")
async def test_digits_by_info_reach_a_verto_phone(sipp: StartSipp, verto: OpenVerto) -> None:
    """All forms of both bodies, each digit once."""
    callee = await verto("1001")
    scene = Scene("1000").invite("1001").connected().wait("dial")
    for signal in ("5", "5", " 7", "*", "#", "10"):
        scene.request("INFO", RELAY, body=f"Signal={signal}\nDuration=160\n").pause(500)
    for digit in ("9", "D"):
        scene.request("INFO", "Content-Type: application/dtmf", body=digit).pause(500)
    caller = await sipp(scene.mark("dialled").hung_up())
    call = await callee.answer(await callee.ringing(), 620)
    caller.tell("dial")
    await caller.reached("dialled")
    assert await call.media.pressed(8) == "557*#*9D"
    await call.bye()
    await caller.ended()


@pytest.mark.item("S83")
async def test_an_info_of_another_kind_is_refused_and_an_empty_one_is_not(sipp: StartSipp) -> None:
    scene = Scene("1000").invite("9196").connected().request("INFO")
    scene.request("INFO", "Content-Type: application/x-nobody-knows", body="x", expect=415).request("BYE")
    await (await sipp(scene)).ended()


@pytest.mark.item("S75")
@pytest.mark.item("S83")
@pytest.mark.parametrize("media", ["rtp", "sdes"])
async def test_digits_in_rtp_pass_both_ways_between_clocks(media: str, baresip: StartBaresip, verto: OpenVerto) -> None:
    """The SIP phone's events are of 8000 Hz, those of the Verto phone of 48000."""
    phone, callee = await baresip("1000", media=media), await verto("1001")
    await phone.dial("1001")
    call = await callee.answer(await callee.ringing())
    await phone.established()
    await phone.hear(660)
    await phone.press("15#")
    assert await call.media.pressed(3) == "15#"
    await call.media.press("42*")
    assert await phone.pressed(3) == "42*"
    await call.info(dtmf="8")
    assert await phone.pressed(4) == "42*8"
    await phone.hangup()
    await call.ended()


@pytest.mark.item("S81")
async def test_a_session_of_ninety_seconds_is_taken_and_a_shorter_one_is_not(sipp: StartSipp) -> None:
    timer = "Supported: timer"
    scene = (
        Scene("1000")
        .invite("9196", timer, "Session-Expires: 90")
        .expect(200, "Session-Expires: *90 *; *refresher=")
        .ack()
    )
    await (await sipp(scene.bye())).ended()
    short = await sipp(Scene("1000").invite("9196", timer, "Session-Expires: 60", "Min-SE: 60").refused(422))
    await short.ended()
    assert (await short.received("^SIP/2.0 422")).header("Min-SE") == "90"


@pytest.mark.item("S81")
@pytest.mark.item("S82")
async def test_a_session_is_refreshed_by_update_without_an_offer(sipp: StartSipp) -> None:
    refresh = ("Supported: timer", "Session-Expires: 90;refresher=uac")
    scene = Scene("1000").invite("9196", *refresh).connected().request("UPDATE", *refresh, expect=None)
    caller = await sipp(scene.expect(200, "Session-Expires: *90 *; *refresher=uac").bye())
    await caller.ended()
    answer = next(each for each in caller.messages() if not each.sent and "UPDATE" in each.header("CSeq"))
    assert "m=audio" not in answer.text


@pytest.mark.item("S77")
async def test_the_same_offer_again_changes_nothing(sipp: StartSipp) -> None:
    caller = await sipp(Scene("1000").invite("9196").connected().reinvite(SDP).bye())
    await caller.ended()
    answers = [
        each.text.partition("\n\n")[2]
        for each in caller.messages()
        if not each.sent and each.first == "SIP/2.0 200 OK" and "INVITE" in each.header("CSeq")
    ]
    assert answers[0] == answers[1] != ""


@pytest.mark.item("S59")
@pytest.mark.item("S77")
async def test_a_new_invite_without_an_offer_gets_ours(sipp: StartSipp) -> None:
    scene = Scene("1000").invite("9196").connected().reinvite(NONE, holds="m=audio [1-9]", answer=sdp(version=2)).bye()
    await (await sipp(scene)).ended()


@pytest.mark.item("S66")
async def test_a_new_offer_that_cannot_be_taken_leaves_the_call_as_it_was(sipp: StartSipp, verto: OpenVerto) -> None:
    callee = await verto("1001")
    foreign = re.sub("a=rtpmap.*\n|a=fmtp.*\n", "", sdp(version=2)).replace("RTP/AVP 0 8 101", "RTP/AVP 18 4")
    scene = Scene("1000").invite("1001").connected().reinvite_refused(foreign, 488).mark("refused").hung_up()
    caller = await sipp(scene)
    call = await callee.answer(await callee.ringing(), 620)
    await caller.reached("refused")
    assert has_tone(*await call.media.hear(0.3, after=0.3), 620)
    await call.bye()
    await caller.ended()


@pytest.mark.item("S82")
async def test_an_update_with_an_offer_holds_too(sipp: StartSipp) -> None:
    scene = Scene("1000").invite("9196").connected().request("UPDATE", body=sdp("sendonly", 2), expect=None)
    await (await sipp(scene.expect(200, holds="a=recvonly").bye())).ended()
