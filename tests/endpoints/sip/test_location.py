"""Where users are: what the registry is told, what a lost connection and a restart do, and when a binding ends."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.endpoints.sip.phones import DOMAIN, TestFlow, request
from xswitch_py.base.address import Address
from xswitch_py.base.contact import KeptContact
from xswitch_py.base.events import ContactAdded, ContactRemoved
from xswitch_py.core.bus import Bus
from xswitch_py.core.guard import Guard, Offence
from xswitch_py.core.registry import Contact, Registry
from xswitch_py.endpoints.sip.flow import Flow
from xswitch_py.endpoints.sip.location import Keeper, Location, flow_of
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.pysip.registrar import Binding, Rules
from xswitch_py.pysip.usage import Fields, Refused
from xswitch_py.store.open import open_store

ANN, BOB = Address("1001", DOMAIN), Address("1002", DOMAIN)
DESK = "Contact: <sip:1001@10.0.0.1:5060>"
PAGE = "Contact: <sip:x7k2@q8v2k1.invalid;transport=ws>"
DEVICE = '+sip.instance="<urn:uuid:1>";reg-id='
OUTBOUND = "Supported: path, gruu, outbound"
UDP = TestFlow()
WSS = [TestFlow("WSS", number=number) for number in range(4)]
TCP = [TestFlow("TCP", number=number) for number in range(4)]


def call_id_of(text: str) -> str:
    return re.sub(r"\W", "", text)


class Site:
    """A location, and who hears of it."""

    def __init__(self, keeper: Keeper | None = None, **settings: Any) -> None:
        self.bus = Bus()
        self.heard = self.bus.listen()
        self.registry = Registry(self.bus)
        self.guard = Guard()
        self.moves: list[tuple[Address, str, Flow]] = []
        self.location = Location(self.registry, self.guard, Settings(domain=DOMAIN, **settings), keeper, self._moved)

    def _moved(self, user: Address, binding: Binding, flow: Flow) -> None:
        self.moves.append((user, str(binding.contact.uri), flow))

    def register(self, *lines: str, flow: TestFlow = UDP, user: Address = ANN, **more: Any) -> Fields:
        """Register; each first line has a Call-ID of its own."""
        call_id = call_id_of(more.pop("call_id", lines[0] if lines else ""))
        message = request("REGISTER", *lines, user=user.user, call_id=call_id, **more)
        return self.location.register(message, flow, user, lambda uri: uri.host == "192.0.2.1")

    def shown(self, user: Address = ANN) -> list[str]:
        return [str(binding.contact.uri) for binding in self.location.of(user)]

    @property
    def contacts(self) -> tuple[Contact, ...]:
        return self.registry.find(ANN)

    async def told(self) -> list[str]:
        """What the bus was told until now."""
        self.bus.close()
        return [type(event).__name__ async for event in self.heard]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    yield made
    made.location.close()


@pytest.mark.item("S52")
async def test_the_registry_knows_how_a_binding_is_found_again(site: Site) -> None:
    before = time.time()
    site.register(f"{DESK};q=0.5;expires=120", "User-Agent: Phone 1")
    (contact,) = site.contacts
    assert (contact.user, contact.door, contact.q, contact.url) == (ANN, "sip", 0.5, "sip:1001@10.0.0.1:5060")
    assert (contact.host, contact.transport, contact.agent) == ("198.51.100.7", "udp", "Phone 1")
    assert contact.until is not None and before + 120 <= contact.until <= time.time() + 120
    (binding,) = site.location.of(ANN)
    assert site.location.binding(contact.key) is binding and flow_of(binding) == UDP
    assert site.location.binding("other") is None
    assert contact.key not in DESK and len(contact.key) == 16
    assert len(site.location) == 1


@pytest.mark.item("S45")
async def test_a_refresh_is_the_same_contact_with_new_facts_and_a_new_flow(site: Site) -> None:
    site.register(f"{DESK};expires=120")
    (first,) = site.contacts
    other = TestFlow("TCP", number=1)
    site.register(f"{DESK};expires=600;q=0.1", flow=other)
    (second,) = site.contacts
    assert first == second and second.q == 0.1 and second.transport == "tcp"
    assert (second.until or 0) > (first.until or 0) + 400
    binding = site.location.binding(first.key)
    assert binding is not None and flow_of(binding) == other
    assert await site.told() == ["ContactAdded"]


@pytest.mark.item("S47")
async def test_a_contact_goes_when_its_phone_says_so(site: Site) -> None:
    site.register(DESK)
    site.register(PAGE, flow=WSS[0])
    assert len(site.contacts) == 2
    site.register(f"{DESK};expires=0", cseq=2, call_id=DESK)
    assert [contact.transport for contact in site.contacts] == ["wss"]
    site.register("Contact: *", "Expires: 0", call_id="new")
    assert not site.contacts and site.shown() == [] and len(site.location) == 0
    assert not site.location._owners and not site.location._flows and not site.location._places
    assert await site.told() == ["ContactAdded", "ContactAdded", "ContactRemoved", "ContactRemoved"]


@pytest.mark.item("S47")
@pytest.mark.item("S48")
async def test_what_is_refused_changes_nothing(site: Site) -> None:
    site.register(DESK, cseq=5)
    contacts, bindings = site.contacts, site.location.of(ANN)
    with pytest.raises(Refused, match="500"):
        site.register(f"{DESK};expires=0", cseq=5, call_id=DESK)
    with pytest.raises(Refused, match="423"):
        site.register(PAGE, f"{DESK};expires=5")
    assert (site.contacts, site.location.of(ANN)) == (contacts, bindings)


@pytest.mark.item("S46")
@pytest.mark.parametrize(
    ("transport", "most"), [("UDP", 3600), ("TCP", 3600), ("TLS", 3600), ("WS", 600), ("WSS", 600)]
)
async def test_a_socket_is_granted_less(site: Site, transport: str, most: int) -> None:
    fields = dict(site.register(f"{DESK};expires=86400", flow=TestFlow(transport)))
    assert fields["Contact"].endswith(f"expires={most}")


@pytest.mark.item("S46")
async def test_what_a_socket_is_granted_is_set_by_the_site() -> None:
    site = Site(longest_on_socket=90)
    assert dict(site.register(PAGE, flow=WSS[0]))["Contact"].endswith("expires=90")


@pytest.mark.item("S49")
async def test_nobody_registers_our_own_address(site: Site) -> None:
    with pytest.raises(Refused, match="403"):
        site.register("Contact: <sip:1001@192.0.2.1>")


@pytest.mark.item("S49")
@pytest.mark.parametrize(("transport", "good"), [("TLS", True), ("WSS", True), ("UDP", False), ("TCP", False)])
async def test_sips_is_registered_over_tls_only(site: Site, transport: str, good: bool) -> None:
    if good:
        assert site.register("Contact: <sips:1001@10.0.0.1>", flow=TestFlow(transport))
    else:
        with pytest.raises(Refused, match="400"):
            site.register("Contact: <sips:1001@10.0.0.1>", flow=TestFlow(transport))


@pytest.mark.item("S50")
async def test_a_path_counts_when_it_comes_from_a_proxy_that_is_trusted() -> None:
    site = Site(proxies=(ip_network("192.0.2.8/29"),))
    proxy = TestFlow("UDP", ("192.0.2.9", 5060))
    path = "Path: <sip:192.0.2.9;lr>, <sip:edge.test;lr>"
    assert dict(site.register(DESK, path, flow=proxy))["Path"] == "<sip:edge.test;lr>"
    (binding,) = site.location.of(ANN)
    assert list(map(str, binding.path)) == ["<sip:192.0.2.9;lr>", "<sip:edge.test;lr>"]
    assert flow_of(binding) == proxy
    assert "Path" not in dict(site.register(DESK, path, flow=UDP, call_id="2"))
    (binding,) = site.location.of(ANN)
    assert binding.path == ()


@pytest.mark.item("S22")
@pytest.mark.parametrize("flows", [WSS, TCP])
async def test_a_connection_that_ends_takes_its_bindings_along(site: Site, flows: list[TestFlow]) -> None:
    site.register(PAGE, flow=flows[0])
    site.register(DESK, flow=flows[1])
    site.register("Contact: <sip:1002@10.0.0.2>", flow=flows[0], user=BOB)
    assert site.location.has(flows[0]) and not site.location.has(flows[3])
    site.location.lost(flows[0])
    assert not site.location.has(flows[0])
    site.location.lost(flows[0])
    site.location.lost(flows[3])
    assert site.shown() == ["sip:1001@10.0.0.1:5060"] and site.registry.find(BOB) == ()
    assert list(site.location._flows) == [flows[1]]
    assert await site.told() == ["ContactAdded"] * 3 + ["ContactRemoved"] * 2


@pytest.mark.item("S22")
async def test_what_was_registered_again_on_a_new_connection_stays_when_the_old_one_ends(site: Site) -> None:
    site.register(DESK, flow=TCP[0])
    site.register(DESK, flow=TCP[1], cseq=2)
    site.location.lost(TCP[0])
    assert [flow_of(binding) for binding in site.location.of(ANN)] == [TCP[1]]
    assert await site.told() == ["ContactAdded"]


@pytest.mark.item("S22")
@pytest.mark.item("S45")
async def test_a_device_of_several_flows_is_one_contact_and_stays_while_it_has_one(site: Site) -> None:
    for number in (1, 2):
        site.register(f"{DESK};{DEVICE}{number}", OUTBOUND, flow=TCP[number])
    (contact,) = site.contacts
    assert len(site.location.of(ANN)) == 2
    assert _flow(site, contact) == TCP[2]  # the one registered last
    site.register(f"{DESK};{DEVICE}1", OUTBOUND, flow=TCP[1], cseq=2)
    assert _flow(site, contact) == TCP[1]
    site.location.lost(TCP[1])
    assert site.contacts == (contact,) and _flow(site, contact) == TCP[2]
    site.location.lost(TCP[2])
    assert not site.contacts and site.location.binding(contact.key) is None
    assert await site.told() == ["ContactAdded", "ContactRemoved"]


@pytest.mark.item("S45")
async def test_a_flow_that_is_dead_is_not_chosen_while_there_is_another(site: Site) -> None:
    site.register(f"{DESK};{DEVICE}1", OUTBOUND, flow=TCP[1])
    site.register(f"{DESK};{DEVICE}2", OUTBOUND, flow=replace(TCP[2], alive=False))
    (contact,) = site.contacts
    assert _flow(site, contact) == TCP[1]
    site.location.lost(TCP[1])
    assert _flow(site, contact) == TCP[2]


@pytest.mark.item("S45")
async def test_a_new_registration_of_an_instance_replaces_the_old_one(site: Site) -> None:
    site.register(f"{PAGE};{DEVICE}1", OUTBOUND, flow=WSS[0])
    site.register(f"Contact: <sip:other@new.invalid>;{DEVICE}1", OUTBOUND, flow=WSS[1])
    assert site.shown() == ["sip:other@new.invalid"] and len(site.contacts) == 1
    site.location.lost(WSS[0])
    assert len(site.contacts) == 1


async def test_uris_that_are_both_the_same_as_an_older_one_are_two_contacts(site: Site) -> None:
    site.register("Contact: <sip:a@10.0.0.1>")
    site.register("Contact: <sip:a@10.0.0.1;x=1>", "Contact: <sip:a@10.0.0.1;x=2>")
    assert len({contact.key for contact in site.contacts}) == len(site.shown()) == 2


@pytest.mark.item("S22")
async def test_a_datagram_that_comes_back_ends_no_binding(site: Site) -> None:
    site.register(DESK)
    site.location.lost(UDP)
    assert len(site.contacts) == 1


@pytest.mark.item("S23")
async def test_a_device_on_a_flow_that_is_new_to_it_is_told_of(site: Site) -> None:
    site.register(f"{DESK};{DEVICE}1", OUTBOUND, flow=TCP[0])
    site.register(f"{DESK};{DEVICE}1", OUTBOUND, flow=TCP[0], cseq=2)
    site.register(PAGE, flow=WSS[0])
    assert site.moves == [(ANN, "sip:1001@10.0.0.1:5060", TCP[0]), (ANN, _uri(PAGE), WSS[0])]
    site.moves.clear()
    site.register(f"{DESK};{DEVICE}1", OUTBOUND, flow=TCP[1], cseq=3)
    site.location.lost(WSS[0])
    site.register(PAGE, flow=WSS[1])
    site.register(call_id="question")
    assert site.moves == [(ANN, "sip:1001@10.0.0.1:5060", TCP[1]), (ANN, _uri(PAGE), WSS[1])]


@pytest.mark.item("S51")
async def test_no_gruu_is_given_to_who_asks_for_one(site: Site) -> None:
    fields = site.register(f"{DESK};{DEVICE}1", OUTBOUND, flow=WSS[0])
    assert not [value for _, value in fields if "gruu" in value]


@pytest.mark.item("S101")
async def test_the_guard_knows_who_lives_where_and_until_when(site: Site) -> None:
    site.register(f"{DESK};expires=120")
    now = time.monotonic()
    for times, at in ((0, now + 119), (1, now + 121)):
        bans = [site.guard.failed(Offence.DIGEST, "198.51.100.7", at, "x", forgeable=True) for _ in range(10)]
        assert sum(ban is not None for ban in bans) == times


@pytest.mark.item("S110")
async def test_contacts_can_be_flushed(site: Site) -> None:
    site.register(DESK)
    site.register(PAGE, flow=WSS[0])
    (desk, _) = site.contacts
    assert site.location.forget(desk.key) and not site.location.forget(desk.key)
    assert site.shown() == [_uri(PAGE)]
    site.register(DESK, call_id="again")
    assert site.location.forget_user(ANN) == 2 and site.location.forget_user(ANN) == 0
    assert not site.contacts and not site.location._flows


class Memory:
    """A keeper that keeps in memory."""

    def __init__(self, *kept: KeptContact) -> None:
        self.kept = {one.key: one for one in kept}
        self.dropped: list[str] = []

    def keep(self, contact: KeptContact) -> None:
        """See `Keeper`."""
        self.kept[contact.key] = contact

    def drop(self, key: str) -> None:
        """See `Keeper`."""
        self.dropped.append(key)
        self.kept.pop(key)

    async def load(self, now: float) -> list[KeptContact]:
        """See `Keeper`."""
        return [one for one in self.kept.values() if one.until > now]


def kept(seconds: float, key: str = "k1", **more: Any) -> KeptContact:
    now = time.time()
    url = f"<sip:{key}@10.0.0.1>"
    return KeptContact(key, ANN, url, "UDP", "198.51.100.7", 5070, "r1", 7, now - 100, now + seconds, **more)


def opened(transport: str, host: str, port: int) -> TestFlow:
    return TestFlow(transport, (host, port))


@pytest.mark.item("S46")
async def test_bindings_end_in_time_each_by_itself() -> None:
    site = Site(Memory(kept(0.05, "soon"), kept(0.15, "later"), kept(100, "long")))
    assert await site.location.restore(opened) == 3
    gone: list[list[str]] = []
    async for event in site.heard:
        if isinstance(event, ContactRemoved):
            gone.append([contact.key for contact in site.contacts])
            if len(gone) == 2:
                break
    assert gone == [["later", "long"], ["long"]]
    assert len(site.location._clock._queue) == 1
    site.location.close()


@pytest.mark.item("S46")
async def test_a_binding_that_is_refreshed_does_not_end_when_it_would_have() -> None:
    site = Site(Memory(kept(0.05, "a"), kept(0.1, "b")))
    await site.location.restore(opened)
    site.register("Contact: <sip:a@10.0.0.1>", call_id="r1", cseq=8)
    async for event in site.heard:
        if isinstance(event, ContactRemoved):
            break
    assert [contact.key for contact in site.contacts] == ["a"]
    site.location.close()


@pytest.mark.item("S46")
async def test_one_who_registers_without_end_leaves_no_heap_of_timers(site: Site) -> None:
    for cseq in range(1, 500):
        site.register(f"{DESK};expires={600 if cseq % 2 else 3600}", cseq=cseq)
        site.register(f"{DESK};expires=0", cseq=1, call_id=f"gone {cseq}")
    assert len(site.location._clock._queue) < 5


@pytest.mark.item("S52")
async def test_what_has_expired_is_not_found_even_before_its_timer() -> None:
    site = Site(Memory(kept(0.02)))
    await site.location.restore(opened)
    time.sleep(0.03)  # noqa: ASYNC251 # the loop is not to run meanwhile
    assert site.location.of(ANN) == () and site.location.binding("k1") is None
    site.location.close()


async def test_only_what_came_by_udp_is_kept() -> None:
    memory = Memory()
    site = Site(memory)
    for flow in (TCP[0], WSS[0], TestFlow("TLS"), TestFlow("WS")):
        site.register(f"Contact: <sip:1001@{flow.transport}.test>", flow=flow)
    assert memory.kept == {}
    site.register(f"{DESK};q=0.5", "User-Agent: Phone", cseq=4)
    (one,) = memory.kept.values()
    call_id, uri = call_id_of(f"{DESK};q=0.5"), "<sip:1001@10.0.0.1:5060>;q=0.5"
    assert one == KeptContact(
        one.key, ANN, uri, "UDP", "198.51.100.7", 5070, call_id, 4, one.since, one.until, (), "Phone", False
    )
    site.register(f"{DESK};expires=0", call_id="x")
    assert memory.kept == {} and memory.dropped == [one.key]
    site.register(DESK, call_id="y")
    site.register(DESK, call_id="z", flow=TCP[1])
    assert memory.kept == {} and len(memory.dropped) == 2
    site.location.lost(TCP[0])
    assert len(memory.dropped) == 2
    site.location.close()


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[Site]:
    """A switch with its database, until it stops."""
    store = await open_store(path)
    writing = asyncio.create_task(store.contacts.run())
    site = Site(store.contacts, proxies=(ip_network("198.51.100.0/24"),))
    try:
        yield site
    finally:
        site.location.close()
        store.contacts.close()
        await writing
        await store.close()


async def test_after_a_restart_a_phone_is_called_where_it_was(tmp_path: Path) -> None:
    def facts(site: Site) -> list[Any]:
        return [site.location.of(ANN), *[(each.key, each.q, each.url, each.until) for each in site.contacts]]

    async with running(tmp_path / "xswitch.db") as site:
        for line in (DESK, f"Contact: <sip:1001@10.0.0.2>;{DEVICE}1;q=0.3"):
            site.register(line, OUTBOUND, "Path: <sip:198.51.100.7;lr>", "User-Agent: Caf\u00e9 1", cseq=9)
        before = facts(site)
    async with running(tmp_path / "xswitch.db") as site:
        assert await site.location.restore(opened) == 2
        assert facts(site) == before and site.moves == []
        with pytest.raises(Refused, match="500"):
            site.register(f"{DESK};expires=0", call_id=DESK, cseq=9)
        bans = [site.guard.failed(Offence.DIGEST, UDP.remote[0], 0.0, "x", forgeable=True) for _ in range(10)]
        assert bans == [None] * 10


async def test_what_cannot_be_taken_up_again_is_passed_over() -> None:
    def some(transport: str, host: str, port: int) -> TestFlow:
        if port == 1:
            raise ConnectionError("no socket of this family")
        return opened(transport, host, port)

    site = Site(
        Memory(replace(kept(100, "a"), port=1), replace(kept(100, "b"), url="<<"), kept(100, "c"), kept(-1, "d"))
    )
    assert await site.location.restore(some) == 1
    assert [contact.key for contact in site.contacts] == ["c"]
    site.location.close()


async def test_after_the_end_nothing_expires_and_nobody_is_told() -> None:
    site = Site(Memory(kept(0.02)))
    site.location.close()
    await site.location.restore(opened)
    site.location.close()
    await asyncio.sleep(0.05)
    assert len(site.contacts) == 1 and not site.location._clock._queue


async def test_nobody_need_hear_of_devices_that_move() -> None:
    location = Location(Registry(Bus()), Guard(), Settings(domain=DOMAIN))
    assert location.register(request("REGISTER", DESK), UDP, ANN, lambda uri: False)
    location.close()


async def test_without_a_keeper_there_is_nothing_to_take_up(site: Site) -> None:
    assert await site.location.restore(opened) == 0


@pytest.mark.item("S45")
async def test_ten_devices_are_enough() -> None:
    site = Site(registrations=Rules(limit=2))
    for number in range(2):
        site.register(f"Contact: <sip:1001@10.0.0.{number}>")
    with pytest.raises(Refused, match="Too Many Contacts"):
        site.register("Contact: <sip:1001@10.0.0.9>")
    assert len(site.contacts) == 2
    assert [type(event) for event in [await anext(site.heard), await anext(site.heard)]] == [ContactAdded] * 2
    site.location.close()


def _flow(site: Site, contact: Contact) -> Flow:
    binding = site.location.binding(contact.key)
    assert binding is not None
    return flow_of(binding)


def _uri(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]
