"""Names become addresses as RFC 3263 says, asked of a real name server on loopback."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from dns.resolver import NoResolverConfiguration
from hypothesis import given
from hypothesis import strategies as st

from tests.endpoints.sip.gateways.world import Zone, zone
from xswitch_py.endpoints.sip.gateways.resolve import (
    Found,
    Resolver,
    Service,
    Target,
    Unresolved,
    ordered,
    shuffled,
    usable,
)

SRV = {
    ("_sip._udp.carrier.example", "SRV"): [
        "20 0 5060 late.carrier.example.",
        "10 60 5070 a.carrier.example.",
        "10 40 5080 b.carrier.example.",
    ],
    ("late.carrier.example", "A"): ["192.0.2.9"],
    ("a.carrier.example", "A"): ["192.0.2.1", "192.0.2.2"],
    ("b.carrier.example", "A"): ["192.0.2.3"],
    ("b.carrier.example", "AAAA"): ["2001:db8::3"],
}


class Clock:
    """A clock that is wound by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def resolver(server: Zone, clock: Callable[[], float] = lambda: 1000.0) -> Resolver:
    """One that asks this server, and no hosts file."""
    return Resolver([server.at], Path("/nowhere"), clock)


def spots(found: Found) -> list[str]:
    """Targets in order; chance always says 0.5."""
    return [f"{one.transport} {one.host} {one.port}" for one in ordered(found, lambda: 0.5)]


@pytest.mark.item("S97")
@pytest.mark.parametrize(
    ("host", "port", "transport", "expected"),
    [
        ("192.0.2.1", None, "UDP", "UDP 192.0.2.1 5060"),
        ("192.0.2.1", None, "", "UDP 192.0.2.1 5060"),
        ("192.0.2.1", None, "TLS", "TLS 192.0.2.1 5061"),
        ("192.0.2.1", 5099, "TCP", "TCP 192.0.2.1 5099"),
        ("2001:db8::1", 5062, "UDP", "UDP 2001:db8::1 5062"),
    ],
)
async def test_an_address_is_taken_as_it_is_for_good(
    host: str, port: int | None, transport: str, expected: str
) -> None:
    async with zone({}) as server:
        found = await resolver(server).resolve(host, port, transport)
        assert spots(found) == [expected] and found.seconds == float("inf")
        assert found.hosts == {host} and server.asked == []


@pytest.mark.item("S97")
async def test_a_name_with_a_port_has_addresses_only() -> None:
    async with zone(SRV | {("carrier.example", "A"): ["192.0.2.7"]}) as server:
        found = await resolver(server).resolve("carrier.example", 5090)
        assert spots(found) == ["UDP 192.0.2.7 5090"]
        assert {kind for _, kind in server.asked} == {"A", "AAAA"}


@pytest.mark.item("S97")
async def test_a_name_without_a_port_has_services_by_priority() -> None:
    async with zone(SRV) as server:
        found = await resolver(server).resolve("Carrier.Example.")
        targets = spots(found)
        assert set(targets[:2]) == {"UDP 192.0.2.1 5070", "UDP 192.0.2.2 5070"}  # as the server happens to tell them
        assert targets[2:] == [
            "UDP 192.0.2.3 5080",
            "UDP 2001:db8::3 5080",
            "UDP 192.0.2.9 5060",
        ]
        assert {target.name for target in ordered(found, lambda: 0.5)} == {"carrier.example"}  # for the certificate


@pytest.mark.item("S97")
async def test_a_name_without_services_has_addresses() -> None:
    async with zone({("carrier.example", "AAAA"): ["2001:db8::7"]}) as server:
        assert spots(await resolver(server).resolve("carrier.example", None, "TLS")) == ["TLS 2001:db8::7 5061"]
        assert ("_sips._tcp.carrier.example", "SRV") in server.asked


@pytest.mark.item("S97")
async def test_without_a_transport_the_dns_says_which() -> None:
    records = {
        ("carrier.example", "NAPTR"): [
            '50 50 "s" "SIP+D2U" "" _sip._udp.carrier.example.',
            '40 50 "S" "SIP+D2T" "" tcp.carrier.example.',
            '30 50 "u" "E2U+sip" "!x!y!" .',
        ],
        ("tcp.carrier.example", "SRV"): ["1 1 5064 a.carrier.example."],
        ("a.carrier.example", "A"): ["192.0.2.1"],
    }
    async with zone(records) as server:
        assert spots(await resolver(server).resolve("carrier.example", None, "")) == ["TCP 192.0.2.1 5064"]


@pytest.mark.item("S97")
async def test_without_a_transport_and_naptr_records_services_are_tried_in_turn() -> None:
    records = {("_sip._tcp.c.example", "SRV"): ["1 1 5064 a.example."], ("a.example", "A"): ["192.0.2.1"]}
    async with zone(records) as server:
        assert spots(await resolver(server).resolve("c.example", None, "")) == ["TCP 192.0.2.1 5064"]


async def test_a_host_of_a_service_without_address_is_left_out() -> None:
    records = {("_sip._udp.c.example", "SRV"): ["1 1 5060 gone.example.", "2 1 5060 a.example."]}
    async with zone(records | {("a.example", "A"): ["192.0.2.1"]}) as server:
        assert spots(await resolver(server).resolve("c.example")) == ["UDP 192.0.2.1 5060"]


@pytest.mark.parametrize(
    "records",
    [
        {},
        {("c.example", "TXT"): ["x"]},
        {("_sip._udp.c.example", "SRV"): ["0 0 0 ."]},  # RFC 2782: decidedly not there
        {("_sip._udp.c.example", "SRV"): ["1 1 5060 gone.example."], ("c.example", "A"): ["192.0.2.1"]},
    ],
)
async def test_a_name_that_stands_for_nothing_is_an_error(records: dict[tuple[str, str], list[str]]) -> None:
    async with zone(records) as server:
        with pytest.raises(Unresolved):
            await resolver(server).resolve("c.example")


