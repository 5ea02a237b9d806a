"""Calls of real phones: to numbers of the server, to each other and to Verto phones, judged by what is heard."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.peers.conftest import OpenVerto, StartBaresip, StartSipp
from tests.peers.sip import Door
from tests.peers.sipp import write_ulaw
from tests.peers.sipp_scene import NONE, SDP, Scene, sdp
from tests.sound import has_tone

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAYS = [("udp", "rtp"), ("tcp", "sdes"), ("tls", "dtls")]


@pytest.mark.item("S72")
@pytest.mark.item("S73")
@pytest.mark.parametrize(("transport", "media"), WAYS)
async def test_the_echo_returns_a_phones_own_tone(transport: str, media: str, baresip: StartBaresip) -> None:
    phone = await baresip("1000", transport=transport, media=media, hz=620)
    await phone.dial("9196")
    await phone.established()
    await phone.hear(620)
    await phone.hangup()
    await phone.closed()


@pytest.mark.item("S71")
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_verto_phone_calls_a_sip_phone(transport: str, baresip: StartBaresip, verto: OpenVerto) -> None:
    phone, caller = await baresip("1001", transport=transport, hz=1130), await verto("1000")
    call = await caller.invite("1001", 620)
    await phone.ringing()
    await phone.accept()
    await call.answered()
    await phone.hear(620)
    assert has_tone(*await call.media.hear(0.3), 1130)
    await call.bye()
    await phone.closed()


@pytest.mark.item("S71")
@pytest.mark.parametrize(("transport", "media"), WAYS)
async def test_a_sip_phone_calls_a_verto_phone(
    transport: str, media: str, baresip: StartBaresip, verto: OpenVerto
) -> None:
    phone, callee = await baresip("1000", transport=transport, media=media, hz=620), await verto("1001")
    await phone.dial("1001")
    call = await callee.answer(await callee.ringing(), 1130)
    await phone.established()
    await phone.hear(1130)
    assert has_tone(*await call.media.hear(0.3), 620)
    await phone.hangup()
    assert (await call.ended())["cause"] == "NORMAL_CLEARING"


@pytest.mark.item("S26")
async def test_the_server_itself_answers_options_and_nobody_elses(sipp: StartSipp, door: Door) -> None:
    alive = await sipp(Scene("1000").ask("OPTIONS", f"sip:{door.domain}", login=0))
    await alive.ended()
    assert {"INVITE", "REGISTER"} & set(alive.messages()[-1].header("Allow").replace(" ", "").split(",")) == {
        "INVITE",
        "REGISTER",
    }
    about = await sipp(Scene("1000").ask("OPTIONS", f"sip:1001@{door.domain}", login=0, expect=407))
    await about.ended()


@pytest.mark.item("S37")
@pytest.mark.item("S41")
async def test_a_caller_with_a_wrong_password_is_challenged_again(sipp: StartSipp) -> None:
    phone = await sipp(Scene("1000", "wrong").invite("9196").refused(407))
    await phone.ended()


@pytest.mark.item("S34")
@pytest.mark.item("S35")
@pytest.mark.item("S52")
@pytest.mark.parametrize(("number", "status"), [("1019", 480), ("!!", 404)])
async def test_who_is_not_there_and_who_does_not_exist_have_answers_of_their_own(
    number: str, status: int, sipp: StartSipp
) -> None:
    phone = await sipp(Scene("1000").invite(number).refused(status))
    await phone.ended()
    answer = next(each for each in phone.messages() if each.first.startswith(f"SIP/2.0 {status}"))
    assert ";tag=" in answer.header("To")
    assert "cause=" in answer.header("Reason")


@pytest.mark.item("S59")
async def test_a_call_without_an_offer_gets_ours_in_the_answer(sipp: StartSipp) -> None:
    scene = Scene("1000").invite("9196", body=NONE).expect(200, holds="m=audio [1-9]").ack(SDP).pause(100).bye()
    await (await sipp(scene)).ended()


@pytest.mark.item("S57")
async def test_a_caller_hears_a_carriers_voice_before_the_answer(
    answering: StartSipp, verto: OpenVerto, baresip: StartBaresip, tmp_path: Path
) -> None:
    """183 with SDP, then 200: the same sound goes on."""
    tone = write_ulaw(tmp_path / "tone.raw", 1000)
    scene = Scene("1001").called().respond(183, body=SDP).play(tone).mark("early").wait("answer")
    callee = await answering(scene.respond(200, body=SDP).expect("ACK").mark("answered").hung_up())
    caller = await verto("1000")
    call = await caller.invite("1001")
    await call.early()
    assert has_tone(*await call.media.hear(0.3), 1000)
    assert "answered" not in callee.marks()
    callee.tell("answer")
    await call.expect("verto.answer")
    assert has_tone(*await call.media.hear(0.3), 1000)
    await call.bye()
    await callee.reached("ended")
    phone = await baresip("1002")
    await phone.dial("1001")
    await phone.hear(1000)
    assert callee.marks().count("answered") == 1
    callee.tell("answer")
    await phone.established()
    await phone.hear(1000)
    await phone.hangup()
    await callee.reached("ended", times=2)


@pytest.mark.item("S56")
@pytest.mark.item("S57")
async def test_the_answer_repeats_the_sdp_and_tag_of_the_early_media(answering: StartSipp, sipp: StartSipp) -> None:
    scene = Scene("1001").called().respond(183, body=SDP).respond(200, body=SDP).expect("ACK").hung_up()
    await answering(scene)
    caller = await sipp(Scene("1000").invite("1001").expect(183).expect(200).ack().bye())
    await caller.ended()
    early, final = (
        next(
            m
            for m in caller.messages()
            if not m.sent and m.first.startswith(f"SIP/2.0 {status}") and "INVITE" in m.header("CSeq")
        )
        for status in (183, 200)
    )
    assert early.text.partition("\n\n")[2] == final.text.partition("\n\n")[2] != ""
    assert early.header("To") == final.header("To")


@pytest.mark.item("S53")
async def test_phones_of_both_kinds_ring_together_and_the_loser_is_told(
    baresip: StartBaresip, verto: OpenVerto, sipp: StartSipp
) -> None:
    phone, page = await baresip("1001"), await verto("1001")
    caller = await sipp(Scene("1000").invite("1001").connected().bye())
    ringing = await page.ringing()
    await phone.ringing()
    await phone.accept()
    bye = await page.expect("verto.bye", callID=ringing["callID"])
    assert bye["cause"] == "LOSE_RACE"
    await caller.ended()


@pytest.mark.item("S53")
async def test_a_sip_phone_that_lost_is_told_that_the_call_was_completed_elsewhere(
    answering: StartSipp, verto: OpenVerto, sipp: StartSipp
) -> None:
    scene = (
        Scene("1001")
        .called()
        .respond(180)
        .mark("ringing")
        .expect("CANCEL", holds="Reason: *SIP *; *cause=200")
        .reply(200)
    )
    loser = await answering(scene.respond(487).expect("ACK").mark("over"))
    page = await verto("1001")
    caller = await sipp(Scene("1000").invite("1001").connected().hung_up())
    await loser.reached("ringing")
    call = await page.answer(await page.ringing())
    await loser.reached("over")
    await call.bye()
    await caller.ended()


@pytest.mark.item("S58")
async def test_a_caller_that_requires_it_gets_reliable_ringing(sipp: StartSipp, verto: OpenVerto) -> None:
    """The PRACK is answered before the 200 comes."""
    callee = await verto("1001")
    scene = Scene("1000").invite("1001", "Require: 100rel").expect(180, "Require:.*100rel", keep={"rseq": "RSeq"})
    scene = scene.confirm("[$rseq]").mark("confirmed").expect(200).ack().hung_up()
    caller = await sipp(scene)
    ringing = await callee.ringing()
    await caller.reached("confirmed")
    call = await callee.answer(ringing)
    await call.bye()
    await caller.ended()


@pytest.mark.item("S62")
async def test_a_reliable_answer_of_a_callee_is_confirmed_once(answering: StartSipp, sipp: StartSipp) -> None:
    scene = Scene("1001").called(holds="Supported:.*100rel").respond(183, "Require: 100rel", "RSeq: 77", body=SDP)
    scene = scene.expect("PRACK", holds="RAck: *77 [0-9]+ INVITE").reply(200).respond(200, body=NONE)
    callee = await answering(scene.expect("ACK").hung_up())
    await (await sipp(Scene("1000").invite("1001").connected().bye())).ended()
    await callee.reached("ended")
    assert len([each for each in callee.messages() if each.first.startswith("PRACK")]) == 1


@pytest.mark.item("S69")
async def test_a_caller_and_a_callee_see_nothing_of_each_other(answering: StartSipp, sipp: StartSipp) -> None:
    callee = await answering(Scene("1001").called().answered().hung_up())
    caller = await sipp(Scene("1000").invite("1001", "Subject: lunch", "X-Inner: 10.0.0.7").connected().bye())
    await caller.ended()
    await callee.reached("ended")
    invite = (await callee.received("^INVITE")).text
    outgoing = next(each for each in caller.messages() if each.sent and each.first.startswith("INVITE"))
    for hidden in (
        outgoing.header("Call-ID"),
        caller.address,
        "10.0.0.7",
        "Authorization",
        f"m=audio {caller.media_port} ",
    ):
        assert hidden not in invite
    assert "Subject: lunch" in invite
    assert callee.address not in "".join(each.text for each in caller.messages() if not each.sent)


@pytest.mark.item("S75")
async def test_a_caller_with_one_codec_and_no_events_gets_just_that(sipp: StartSipp) -> None:
    scene = (
        Scene("1000")
        .invite("9196", body=sdp(codecs=[8], events=False))
        .expect(200, holds="m=audio [0-9]+ RTP/AVP 8[^ 0-9]")
        .ack()
        .bye()
    )
    await (await sipp(scene)).ended()


@pytest.mark.item("S73")
async def test_an_offer_with_no_codec_of_ours_is_refused(sipp: StartSipp) -> None:
    foreign = re.sub("a=rtpmap.*\n|a=fmtp.*\n", "", SDP).replace("RTP/AVP 0 8 101", "RTP/AVP 18 4")
    await (await sipp(Scene("1000").invite("9196", body=foreign).refused(488))).ended()


@pytest.mark.item("S29")
async def test_an_answer_is_repeated_until_it_is_confirmed(sipp: StartSipp) -> None:
    scene = Scene("1000").invite("9196").expect(200).expect(200).expect(200).ack().bye()
    await (await sipp(scene, transport="tcp")).ended()


async def test_twenty_calls_at_once_all_get_their_echo(sipp: StartSipp, baresip: StartBaresip) -> None:
    crowd = await sipp(Scene("1003").invite("9196").connected().pause(1500).bye(), "-r", "40", "-l", "20", calls=20)
    phone = await baresip("1000", hz=620)
    await phone.dial("9196")
    await phone.established()
    await asyncio.gather(phone.hear(620), crowd.ended())
