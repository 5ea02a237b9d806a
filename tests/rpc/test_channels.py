"""What happens is told in XCC's words, in order, and to those whose it is."""

import asyncio
from typing import Any

from tests.core.world import Peer
from tests.rpc.desk import Script
from xswitch_py.base import events
from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party
from xswitch_py.core.access import Asker
from xswitch_py.core.leg import Leg
from xswitch_py.media.api import Digit
from xswitch_py.models.xcc import EVENTS
from xswitch_py.rpc.channels import OVER, Channels


class Ears:
    """What a script is told."""

    def __init__(self, at: Script) -> None:
        self.at = at
        self.told: list[tuple[str, Any]] = []
        self.task = asyncio.ensure_future(self._listen())
        self.feeding = asyncio.ensure_future(at.desk.feed.run(at.world.bus))

    async def _listen(self) -> None:
        assert self.at.hearing is not None
        await self.at.hearing.tell(lambda method, params: self.told.append((method, params)))

    async def until(self, wanted: str) -> list[str]:
        """Wait until a line was told; give all lines."""
        async with asyncio.timeout(2):
            while wanted not in self.lines():
                assert not self.task.done()
                await asyncio.sleep(0)
        return self.lines()

    def lines(self) -> list[str]:
        """Give what was told, in short."""
        return [_line(method, params) for method, params in self.told]

    async def close(self) -> None:
        """Hear no more."""
        self.task.cancel()
        self.feeding.cancel()
        await asyncio.gather(self.task, self.feeding, return_exceptions=True)


def _line(method: str, params: Any) -> str:
    if method == "Event.Channel":
        return f"{params['uuid']} {params['state']}"
    return f"{method} {next(params[name] for name in ('type', 'action', 'dtmf_digit') if name in params)}"


async def hears(at: Script, *types: str, who: Asker | None = None, call: str | None = None) -> Ears:
    """Let a script hear what happens."""
    wish: dict[str, Any] = {"types": list(types)} | ({} if call is None else {"call": call})
    await at.result("events.subscribe", who or at.at.asker("admin"), **wish)
    ears = Ears(at)
    for _ in range(3):  # until its tasks have begun
        await asyncio.sleep(0)
    return ears


async def test_a_channel_that_a_script_dials(at: Script) -> None:
    ears = await hears(at, "Event.Channel")
    leg = await at.dialled("1001")
    leg.peer_left(Cause.USER_BUSY)
    lines = await ears.until("to-1001 DESTROY")
    assert lines == [f"to-1001 {state}" for state in ("CALLING", "RINGING", "ANSWERED", "READY", "DESTROY")]
    end = ears.told[-1][1]
    assert (end["cause"], end["direction"], end["node_uuid"]) == ("USER_BUSY", "outbound", "test")
    assert isinstance(end["billsec"], str)
    assert end["create_epoch"] <= end["ring_epoch"] <= end["answer_epoch"] <= end["hangup_epoch"]
    await ears.close()


async def test_a_call_between_two(at: Script) -> None:
    ears = await hears(at, "Event.Channel")
    at.answers("1002")
    leg = at.world.call("1000", "1002")
    one, other = leg.id, "to-1002"
    await ears.until(f"{other} BRIDGE")
    leg.peer_left(Cause.NORMAL_CLEARING)
    lines = await ears.until(f"{other} DESTROY")
    assert [line for line in lines if line.startswith(one)] == [
        f"{one} {state}" for state in ("START", "RINGING", "ANSWERED", "BRIDGE", "UNBRIDGE", "DESTROY")
    ]
    assert [line for line in lines if line.startswith(other)] == [
        f"{other} {state}" for state in ("CALLING", "RINGING", "ANSWERED", "BRIDGE", "UNBRIDGE", "DESTROY")
    ]
    bridged = next(params for _, params in ears.told if params["state"] == "BRIDGE" and params["uuid"] == one)
    assert (bridged["peer_uuid"], bridged["peers"], bridged["dest_number"]) == (other, [other], "1002")
    assert (bridged["cid_number"], bridged["cid_name"]) == ("1000", "User 1000")
    await ears.close()


async def test_joined_channels_are_bridged_once(at: Script) -> None:
    one, other = await at.dialled("1001"), await at.dialled("1002")
    ears = await hears(at, "Event.Channel")
    joined = asyncio.ensure_future(at.result("XNode.ChannelBridge", uuid=one.id, peer_uuid=other.id))
    await ears.until("to-1002 BRIDGE")
    other.peer_left(Cause.NORMAL_CLEARING)
    await ears.until("to-1002 DESTROY")
    await joined
    assert sorted(ears.lines()) == sorted(
        [f"to-{user} {state}" for user in ("1001", "1002") for state in ("BRIDGE", "UNBRIDGE")] + ["to-1002 DESTROY"]
    )
    await ears.close()


