"""What FreeSWITCH said in recorded calls, and what we say: the same, but for a table of differences with rules."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from tests.peers.server import Server, running
from tests.traces.convert import LEFT_OUT
from tests.traces.differences import RULES, TABLE, Difference, apply
from tests.traces.replay import Mismatch, Replay
from tests.traces.scene import SCENES, Step, load, parse
from tests.traces.sip_side import SCRIPT

CONF: Final = Path(__file__).parent / "conf"
DOMAIN: Final = "pbx.test"
SETTINGS: Final = (
    f"domain={DOMAIN}",
    f"files.dialplan={CONF / 'dialplan.toml'}",
    f"files.permissions={CONF / 'permissions.toml'}",
    "call.detach_timeout=5",  # what a failed scene leaves behind does not disturb the next ones for long
)
TIMED: Final = {
    "server_ping": ("verto.idle_ping=1", "verto.login_deadline=1"),
    "idle_not_logged_in": ("verto.login_deadline=1",),
}
"""Scenes about waiting, and what shortens it."""

NAMES: Final = sorted(path.stem for path in SCENES.glob("*.txt"))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running(tmp_path_factory.mktemp("traces"), *SETTINGS) as started:
        yield started


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", [name for name in NAMES if name not in TIMED and name not in SCRIPT])
async def test_we_say_what_freeswitch_said(server: Server, name: str) -> None:
    await replay(server, name)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("callee_sip_busy", marks=pytest.mark.item("S90")),
        pytest.param("caller_cancel_ringing", marks=[pytest.mark.item("S31"), pytest.mark.item("S90")]),
        pytest.param("dtmf", marks=[pytest.mark.item("S75"), pytest.mark.item("S83")]),
        pytest.param("early_media_sip", marks=pytest.mark.item("S71")),
        pytest.param("hold_unhold", marks=pytest.mark.item("S71")),
        pytest.param("sip_cancel_to_verto", marks=[pytest.mark.item("S31"), pytest.mark.item("S35")]),
        pytest.param("sip_to_verto", marks=[pytest.mark.item("S37"), pytest.mark.item("S71")]),
        pytest.param("verto_to_sip", marks=[pytest.mark.item("S71"), pytest.mark.item("S90")]),
    ],
)
async def test_we_say_it_with_a_sip_phone_at_the_far_end(server: Server, name: str) -> None:
    await replay(server, name)


@pytest.mark.parametrize("name", list(TIMED))
async def test_we_say_it_when_it_is_time(tmp_path: Path, name: str) -> None:
    async with running(tmp_path, *SETTINGS, *TIMED[name]) as server:
        await replay(server, name)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_difference_that_no_row_allows_is_found(server: Server) -> None:
    steps = load(SCENES / "login_ok.txt")
    wrong = Difference("V2", "login_ok", str(steps[2]), ("A > error 1 {}",))
    with pytest.raises(Mismatch, match="Authentication Required"):
        await replay(server, "login_ok", (wrong,))
    with pytest.raises(Mismatch, match="nothing more"):
        await player(server).run((*steps[:2], *parse(["A close"])))


@pytest.mark.asyncio(loop_scope="module")
async def test_what_the_sip_phone_is_told_is_compared_too(server: Server) -> None:
    steps = load(SCENES / "callee_sip_busy.txt")
    with pytest.raises(Mismatch, match="heard:  SIP > ACK"):
        await player(server).run(Step("SIP", ">", "BYE") if str(step) == "SIP > ACK" else step for step in steps)
    with pytest.raises(Mismatch, match="heard:  SIP > ACK"):
        await player(server).run(step for step in steps if str(step) != "SIP > ACK")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.rule} {row.scene} {row.recorded[:40]}")
def test_each_row_names_a_rule_and_is_needed(row: Difference) -> None:
    assert row.rule in RULES
    assert [str(step) for step in load(SCENES / f"{row.scene}.txt")].count(row.recorded) >= row.nth
    assert (row.recorded,) != row.ours


def test_no_row_is_there_twice() -> None:
    assert [
        row for row, count in Counter((row.scene, row.recorded, row.nth) for row in TABLE).items() if count > 1
    ] == []
    assert {row.rule for row in TABLE} == set(RULES)


def test_each_recording_is_replayed_or_left_out_with_a_reason() -> None:
    assert len(NAMES) + len(LEFT_OUT) == 46
    assert not set(NAMES) & set(LEFT_OUT)
    assert set(SCRIPT) < set(NAMES)


def player(server: Server) -> Replay:
    """A replay against this server."""
    urls = {"ws": server.ws, "wss": str(server.facts["wss"]), "sip": str(server.facts["sip"]["udp"])}
    return Replay(urls, server.tls(), DOMAIN)


async def replay(server: Server, name: str, table: tuple[Difference, ...] = TABLE) -> None:
    """Play one scene, with our differences in it."""
    await player(server).run(apply(name, load(SCENES / f"{name}.txt"), table))
