"""Who is kept out: what the guard found, and what somebody wants."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.commands.live import Live, live
from xswitch_py.base.errors import Refused
from xswitch_py.base.events import Event, SourceBlocked, SourceUnblocked
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import blocks
from xswitch_py.core.guard import Offence
from xswitch_py.models.blocks import NewBlock


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path) as made:
        yield made


async def told(at: Live) -> list[Event]:
    """Give what the bus told."""
    at.world.bus.close()
    return [event async for event in at.world.heard]


async def test_bans_of_the_guard_are_shown_in_wall_time(at: Live) -> None:
    for _ in range(10):
        at.desk.guard.failed(Offence.DIGEST, "192.0.2.1", time.monotonic())
    (block,) = (await blocks.list_blocks(at.desk, at.asker("operator"))).items
    assert (block.source, block.reason, block.count) == ("192.0.2.1", "digest", 10)
    assert abs(block.since.timestamp() - time.time()) < 5
    assert abs((block.until - block.since).total_seconds() - at.desk.guard.limits.ban) < 0.01


async def test_a_source_is_blocked_at_once_and_listened_to_again(at: Live) -> None:
    admin = at.asker("admin", host="192.0.2.9")
    wish = NewBlock.model_validate({"source": "192.0.2.1", "seconds": 60, "reason": "calls at night"})
    made = await blocks.create(at.desk, admin, wish)
    assert (made.count, made.reason) == (0, "calls at night")
    assert not at.desk.guard.admits("192.0.2.1", time.monotonic())
    await blocks.remove(at.desk, admin, "192.0.2.1")
    assert at.desk.guard.admits("192.0.2.1", time.monotonic())
    with pytest.raises(Refused) as refused:
        await blocks.remove(at.desk, admin, "192.0.2.1")
    assert refused.value.code is Code.NOT_FOUND
    blocked, unblocked = await told(at)
    assert isinstance(blocked, SourceBlocked) and (blocked.source, blocked.seconds) == ("192.0.2.1", 60)
    assert isinstance(unblocked, SourceUnblocked) and unblocked.source == "192.0.2.1"


@pytest.mark.parametrize("given", ["2001:db8:1:2::3", "2001:db8:1:2::/64", "2001:DB8:1:2:9::/64"])
async def test_of_ipv6_a_whole_network_is_one_source(at: Live, given: str) -> None:
    made = await blocks.create(at.desk, at.asker("admin"), NewBlock.model_validate({"source": given}))
    assert made.source == "2001:db8:1:2::/64"
    assert not at.desk.guard.admits("2001:db8:1:2:ffff::1", time.monotonic())
    await blocks.remove(at.desk, at.asker("admin"), "2001:db8:1:2:7::")
    unblocked = (await told(at))[-1]
    assert isinstance(unblocked, SourceUnblocked) and unblocked.source == "2001:db8:1:2::/64"


async def test_an_ipv4_address_in_ipv6_clothes_is_one_of_ipv4(at: Live) -> None:
    made = await blocks.create(at.desk, at.asker("admin"), NewBlock.model_validate({"source": "::ffff:192.0.2.1"}))
    assert made.source == "192.0.2.1"


@pytest.mark.parametrize("given", ["", "here", "192.0.2.0/24", "192.0.2.256", "2001:db8::/32", "::ffff:1.2.3.4/96"])
async def test_nothing_else_is_a_source(at: Live, given: str) -> None:
    with pytest.raises(Refused) as refused:
        await blocks.create.ask(at.desk, at.asker("admin"), {"source": given})
    assert refused.value.code is Code.INVALID and refused.value.facts["errors"][0]["pointer"] == "/source"


@pytest.mark.parametrize("host", ["192.0.2.1", "::ffff:192.0.2.1"])
async def test_nobody_shuts_themselves_out(at: Live, host: str) -> None:
    with pytest.raises(Refused) as refused:
        await blocks.create(at.desk, at.asker("admin", host=host), NewBlock.model_validate({"source": "192.0.2.1"}))
    assert refused.value.code is Code.CONFLICT
    assert at.desk.guard.bans(time.monotonic()) == ()


async def test_pages_begin_with_the_last_blocked_and_lead_through_all(at: Live) -> None:
    now = time.monotonic()
    for number in range(7):
        at.desk.guard.block(f"192.0.2.{number}", 60.0, "", now - number // 2)
    at.desk.guard.block("192.0.2.99", 1.0, "over", now - 2.0)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await blocks.list_blocks(at.desk, at.asker("admin"), 2, cursor, True)
        assert page.total == 7 and len(page.items) <= 2
        seen += [block.source for block in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [f"192.0.2.{number}" for number in (1, 0, 3, 2, 5, 4, 6)]
    with pytest.raises(Refused) as refused:
        await blocks.list_blocks(at.desk, at.asker("admin"), 2, "junk")
    assert refused.value.code is Code.INVALID


async def test_operators_only_look(at: Live) -> None:
    with pytest.raises(Refused) as refused:
        await blocks.create(at.desk, at.asker("operator"), NewBlock.model_validate({"source": "192.0.2.1"}))
    assert refused.value.code is Code.FORBIDDEN
