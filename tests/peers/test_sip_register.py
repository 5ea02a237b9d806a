"""Phones come, are found, and leave: with real phones over each transport, and with sipp where the wire counts."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.peers.conftest import OpenVerto, StartBaresip, StartSipp
from tests.peers.sipp_scene import Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRANSPORTS = ["udp", "tcp", "tls"]


@pytest.mark.item("S37")
@pytest.mark.item("S45")
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_phone_that_registered_is_called_and_one_that_left_is_not(
    transport: str, baresip: StartBaresip, verto: OpenVerto
) -> None:
    phone, caller = await baresip("1001", transport=transport), await verto("1000")
    call = await caller.invite("1001")
    assert (await phone.ringing())["peeruri"].startswith("sip:1000@")
    await phone.hangup()
    await call.ended()
    await phone.unregister()
    again = await caller.invite("1001")
    assert (await again.ended())["cause"] == "USER_NOT_REGISTERED"


@pytest.mark.item("S38")
@pytest.mark.item("S41")
async def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(sipp: StartSipp) -> None:
    answers = []
    for user, password in (("1000", "wrong"), ("nobody", "1234")):
        phone = await sipp(Scene(user, password).register(expect=401))
        await phone.ended()
        first, second = [each for each in phone.messages() if not each.sent]
        assert len(re.findall("^WWW-Authenticate:", second.text, re.MULTILINE)) == 1
        assert "stale=true" not in second.text.lower()
        answers.append(
            [
                re.sub(r'(nonce|tag|branch|rport)="?[^"; ]*', r"\1=", each.header("WWW-Authenticate"))
                for each in (first, second)
            ]
        )
    assert answers[0] == answers[1]
    assert "algorithm=MD5" in answers[0][0]


@pytest.mark.item("S46")
async def test_an_expiry_that_is_too_short_is_refused_with_the_shortest(sipp: StartSipp) -> None:
    phone = await sipp(Scene("1002").register(expires=5, expect=423))
    await phone.ended()
    assert phone.messages()[-1].header("Min-Expires") == "60"


@pytest.mark.item("S47")
async def test_a_registration_is_listed_and_a_star_removes_it(sipp: StartSipp) -> None:
    scene = Scene("1003").register("<sip:1003@[local_ip]:[local_port]>;expires=120")
    phone = await sipp(scene.query().register("*", expires=0).query())
    await phone.ended()
    contacts = [each.header("Contact") for each in phone.messages() if each.first == "SIP/2.0 200 OK"]
    assert f"<sip:1003@{phone.address}>" in contacts[0]
    assert re.search("expires=1(20|1[5-9])", contacts[1])
    assert contacts[2:] == ["", ""]


@pytest.mark.item("S42")
@pytest.mark.item("S49")
async def test_nobody_registers_for_another(sipp: StartSipp) -> None:
    phone = await sipp(Scene("1004").register(expect=403, of="1005"))
    await phone.ended()


@pytest.mark.item("S22")
async def test_a_phone_is_gone_with_its_connection(answering: StartSipp, verto: OpenVerto) -> None:
    phone, caller = await answering(Scene("1006").called().answered().hung_up(), transport="tcp"), await verto("1000")
    call = await caller.invite("1006")
    await phone.reached("answered")
    await call.answered()
    await call.bye()
    await phone.reached("ended")
    await phone.close()
    while True:  # until the server has noticed
        call = await caller.invite("1006")
        if (await call.ended())["cause"] == "USER_NOT_REGISTERED":
            break
        await asyncio.sleep(0.05)


@pytest.mark.item("S45")
@pytest.mark.item("S101")
async def test_two_hundred_phones_behind_one_address_come_back_at_once(sipp: StartSipp, tmp_path: Path) -> None:
    users = tmp_path / "users.csv"
    users.write_text(
        "SEQUENTIAL\n"
        + "".join(f"{user};[authentication username={user} password=1234]\n" for user in range(1000, 1020))
    )
    contact = "<sip:[field0]-[call_number]@[local_ip]:[local_port]>"
    scene = Scene("[field0]")
    scene.credentials = "[field1]"
    crowd = await sipp(scene.register(contact), "-nr", "-inf", str(users), "-r", "400", "-l", "200", calls=200)
    await crowd.ended()
    assert crowd.complaints() == []
    query = await sipp(Scene("1007").query())
    await query.ended()
    assert len(re.findall(r"<sip:1007-\d+@", query.messages()[-1].text)) == 10
