"""What the traces of calls keep of Verto: the frames of each call, whole and without secrets, and of nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.endpoints.verto.world import World
from xswitch_py.base.ids import LegId
from xswitch_py.core.services import Services
from xswitch_py.core.trace import CallTrace, Traces
from xswitch_py.endpoints.verto.endpoint import Limits
from xswitch_py.endpoints.verto.trace import quiet, shown

SDP = "v=0\r\na=ice-ufrag:ufra\r\na=ice-pwd:shibboleth\r\na=crypto:1 AES_CM_128 inline:c2VjcmV0|2^20\r\n"


@dataclass(frozen=True, slots=True)
class Traced(Services):
    """Services with traces."""

    traces: Traces | None = None


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A door whose calls are traced."""
    world, traces = World(Limits()), Traces()
    parts: dict[str, Any] = {one.name: getattr(world.switch.services, one.name) for one in fields(Services)}
    world.switch.services = Traced(**{**parts, "traces": traces})
    world.tasks.append(asyncio.create_task(traces.run(world.bus)))
    yield world
    await world.close()


def kept(world: World) -> Traces:
    traces = getattr(world.switch.services, "traces", None)
    assert isinstance(traces, Traces)
    return traces


def trace_of(world: World, leg: str) -> CallTrace:
    call = kept(world).call_of(LegId(leg))
    assert call is not None
    trace = kept(world).find(call)
    assert trace is not None
    return trace


def wire(world: World, leg: str) -> list[str]:
    """What went over a leg's socket, each with its way."""
    entries = trace_of(world, leg).entries()
    return [f"{entry.way} {entry.text}" for entry in entries if entry.leg == leg and entry.layer == "verto"]


def full(world: World, leg: str) -> str:
    """All frames as they are shown."""
    entries = trace_of(world, leg).entries()
    return "\n".join(entry.message() for entry in entries if entry.message is not None)


async def test_both_legs_frames_and_replies_are_kept_in_their_order(world: World) -> None:
    one, other, caller, callee = await world.pair()
    await one.ask("verto.bye", dialogParams={"callID": caller}, cause="NORMAL_CLEARING")
    await other.told("verto.bye")
    assert wire(world, caller) == [
        "< verto.invite",
        "> result CALL CREATED",
        "> verto.media",
        "> verto.answer",
        "> verto.display",
        "< verto.bye",
        "> result CALL ENDED",
    ]
    assert wire(world, callee) == [
        "> verto.invite", "< verto.answer", "> result", "> verto.display", "> verto.bye",
    ]  # fmt: skip
    assert trace_of(world, callee) is trace_of(world, caller)
    assert '"sdp":"offer"' in full(world, caller)


async def test_what_a_client_replies_to_us_is_kept_once(world: World) -> None:
    one, other = await world.client("1000"), await world.client("1001")
    await one.invite("c-one", "1001")
    callee = (await other.told("verto.invite"))["callID"]
    number = next(message["id"] for message in other.requests if message["method"] == "verto.invite")
    for _ in range(2):
        other.socket.say({"jsonrpc": "2.0", "id": number, "result": {"method": "verto.invite"}})
    await other.quiet()
    assert wire(world, callee) == ["> verto.invite", "< result (verto.invite)"]


async def test_no_frame_shows_a_secret(world: World) -> None:
    client = await world.client()
    said = {"passwd": "1234xyz", "userVariables": {"api_token": "sesame"}}
    await client.invite("c-one", "9196", sdp=SDP, **said)
    await client.told("verto.answer")
    text = full(world, "c-one")
    assert "a=ice-pwd:***" in text and '"passwd":"***"' in text
    for secret in ("shibboleth", "ufra\\r", "c2VjcmV0", "1234xyz", "sesame"):
        assert secret not in text


async def test_digits_are_shown_unless_they_are_secret(world: World) -> None:
    client = await world.client()
    call = await client.echo()
    for digit, secret in (("5", False), ("7", True)):
        world.switch.legs[LegId(call)].secret = secret
        await client.ask("verto.info", dialogParams={"callID": call}, dtmf=digit, echoParams=True)
    text = full(world, call)
    assert text.count('"dtmf":"5"') == 2 and text.count('"dtmf":"***"') == 2 and '"dtmf":"7"' not in text


async def test_digits_that_are_secret_are_not_in_the_log_either(world: World) -> None:
    """X22."""
    client = await world.client()
    call = await client.echo()
    with capture_logs() as lines:
        for digit, secret in (("5", False), ("7", True)):
            world.switch.legs[LegId(call)].secret = secret
            await client.ask("verto.info", dialogParams={"callID": call}, dtmf=digit, echoParams=True)
    text = " ".join(line["text"] for line in lines if line["event"] in ("<", ">")).replace(": ", ":")
    assert text.count('"dtmf":"5"') == 2 and text.count('"dtmf":"***"') == 2 and '"dtmf":"7"' not in text


def test_what_a_script_gathered_is_not_in_the_log() -> None:
    assert quiet({}, '{"result":{"digits":"7391","why":"count"}}') == '{"result":{"digits":"***","why":"count"}}'


async def test_nobody_writes_into_the_trace_of_another(world: World) -> None:
    """A call of another session does not exist (V17)."""
    client, stranger = await world.client("1000"), await world.client("1001")
    call = await client.echo()
    before = wire(world, call)
    await stranger.error("verto.bye", dialogParams={"callID": call})
    await stranger.error("verto.modify", dialogParams={"callID": call}, action="hold")
    await stranger.error("verto.invite", sdp="offer", dialogParams={"callID": call, "destination_number": "9196"})
    assert wire(world, call) == before


async def test_a_refused_call_leaves_nothing(world: World) -> None:
    client = await world.client()
    await client.error("verto.invite", sdp="offer", dialogParams={"callID": "no such id!"})
    await client.error("verto.invite", dialogParams={"callID": "c-one"})
    assert not kept(world)._logs


async def test_batches_are_kept_member_by_member(world: World) -> None:
    client = await world.client()
    call = await client.echo()
    infos = [
        {"jsonrpc": "2.0", "id": f"b{digit}", "method": "verto.info", "params": {"callID": call, "dtmf": digit}}
        for digit in "12"
    ]
    for info in infos:
        info["params"]["dialogParams"] = {"callID": call}  # type: ignore[index]
    client.socket.say(infos)
    await client.quiet()
    assert wire(world, call)[-4:] == ["< verto.info", "> result SENT", "< verto.info", "> result SENT"]
    said = [entry for entry in trace_of(world, call).entries() if entry.text == "verto.info"]
    assert ['"dtmf":"1"' in entry.message() for entry in said if entry.message is not None] == [True, False]


async def test_a_switch_without_traces_keeps_none() -> None:
    world = World(Limits())
    client = await world.client()
    await client.echo()
    await world.close()


def test_a_frame_that_was_cut_is_masked_too() -> None:
    cut = '{"params":{"passwd":"1234xyz","sdp":"a=ice-pwd:shibboleth\\r\\na=ice-ufrag:fragment\\r\\n","dtmf":"7'
    text = shown(cut, True)
    assert not any(secret in text for secret in ("1234xyz", "shibboleth", "fragment", "7"))


def test_a_name_that_is_written_in_escapes_hides_nothing() -> None:
    assert shown('{"p\\u0061sswd": "abc", "dt\\u006df": "7"}', True) == '{"passwd":"***","dtmf":"***"}'
