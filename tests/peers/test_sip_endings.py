"""How calls of real phones end, before and after the answer: what each side is told."""

import pytest

from tests.peers.conftest import OpenVerto, StartBaresip, StartSipp
from tests.peers.server import running
from tests.peers.sip import SIP_PORTS, Door
from tests.peers.sipp import Sipp
from tests.peers.sipp_scene import SDP, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = ("call.ring_timeout=2",)


def cancelled() -> Scene:
    """A phone that rings until the caller gives up; sipp takes no CANCEL in the moment in which it sends the 180."""
    scene = Scene("1001").called().respond(180).mark("ringing").expect("CANCEL").reply(200)
    return scene.respond(487).expect("ACK").mark("over")


@pytest.mark.item("S31")
@pytest.mark.item("S60")
async def test_a_caller_that_gives_up_ends_the_ringing(answering: StartSipp, sipp: StartSipp) -> None:
    callee = await answering(cancelled())
    caller = await sipp(Scene("1000").invite("1001").expect(180).pause(100).cancel())
    await caller.ended()
    await callee.reached("over")


@pytest.mark.item("S31")
async def test_a_verto_phone_stops_ringing_when_a_sip_caller_gives_up(sipp: StartSipp, verto: OpenVerto) -> None:
    callee = await verto("1001")
    caller = await sipp(Scene("1000").invite("1001").expect(180).pause(100).cancel())
    invite = await callee.ringing()
    await caller.ended()
    assert (await callee.expect("verto.bye", callID=invite["callID"]))["cause"] == "ORIGINATOR_CANCEL"


@pytest.mark.item("S31")
async def test_a_sip_phone_stops_ringing_when_a_verto_caller_gives_up(answering: StartSipp, verto: OpenVerto) -> None:
    callee, caller = await answering(cancelled()), await verto("1000")
    call = await caller.invite("1001")
    await callee.reached("ringing")
    await call.bye(None)
    await callee.reached("over")


@pytest.mark.item("S90")
@pytest.mark.parametrize(
    ("status", "cause"),
    [(486, "USER_BUSY"), (603, "DECLINE"), (404, "UNALLOCATED_NUMBER"), (488, "INCOMPATIBLE_DESTINATION")],
)
async def test_a_verto_caller_is_told_why_a_sip_phone_refused(
    status: int, cause: str, answering: StartSipp, verto: OpenVerto
) -> None:
    callee = await answering(Scene("1001").called().respond(180).respond(status).expect("ACK").mark("over"))
    call = await (await verto("1000")).invite("1001")
    assert (await call.ended())["cause"] == cause
    await callee.reached("over")


@pytest.mark.item("S90")
@pytest.mark.item("S91")
@pytest.mark.parametrize(
    ("cause", "status", "number"), [("USER_BUSY", 486, 17), ("CALL_REJECTED", 603, 21), ("NO_ANSWER", 480, 19)]
)
async def test_a_sip_caller_is_told_why_a_verto_phone_refused(
    cause: str, status: int, number: int, sipp: StartSipp, verto: OpenVerto
) -> None:
    callee = await verto("1001")
    caller = await sipp(Scene("1000").invite("1001").refused(status))
    await callee.refuse(await callee.ringing(), cause)
    await caller.ended()
    answer = await caller.received(f"^SIP/2.0 {status}")
    assert f"cause={number};" in answer.header("Reason").replace(" ", "") + ";"
    assert cause in answer.header("Reason")


@pytest.mark.item("S91")
async def test_a_cause_passes_between_two_sip_phones(answering: StartSipp, sipp: StartSipp) -> None:
    """The callee's Reason counts more than its status."""
    scene = Scene("1001").called().respond(480, 'Reason: Q.850;cause=27;text="out of order"').expect("ACK").mark("over")
    await answering(scene)
    caller = await sipp(Scene("1000").invite("1001").refused(502))
    await caller.ended()
    assert "cause=27" in (await caller.received("^SIP/2.0 502")).header("Reason")


@pytest.mark.item("S35")
async def test_nobody_answers(answering: StartSipp, sipp: StartSipp) -> None:
    """After the time of ringing the callee is cancelled, and the caller told."""
    callee = await answering(cancelled())
    caller = await sipp(Scene("1000").invite("1001").refused(480))
    await caller.ended()
    assert "cause=19" in (await caller.received("^SIP/2.0 480")).header("Reason")
    await callee.reached("over")


@pytest.mark.item("S90")
async def test_the_callee_hangs_up_with_a_reason(answering: StartSipp, sipp: StartSipp) -> None:
    scene = Scene("1001").called().answered().wait("bye").request("BYE", 'Reason: Q.850;cause=31;text="x"')
    callee = await answering(scene)
    caller = await sipp(Scene("1000").invite("1001").connected().hung_up())
    await caller.reached("answered")
    callee.tell("bye")
    await caller.ended()
    assert "cause=31" in (await caller.received("^BYE")).header("Reason")


@pytest.mark.item("S67")
async def test_a_call_that_is_up_ends_at_the_other_side_too(baresip: StartBaresip, verto: OpenVerto) -> None:
    phone, callee = await baresip("1000"), await verto("1001")
    await phone.dial("1001")
    call = await callee.answer(await callee.ringing())
    await phone.established()
    await call.bye()
    await phone.closed()


@pytest.mark.item("S54")
async def test_a_request_of_no_call_is_told_so(sipp: StartSipp) -> None:
    scene = Scene("1000")
    phone = await sipp(
        scene.ask("BYE", f"sip:1001@{scene.domain}", to="<sip:1001@localhost>;tag=none", login=0, expect=481)
    )
    await phone.ended()


@pytest.mark.item("S109")
async def test_a_server_that_stops_ends_its_calls(door: Door, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("stopping")
    async with running(folder, *SIP_PORTS, "shutdown.drain=0") as server:
        scene = Scene("1000").invite("9196").connected().hung_up()
        async with await Sipp.start(folder, Door.of(server.facts).udp, scene) as phone:
            await phone.reached("answered")
            server.terminate()
            await phone.ended()
            assert await server.stopped() == 0
            assert "SYSTEM_SHUTDOWN" in (await phone.received("^BYE")).header("Reason")


@pytest.mark.item("S1")
@pytest.mark.parametrize(("method", "status"), [("PUBLISH", 405), ("NOSUCH", 501)])
async def test_a_method_that_is_not_served_is_named_so(method: str, status: int, sipp: StartSipp, door: Door) -> None:
    phone = await sipp(Scene("1000").ask(method, f"sip:{door.domain}", login=0, expect=status))
    await phone.ended()
    assert "INVITE" in phone.messages()[-1].header("Allow")


async def test_a_required_extension_nobody_knows_is_refused(sipp: StartSipp) -> None:
    phone = await sipp(Scene("1000").invite("9196", "Require: nosuchthing", body=SDP, login=0).refused(420))
    await phone.ended()
    assert (await phone.received("^SIP/2.0 420")).header("Unsupported") == "nosuchthing"
