"""Where users can be reached."""

import asyncio
from dataclasses import replace

import pytest

from xswitch_py.base.address import Address
from xswitch_py.base.events import ContactAdded, ContactRemoved
from xswitch_py.core.bus import Bus
from xswitch_py.core.registry import Contact, Registry

ALICE = Address("1000", "example.org")
PAGE = Contact(ALICE, "verto", "page")
PHONE = Contact(ALICE, "sip", "phone")


async def test_contacts_come_and_go_and_the_bus_hears_of_each_once() -> None:
    bus = Bus()
    heard = bus.listen()
    registry = Registry(bus)
    registry.add(PAGE)
    registry.add(PAGE)
    registry.add(PHONE)
    assert registry.find(ALICE) == (PAGE, PHONE)
    assert len(registry) == 2
    assert list(registry) == [PAGE, PHONE]
    registry.remove(PAGE)
    registry.remove(PAGE)
    assert registry.find(ALICE) == (PHONE,)
    registry.remove(PHONE)
    assert registry.find(ALICE) == ()
    assert len(registry) == 0
    bus.close()
    kinds = [(type(event), event.door) async for event in heard if isinstance(event, ContactAdded | ContactRemoved)]
    assert kinds == [
        (ContactAdded, "verto"),
        (ContactAdded, "sip"),
        (ContactRemoved, "verto"),
        (ContactRemoved, "sip"),
    ]


def test_nobody_is_reached_nowhere() -> None:
    assert Registry(Bus()).find(ALICE) == ()


@pytest.mark.item("S52")
def test_a_contact_that_is_added_again_has_its_new_facts_and_keeps_its_place() -> None:
    registry = Registry(Bus())
    registry.add(PHONE)
    registry.add(PAGE)
    registry.add(replace(PHONE, q=0.5, until=9.0, agent="new"))
    assert [(one.key, one.q, one.until, one.agent) for one in registry.find(ALICE)] == [
        ("phone", 0.5, 9.0, "new"),
        ("page", 1.0, None, ""),
    ]
    registry.remove(PHONE)  # whatever facts it has
    assert registry.find(ALICE) == (PAGE,)


async def test_a_listener_hears_from_the_moment_it_asks() -> None:
    bus = Bus()
    heard = bus.listen()
    Registry(bus).add(PAGE)
    assert isinstance(await asyncio.wait_for(anext(heard), 1), ContactAdded)
    await heard.aclose()
