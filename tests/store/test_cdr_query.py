"""Which calls are wanted: every filter finds what a look at each row would find, without such a look."""

import random
from collections.abc import Iterator
from itertools import pairwise, product

import pytest

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.events import CallEnded, CallStarted
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party
from xswitch_py.base.records import Cdr, CdrFilter
from xswitch_py.base.user import User
from xswitch_py.store.cdr_query import parts, query
from xswitch_py.store.open import Store

DOMAIN = "x.org"
ANN, BO, STRANGER = Address("ann", DOMAIN), Address("bo", DOMAIN), Address("ann", "y.org")
NUMBERS = {"ann": "100", "bo": ""}
MANY = 200_000

FILL = f"""
    INSERT INTO cdrs (call, leg, user, caller_name, caller_number, callee_name, callee_number, door, started, answered,
        ended, cause)
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY - 1})
    SELECT 'c' || i, 'l', 'u' || (i % 1000) || '@x.org', '', i % 1000, '', i % 777, 'sip', i, i, i + i % 60,
        'NORMAL_CLEARING' FROM n
"""


def made(number: int, chance: random.Random) -> CallEnded:
    """Give one of many calls that are alike in every way a filter can tell."""
    started = float(chance.randrange(30))
    answered = chance.choice([None, started + 1])
    parties = [Party("", chance.choice(["100", "ann", "bo", "+49", ""])) for _ in range(2)]
    return CallEnded(
        CallId(f"c{number}"), LegId("l"), started, answered, started + chance.randrange(1, 9),
        chance.choice([Cause.NORMAL_CLEARING, Cause.USER_BUSY]), parties[0], parties[1],
        chance.choice([None, ANN, BO, STRANGER]), "", 0, 0, 0, chance.choice(["internal", "inbound", "outbound"]),
    )  # fmt: skip


def fits(cdr: Cdr, filter: CdrFilter) -> bool:
    """Say whether a call is wanted."""
    duration = cdr.ended - cdr.answered if cdr.ended is not None and cdr.answered is not None else None
    return (
        (filter.since is None or cdr.started >= filter.since)
        and (filter.until is None or cdr.started < filter.until)
        and (not filter.party or has_party(cdr, filter.party))
        and (filter.cause is None or cdr.cause is filter.cause)
        and (not filter.direction or cdr.direction == filter.direction)
        and (not filter.min_billsec or (duration is not None and duration >= filter.min_billsec))
        and (filter.user is None or is_of(cdr, filter.user))
    )


def has_party(cdr: Cdr, party: str) -> bool:
    names = () if cdr.user is None else (cdr.user.user, str(cdr.user))
    return party in (cdr.caller.number, cdr.callee.number, *names)


def is_of(cdr: Cdr, user: Address) -> bool:
    number = NUMBERS.get(user.user) if user.domain == DOMAIN else None
    dialled = cdr.direction != "outbound" and cdr.callee.number in (user.user, number or user.user)
    return cdr.user == user or dialled


def filters() -> Iterator[CdrFilter]:
    """Give every combination of a few wishes of each kind."""
    for times, party, cause, direction, billsec, user in product(
        [(None, None), (10.0, 20.0)], ["", "100", "ann", "ann@x.org", "nobody"], [None, Cause.USER_BUSY],
        ["", "outbound"], [0.0, 4.0], [None, ANN, BO, STRANGER],
    ):  # fmt: skip
        yield CdrFilter(*times, party, cause, direction, billsec, user)


async def test_every_filter_finds_what_a_look_at_each_row_would_find(store: Store) -> None:
    chance = random.Random(7)
    for name, number in NUMBERS.items():
        await store.users.add(User(name, DOMAIN, number=number))
    await store.cdrs.finish([made(number, chance) for number in range(400)])
    all_of_them = sorted(await store.cdrs.list(1000), key=lambda cdr: (cdr.started, cdr.id), reverse=True)
    assert len(all_of_them) == 400
    for filter in filters():
        expected = [cdr for cdr in all_of_them if fits(cdr, filter)]
        assert await store.cdrs.list(1000, filter=filter) == expected, filter
        assert await store.cdrs.count(filter) == len(expected), filter
        assert [cdr async for page in store.cdrs.pages(filter, 23) for cdr in page] == expected, filter


async def test_a_call_that_goes_on_has_no_cause_and_no_length(store: Store) -> None:
    await store.cdrs.begin([CallStarted(CallId("c"), LegId("l"), 1.0, Party("", "1"), Party("", "2"), None, "sip")])
    for filter in (CdrFilter(cause=Cause.NORMAL_CLEARING), CdrFilter(min_billsec=0.1), CdrFilter(direction="inbound")):
        assert await store.cdrs.list(filter=filter) == []
    assert len(await store.cdrs.list(filter=CdrFilter(party="2"))) == 1


@pytest.fixture(scope="module")
def wanted() -> list[CdrFilter]:
    times = (100.0, 10_000.0)
    return [
        CdrFilter(),
        CdrFilter(*times),
        CdrFilter(party="55"),
        CdrFilter(*times, party="u55@x.org"),
        CdrFilter(user=Address("u55", "x.org")),
        CdrFilter(*times, party="55", user=Address("u55", "x.org"), direction="internal"),
    ]


async def test_no_filter_sorts_nor_looks_at_all_rows(store: Store, wanted: list[CdrFilter]) -> None:
    for filter in wanted:
        asked = query("id, started, quality", parts(filter), 50, (1000.0, 7))
        plan = [row[3] for row in await store.database.rows(f"EXPLAIN QUERY PLAN {asked.where}", asked.values)]
        assert any("SEARCH cdrs USING INDEX" in step for step in plan)
        assert [step for step in plan if "SCAN cdrs" in step or "TEMP B-TREE" in step] == []


async def test_many_calls_are_paged_and_counted(store: Store, wanted: list[CdrFilter]) -> None:
    await store.database.run(FILL)
    for filter in wanted:
        pages = [page async for page in store.cdrs.pages(filter)] if filter != CdrFilter() else []
        starts = [cdr.started for page in pages for cdr in page]
        assert all(newer > older for newer, older in pairwise(starts))
        assert await store.cdrs.count(filter) == (len(starts) or MANY)
    before: int | None = None
    for _ in range(5):
        page = await store.cdrs.list(1000, before)
        before = page[-1].id
    assert page[-1].started == MANY - 5000


async def test_others_write_while_pages_are_read(store: Store) -> None:
    """What comes in meanwhile is newer than all that is still to be read."""
    await store.cdrs.finish([made(number, random.Random(number)) for number in range(50)])
    seen: list[str] = []
    number = 50
    async for page in store.cdrs.pages(size=7):
        seen += [cdr.call for cdr in page]
        await store.cdrs.begin(
            [CallStarted(CallId(f"n{number}"), LegId("l"), 1e9, Party("", ""), Party("", ""), None, "")]
        )
        await store.cdrs.remove(page[-1].call)
        number += 1
    assert sorted(seen) == sorted(f"c{number}" for number in range(50))