async def test_digits_and_recordings_are_told_and_secret_digits_are_not(at: Script) -> None:
    leg = await at.dialled("1001")
    ears = await hears(at, "Event.DTMF", "Event.Record")
    at.world.media.tell(leg.id, Digit("5", 120))
    leg.secret = True
    at.world.media.tell(leg.id, Digit("6", 120))
    await at.result("XNode.Record", uuid=leg.id, action="START")
    await at.result("XNode.Record", uuid=leg.id, action="STOP")
    await ears.until("Event.Record STOP")
    assert ears.lines() == ["Event.DTMF 5", "Event.DTMF ", "Event.Record START", "Event.Record STOP"]
    assert [params["dtmf_digit"] for method, params in ears.told if method == "Event.DTMF"] == ["5", ""]
    assert ears.told[-1][1]["path"].startswith("rec_")
    await ears.close()


async def test_without_types_everything_is_told_once(at: Script) -> None:
    ears = await hears(at)
    assert at.hearing is not None
    assert set(EVENTS) < set(at.hearing.types)
    assert not {"call.created", "call.dtmf", "events.gap"} & set(at.hearing.types)
    at.world.contact("1003")
    lines = await ears.until("event registration.added")
    leg: Leg = await at.dialled("1001")
    lines = await ears.until(f"{leg.id} READY")
    assert not [line for line in lines if line.startswith("event call.")]
    assert set(ears.told[0][1]) >= {"id", "type", "time", "node", "seq", "data"}
    await ears.close()


async def test_a_user_hears_of_their_own_calls_only(at: Script) -> None:
    """X19: what is of others is not told."""
    mine = await hears(at, who=at.at.asker("user", "1001"))
    for user in ("1002", "1001"):
        leg = await at.dialled(user)
        await at.result("XNode.Record", uuid=leg.id, action="START")
        at.world.media.tell(leg.id, Digit("5", 120))
        leg.peer_left(Cause.NORMAL_CLEARING)
    lines = await mine.until("to-1001 DESTROY")
    told = [params for method, params in mine.told if method != "event"]
    assert {params["uuid"] for params in told} == {"to-1001"}
    assert {"Event.DTMF 5", "Event.Record START", "event registration.added"} <= set(lines)
    assert [params["data"]["user"] for method, params in mine.told if method == "event"] == ["1001@example.org"]
    await mine.close()


async def test_only_one_call_is_told(at: Script) -> None:
    one, other = await at.dialled("1001"), await at.dialled("1002")
    ears = await hears(at, "Event.Channel", "call.*", call=f"call_{other.call}")
    one.peer_left(Cause.NORMAL_CLEARING)
    other.peer_left(Cause.NORMAL_CLEARING)
    await ears.until("event call.ended")
    assert ears.lines() == ["to-1002 DESTROY", "event call.ended"]
    await ears.close()


async def test_types_that_there_are_not_are_refused(at: Script) -> None:
    error = await at.error("events.subscribe", types=["Event.Channel", "call.nonsense"])
    assert error["data"]["errors"] == [{"pointer": "/types/1", "detail": "no event is of this type"}]
    error = await at.error("events.subscribe", types=["Event.Native"])
    assert error["data"]["errors"][0]["pointer"] == "/types/0"


async def test_a_channel_that_was_there_before_is_known(at: Script) -> None:
    at.answers("1002")
    leg = at.world.call("1000", "1002")
    await at.world.until("1002 < display 1000")
    ears = await hears(at, "Event.Channel", who=at.at.asker("user", "1000"))
    assert isinstance(leg.wire, Peer)
    leg.peer_left(Cause.NORMAL_CLEARING)
    await ears.until("to-1002 DESTROY")
    assert ears.lines()[:3] == [f"{leg.id} UNBRIDGE", "to-1002 UNBRIDGE", f"{leg.id} DESTROY"]
    assert ears.told[0][1]["answered"] is True
    await ears.close()


async def test_nobody_listens_to_the_bus_any_more_once_a_script_has_left(at: Script) -> None:
    before = len(at.world.bus._listeners)
    ears = await hears(at)
    assert len(at.world.bus._listeners) > before
    await ears.close()
    assert len(at.world.bus._listeners) == before


def test_a_recording_that_ends_after_its_call_is_still_told_to_whose_it_is() -> None:
    channels, user, party = Channels("test"), Address("1001", "example.org"), Party("", "1001")
    call, leg = CallId("c"), LegId("l")
    channels.take(events.LegStarted(leg, 1.0, False, "door", user, party, party))
    [start] = channels.take(events.CallStarted(call, leg, 1.0, party, party, user, "door"))
    assert (start.params["state"], set(start.users)) == ("START", {user})
    channels.take(events.LegEnded(leg, 2.0, Cause.NORMAL_CLEARING))
    for number in range(OVER):
        ended = CallId("c" if number == 0 else f"c{number}")
        channels.take(_call_ended(ended, leg, party))
    [late] = channels.take(events.RecordingEnded("rec_1", call, leg, 3.0, 1.5, 10, "hangup"))
    assert (set(late.users), late.params["record_ms"]) == ({user}, 1500)
    channels.take(_call_ended(CallId("one more"), leg, party))
    [later] = channels.take(events.RecordingEnded("rec_1", call, leg, 3.0, 1.5, 10, "hangup"))
    assert later.users == frozenset()


def _call_ended(call: CallId, leg: LegId, party: Party) -> events.CallEnded:
    return events.CallEnded(call, leg, 1.0, None, 2.0, Cause.NORMAL_CLEARING, party, party, None, "", 0, 0, 0)
