"""Where users can be reached: seen by whose it is, in pages that nothing is lost between."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.commands.live import Live, live
from xswitch_py.base.address import Address
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import registrations
from xswitch_py.core.commands.registrations import name_of
from xswitch_py.core.registry import Contact, Registry

DOMAIN = "example.org"


def contact(user: str, key: str = "a", door: str = "sip", until: float | None = None) -> Contact:
    return Contact(Address(user, DOMAIN), door, key, url=f"sip:{user}@192.0.2.1", until=until, agent="phone/1")


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path) as made:
        registry = made.desk.switch.services.registry

        def kick(contact: Contact) -> bool:
            there = contact in registry.find(contact.user)
            registry.remove(contact)
            return there

        yield Live(made.world, replace(made.desk, kick=kick), made.audit)


@pytest.fixture
def registry(at: Live) -> Registry:
    found = at.desk.switch.services.registry
    for each in (contact("1001"), contact("1000", "b"), contact("1000", until=1e9), contact("1000", door="verto")):
        found.add(each)
    return found


async def test_all_are_listed_by_user_with_what_is_known(at: Live, registry: Registry) -> None:
    page = await registrations.list_registrations(at.desk, at.asker("operator"), total=True)
    assert [each.user for each in page.items] == [f"1000@{DOMAIN}"] * 3 + [f"1001@{DOMAIN}"]
    assert (page.total, page.next_cursor) == (4, None)
    found = next(each for each in page.items if each.until is not None)
    assert (found.door, found.url, found.agent) == ("sip", "sip:1000@192.0.2.1", "phone/1")
    assert found.until is not None and found.until.timestamp() == 1e9


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
async def test_pages_lead_through_all_though_some_leave_meanwhile(at: Live, registry: Registry, limit: int) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await registrations.list_registrations(at.desk, at.asker("admin"), limit, cursor)
        seen += [each.id for each in page.items]
        if (cursor := page.next_cursor) is None:
            break
        await registrations.remove(at.desk, at.asker("admin"), seen[-1])
    assert len(seen) == len(set(seen)) == 4


async def test_those_of_a_user_or_a_door_alone(at: Live, registry: Registry) -> None:
    async def count(user: str | None = None, door: str | None = None) -> int:
        admin = at.asker("admin")
        page = await registrations.list_registrations(at.desk, admin, user=user, door=door, total=True)
        assert page.total == len(page.items)
        return len(page.items)

    assert await count("1000") == await count(f"1000@{DOMAIN}") == 3
    assert await count(door="verto") == await count("1000", "verto") == 1
    assert await count("1002") == await count("1001", "verto") == 0


async def test_a_user_sees_only_their_own(at: Live, registry: Registry) -> None:
    mine = at.asker("user", "1001")
    page = await registrations.list_registrations(at.desk, mine, total=True)
    assert ([each.user for each in page.items], page.total) == ([f"1001@{DOMAIN}"], 1)
    assert (await registrations.list_registrations(at.desk, mine, user="1000", total=True)).total == 0


async def test_a_registration_is_ended_by_its_name_by_whom_it_is_granted(at: Live, registry: Registry) -> None:
    kept, gone = contact("1000", "b"), contact("1000")
    with pytest.raises(Refused) as refused:
        await registrations.remove(at.desk, at.asker("user", "1000"), name_of(gone))
    assert refused.value.code is Code.FORBIDDEN
    await registrations.remove(at.desk, at.asker("admin"), name_of(gone))
    left = registry.find(Address("1000", DOMAIN))
    assert gone not in left and kept in left
    with pytest.raises(Refused) as refused:
        await registrations.remove(at.desk, at.asker("admin"), name_of(gone))
    assert refused.value.code is Code.NOT_FOUND
    assert [entry.outcome for entry in at.audit] == ["forbidden", "done", "not_found"]


async def test_a_name_stays_when_facts_change_and_is_nobody_elses(at: Live) -> None:
    assert name_of(contact("1000", until=1.0)) == name_of(contact("1000", until=2.0))
    others = [contact("1000"), contact("1001"), contact("1000", "b"), contact("1000", door="verto")]
    assert len({name_of(each) for each in others}) == 4


async def test_a_cursor_that_is_none_is_refused(at: Live) -> None:
    with pytest.raises(Refused) as refused:
        await registrations.list_registrations(at.desk, at.asker("admin"), cursor="junk")
    assert refused.value.code is Code.INVALID