@pytest.mark.item("S97")
@pytest.mark.parametrize("name", ["df7jal23ls0d.invalid", "x.INVALID."])
async def test_invalid_is_never_asked_for(name: str) -> None:
    async with zone({(name, "A"): ["192.0.2.1"]}) as server:
        with pytest.raises(Unresolved):
            await resolver(server).resolve(name)
        assert server.asked == []


@pytest.mark.item("S97")
@pytest.mark.parametrize(("ttl", "kept"), [(0, 30), (300, 300), (86400, 3600)])
async def test_an_answer_is_kept_for_its_time_to_live_in_bounds(ttl: int, kept: int) -> None:
    clock = Clock()
    async with zone({("c.example", "A"): ["192.0.2.1"]}, ttl) as server:
        asks = resolver(server, clock)
        assert (await asks.resolve("c.example", 5060)).seconds == kept
        server.records["c.example", "A"] = ["192.0.2.2"]
        clock.now += kept - 1
        found = await asks.resolve("c.example", 5060)
        assert spots(found) == ["UDP 192.0.2.1 5060"] and found.seconds == 1
        clock.now += 1
        assert spots(await asks.resolve("c.example", 5060)) == ["UDP 192.0.2.2 5060"]


async def test_what_is_known_outlasts_silent_name_servers() -> None:
    clock = Clock()
    async with zone({("c.example", "A"): ["192.0.2.1"]}) as server:
        asks = resolver(server, clock)
        await asks.resolve("c.example", 5060)
        clock.now += 300
        server.broken = True
        found = await asks.resolve("c.example", 5060)
        assert spots(found) == ["UDP 192.0.2.1 5060"] and found.seconds == 30
        server.broken = False
        server.records.clear()
        clock.now += 30
        with pytest.raises(Unresolved):  # now they say so
            await asks.resolve("c.example", 5060)


@pytest.mark.parametrize("port", [None, 5060])
async def test_silent_name_servers_are_an_error_when_nothing_is_known(port: int | None) -> None:
    async with zone({("c.example", "A"): ["192.0.2.1"]}) as server:
        server.broken = True
        with pytest.raises(Unresolved, match="no answer"):
            await resolver(server).resolve("c.example", port)


async def test_silence_about_the_hosts_of_services_is_no_news() -> None:
    clock = Clock()
    async with zone(SRV) as server:
        asks = resolver(server, clock)
        before = await asks.resolve("carrier.example")
        clock.now += 300
        server.broken_names = {"a.carrier.example", "b.carrier.example", "late.carrier.example"}
        assert spots(await asks.resolve("carrier.example")) == spots(before)


async def test_a_hosts_file_needs_no_name_server(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("# names\n::1 pbx  localhost\n127.0.0.1\tLocalhost pbx # us\n\nnonsense pbx\n")
    async with zone({}) as server:
        found = await Resolver([server.at], hosts).resolve("localhost", 5060)
        assert spots(found) == ["UDP 127.0.0.1 5060", "UDP ::1 5060"] and server.asked == []


async def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xswitch_py.endpoints.sip.gateways.resolve._CACHED", 2)
    records = {(f"{letter}.example", "A"): ["192.0.2.1"] for letter in "abc"}
    async with zone(records) as server:
        asks = resolver(server)
        for letter in "abcb":
            await asks.resolve(f"{letter}.example", 5060)
        assert server.asked.count(("b.example", "A")) == 1
        await asks.resolve("a.example", 5060)
        assert server.asked.count(("a.example", "A")) == 2


def one(host: str, priority: int = 0, weight: int = 0) -> Service:
    """A service with one address."""
    return Service((Target("UDP", host, 5060, "c.example"),), priority, weight)


@pytest.mark.item("S97")
def test_weights_are_drawn_by_lot() -> None:
    draw = random.Random(1).random
    found = Found((one("heavy", 1, 90), one("light", 1, 10), one("spare", 2, 100)))
    first = Counter(ordered(found, draw)[0].host for _ in range(2000))
    assert 1700 < first["heavy"] < 1880 and first["heavy"] + first["light"] == 2000


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8), st.randoms(use_true_random=False))
def test_any_draw_keeps_all_by_priority(records: list[tuple[int, int]], draw: random.Random) -> None:
    services = tuple(one(str(number), *record) for number, record in enumerate(records))
    hosts = [int(target.host) for target in ordered(Found(services), draw.random)]
    assert sorted(hosts) == list(range(len(records)))
    priorities = [records[host][0] for host in hosts]
    assert priorities == sorted(priorities)
    for priority in range(4):
        weightless = [records[host][1] == 0 for host in hosts if records[host][0] == priority]
        assert weightless == sorted(weightless)  # they come last


def test_what_weighs_nothing_is_drawn_too() -> None:
    assert sorted(shuffled([("a", 0), ("b", 0)], lambda: 0.0)) == ["a", "b"]


@pytest.mark.item("S97")
def test_failed_targets_are_left_out_for_a_time() -> None:
    targets = [Target("UDP", "192.0.2.1", 5060, "c"), Target("TCP", "192.0.2.1", 5060, "c")]
    avoided = {("UDP", ("192.0.2.1", 5060)): 132.0}
    assert usable(targets, avoided, 131.9) == targets[1:]
    assert usable(targets, avoided, 132.0) == targets


def test_a_system_without_name_servers_still_has_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(self: object, filename: object = "", configure: bool = True) -> None:
        if configure:
            raise NoResolverConfiguration

    monkeypatch.setattr("dns.asyncresolver.Resolver.__init__", absent)
    assert Resolver()
