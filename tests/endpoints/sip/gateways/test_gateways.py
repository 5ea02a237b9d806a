"""Gateways at work over loopback: registered, watched, resolved, called through, recognised."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network

import pytest

from tests.endpoints.sip.gateways.world import (
    Carrier,
    Switch,
    UdpFlow,
    account,
    carrier,
    eventually,
    good,
    switch,
    zone,
)
from tests.pysip.scenes import request
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.endpoints.sip.gateways.config import GatewayConfig, Proxy, load
from xswitch_py.endpoints.sip.gateways.gateways import Gateways
from xswitch_py.endpoints.sip.gateways.resolve import Resolver
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.media.api import Transport
from xswitch_py.pysip.auth import Challenge, credentials_in
from xswitch_py.pysip.digest import digest_response, make_ha1
from xswitch_py.pysip.message import Request, Response, response_to


def challenging(nonces: list[str]) -> Callable[[Request], Response | None]:
    """Answer as `good` does once a REGISTER proves the password with the last of these nonces."""

    def script(request: Request) -> Response:
        given = credentials_in(request.headers, "Authorization", "carrier")
        ha1 = make_ha1("acct77", "carrier", "secret")
        if given and given.nonce == nonces[-1] and given.response == digest_response(ha1, "REGISTER", given):
            return good(request)
        fields = [("WWW-Authenticate", str(Challenge("carrier", nonces[-1], stale=given is not None)))]
        return response_to(request, 401, to_tag="far", fields=fields)

    return script


def silent(request: Request) -> Response | None:
    """Answer nothing."""
    return None


def pinged(
    at: tuple[str, int | None], name: str = "carrier", ping: float = 0.05, timeout: float = 0.2
) -> GatewayConfig:
    """A gateway without an account that is asked often."""
    return GatewayConfig(name, Proxy(*at), ping=ping, timeout=timeout)


def far(host: str, transport: str = "UDP", *, ours: Switch) -> UdpFlow:
    """A flow from some address."""
    return UdpFlow(ours.node, (host, 5060), transport)


def invite(uri: str = "sip:4711@pbx.example", to: str = "<sip:4711@pbx.example>") -> Request:
    """A call that comes in."""
    return request(uri=uri, to=to, from_='"Bob" <sip:0301@c>;tag=a')


# Registration.


@pytest.mark.item("S44")
@pytest.mark.item("S95")
async def test_it_registers_refreshes_and_leaves_with_one_nonce() -> None:
    nonces = ["n1"]
    async with carrier(challenging(nonces)) as there, switch() as ours:
        await ours.gateways.start([account(there.node.at, from_domain="carrier.example")])
        await ours.until("TRYING", "REGED")
        first, second = await there.next(), await there.next()
        assert (first.call_id, first.from_.tag) == (second.call_id, second.from_.tag)
        assert first.cseq.number < second.cseq.number and first.vias[0].branch != second.vias[0].branch
        assert not second.to.tag and str(second.to.uri) == "sip:acct77@carrier.example" == str(second.from_.uri)
        assert str(second.uri) == f"sip:127.0.0.1:{there.node.at[1]}"
        assert (second.expires, second.contacts[0].uri.user[:3]) == (600, "gw-")
        assert "params" not in str(second.contacts[0])
        ours.gateways.register("carrier")  # a refresh
        third = await there.next()
        given = credentials_in(third.headers, "Authorization", "carrier")
        assert given and given.count == 2
        nonces.append("n2")  # the old is stale when it leaves
        await ours.gateways.stop()
        assert [(await there.next()).expires for _ in range(2)] == [0, 0]
        assert there.requests.empty() and ours.gateways.status() == []


@pytest.mark.item("S95")
async def test_it_comes_again_before_its_time_is_over() -> None:
    def brief(request: Request) -> Response:
        return response_to(request, 200, fields=[("Contact", f"{request.contacts[0]};expires=1")])

    async with carrier(brief) as there, switch() as ours:
        await ours.gateways.start([account(there.node.at)])
        await there.next()
        begun = time.monotonic()
        await there.next()
        assert 0.8 < time.monotonic() - begun < 3


@pytest.mark.item("S44")
@pytest.mark.item("S95")
async def test_a_wrong_password_is_told_and_not_tried_on() -> None:
    async with carrier(challenging(["n1"])) as there, switch() as ours:
        await ours.gateways.start([account(there.node.at, password="wrong")])
        there.script = lambda request: response_to(
            request, 401, fields=[("WWW-Authenticate", str(Challenge("carrier", "n1")))]
        )
        texts = await ours.until("TRYING", "FAILED")
        assert "password is wrong" in texts[1]
        (standing,) = ours.gateways.status()
        assert (standing.state, standing.up, standing.code) == ("FAILED", False, 401)
        assert there.requests.qsize() == 2


@pytest.mark.item("S95")
async def test_failures_are_tried_again() -> None:
    def refuse(request: Request) -> Response:
        return response_to(request, 500)

    async with carrier(refuse) as there, switch() as ours:
        await ours.gateways.start([account(there.node.at, retry=0.05)])
        assert (await ours.until("TRYING", "FAIL_WAIT"))[1] == "500 Server Internal Error"
        there.script = good
        await ours.until("TRYING", "REGED")


@pytest.mark.item("S95")
@pytest.mark.item("S109")
async def test_leaving_does_not_wait_for_a_registrar_that_is_gone() -> None:
    async with carrier(good) as there, switch() as ours:
        await ours.gateways.start([account(there.node.at)])
        await ours.until("TRYING", "REGED")
        there.script = silent
        begun = time.monotonic()
        await ours.gateways.stop(0.2)
        assert 0.2 <= time.monotonic() - begun < 1.5


@pytest.mark.item("S95")
@pytest.mark.item("S110")
async def test_gateways_are_added_changed_and_removed() -> None:
    async with carrier(good) as there, switch() as ours:
        at = there.node.at
        same, changed, gone = (account(at, name, username=name) for name in ("same", "changed", "gone"))
        await ours.gateways.start([same, changed, gone])
        await eventually(lambda: [one.state for one in ours.gateways.status()] == ["REGED"] * 3)
        call = ours.gateways.taken("changed")
        await ours.gateways.reload([account(at, "new", username="new"), replace(changed, expire=700), same])
        await eventually(lambda: [one.state for one in ours.gateways.status()] == ["REGED"] * 3)
        requests = [there.requests.get_nowait() for _ in range(there.requests.qsize())]
        asked = Counter((one.to.uri.user, one.expires) for one in requests)
        assert asked == {
            ("same", 600): 1,
            ("changed", 600): 1,
            ("changed", 0): 1,
            ("changed", 700): 1,
            ("gone", 600): 1,
            ("gone", 0): 1,
            ("new", 600): 1,
        }
        order = [one.expires for one in requests if one.to.uri.user == "changed"]
        assert order == [600, 0, 700]  # the same Contact: what was first must be gone first
        assert [(one.name, one.outbound) for one in ours.gateways.status()] == [("new", 0), ("changed", 1), ("same", 0)]
        call.end()
        assert ours.gateways.status()[1].outbound == 0


@pytest.mark.item("S110")
async def test_an_operator_registers_unregisters_and_pings() -> None:
    async with carrier(good) as there, switch() as ours:
        await ours.gateways.start([account(there.node.at)])
        await ours.until("TRYING", "REGED")
        ours.gateways.unregister("carrier")
        await ours.until("UNREGED")
        ours.gateways.register("carrier")
        await ours.until("TRYING", "REGED")
        ours.gateways.ping("carrier")
        options = await there.next("OPTIONS")
        assert str(options.to.uri) == f"sip:127.0.0.1:{there.node.at[1]}" and not options.to.tag
        for verb in (ours.gateways.register, ours.gateways.unregister, ours.gateways.ping):
            with pytest.raises(CallError) as caught:
                verb("nobody")
            assert caught.value.cause is Cause.INVALID_GATEWAY


@pytest.mark.item("S95")
async def test_a_lost_connection_is_registered_over_anew() -> None:
    async with carrier(good) as there, switch() as ours:
        await ours.gateways.start([account(there.node.at, transport="TCP")])
        await ours.until("TRYING", "REGED")
        assert str((await there.next()).uri).endswith(";transport=tcp")
        flow = UdpFlow(ours.node, there.node.at, "TCP")
        ours.gateways.lost(replace(flow, remote=("192.0.2.1", 1)))
        assert there.requests.empty()
        ours.gateways.lost(flow)
        assert (await there.next()).expires == 600


@pytest.mark.item("S95")
async def test_a_datagram_that_comes_back_ends_no_registration() -> None:
    async with carrier(good) as there, switch() as ours:
        await ours.gateways.start([account(there.node.at)])
        await ours.until("TRYING", "REGED")
        await there.next()
        ours.gateways.lost(UdpFlow(ours.node, there.node.at))
        ours.gateways.ping("carrier")
        assert (await there.next()).method == "OPTIONS"


@pytest.mark.item("S95")
async def test_the_contact_says_more_if_it_shall() -> None:
    async with carrier(good) as there, switch() as ours:
        await ours.gateways.start([account(there.node.at, contact_params={"isub": "1", "ob": None})])
        assert (await there.next()).contacts[0].params == {"isub": "1", "ob": None}


@pytest.mark.item("S110")
async def test_who_has_left_is_not_asked_any_more() -> None:
    async with carrier(silent) as there, switch() as ours:
        await ours.gateways.start([account(there.node.at), pinged(AT, "plain", ping=0)])
        await there.next()
        stopping = asyncio.create_task(ours.gateways.stop(0.2))
        await eventually(lambda: not ours.gateways.status()[0].up)
        await asyncio.sleep(0.05)  # the one without an account has nobody to wait for
        before = len(ours.node.opened)
        ours.gateways.ping("plain")
        assert len(ours.node.opened) == before
        await stopping


# Qualify.


@pytest.mark.item("S96")
async def test_misses_take_it_down_and_an_answer_brings_it_back() -> None:
    async with carrier(good) as there, switch() as ours:
        await ours.gateways.start([pinged(there.node.at)])
        first, second = await there.next("OPTIONS"), await there.next("OPTIONS")
        assert first.call_id != second.call_id
        assert ours.gateways.ways("carrier", "4711")
        there.script = lambda request: response_to(request, 503)
        assert "503" in (await ours.until("DOWN"))[0]
        assert raised(ours, "carrier", "4711") is Cause.GATEWAY_DOWN
        (standing,) = ours.gateways.status()
        assert (standing.state, standing.up, standing.code) == ("DOWN", False, 503) and standing.since > 0
        there.script = lambda request: response_to(request, 404)
        await ours.until("NOREG")
        assert ours.gateways.ways("carrier", "4711")


@pytest.mark.item("S96")
async def test_a_datagram_that_comes_back_is_down_at_once() -> None:
    async with carrier(silent) as there, switch() as ours:
        await ours.gateways.start([pinged(there.node.at, timeout=30)])
        await there.next("OPTIONS")
        ours.stack.lost(UdpFlow(ours.node, there.node.at))
        assert await ours.until("DOWN") == ["cannot be reached"]


@pytest.mark.item("S97")
async def test_a_kind_of_address_that_we_have_no_socket_for_cannot_be_reached() -> None:
    async with switch() as ours:
        await ours.gateways.start([pinged(("::1", 5060))])
        assert await ours.until("DOWN") == ["cannot be reached"]


# Resolution and failover.


def two(first: Carrier, second: Carrier) -> dict[tuple[str, str], list[str]]:
    """SRV records that prefer one carrier over another."""
    return {
        ("_sip._udp.carrier.example", "SRV"): [
            f"10 1 {first.node.at[1]} host.carrier.example.",
            f"20 1 {second.node.at[1]} host.carrier.example.",
        ],
        ("host.carrier.example", "A"): ["127.0.0.1"],
    }


@pytest.mark.item("S97")
@pytest.mark.parametrize("fault", [silent, lambda request: response_to(request, 503)])
async def test_the_next_address_is_asked_when_one_fails(fault: Callable[[Request], Response | None]) -> None:
    async with (
        carrier(fault) as first,
        carrier(good) as second,
        zone(two(first, second)) as names,
        switch(names.at) as ours,
    ):
        await ours.gateways.start([account(("carrier.example", None), timeout=0.2)])
        await ours.until("TRYING", "REGED")
        assert (await first.next()).expires == (await second.next()).expires == 600
        assert str(second.node.at[1]) in ours.gateways.status()[0].target
        (way,) = ours.gateways.ways("carrier", "4711")  # the first is avoided for now
        assert way.flow.remote == second.node.at and str(way.uri) == "sip:4711@carrier.example"
        ours.gateways.register("carrier")
        await second.next()
        assert first.requests.empty()


@pytest.mark.item("S97")
async def test_ways_go_on_with_the_next_address_and_then_there_is_none() -> None:
    async with (
        carrier(good) as first,
        carrier(good) as second,
        zone(two(first, second)) as names,
        switch(names.at) as ours,
    ):
        await ours.gateways.start([pinged(("carrier.example", None), ping=0)])
        await eventually(lambda: ours.gateways.status()[0].up)
        ways = ours.gateways.ways("carrier", "4711")
        assert [way.flow.remote for way in ways] == [first.node.at, second.node.at]
        assert ours.node.opened[-1] == ("UDP", *second.node.at, "carrier.example")
        ours.gateways.failed(ways[0], 0.2)
        assert [way.flow.remote for way in ours.gateways.ways("carrier", "4711")] == [second.node.at]
        ours.gateways.failed(ways[1], 40)
        assert raised(ours, "carrier", "4711") is Cause.GATEWAY_DOWN
        assert ours.gateways.status()[0].target == ""
        await eventually(lambda: ours.gateways.status()[0].target != "")
        assert [way.flow.remote for way in ours.gateways.ways("carrier", "4711")] == [first.node.at]
        ours.gateways.failed(ways[0])
        assert raised(ours, "carrier", "4711") is Cause.GATEWAY_DOWN


@pytest.mark.item("S97")
async def test_addresses_that_we_have_no_socket_for_are_passed_over() -> None:
    records = {("carrier.example", "A"): ["192.0.2.1"], ("carrier.example", "AAAA"): ["2001:db8::1"]}
    async with zone(records) as names, switch(names.at) as ours:
        await started(ours, pinged(("carrier.example", 5060), ping=0))
        assert [way.flow.remote for way in ours.gateways.ways("carrier", "4711")] == [("192.0.2.1", 5060)]


@pytest.mark.item("S97")
async def test_a_name_that_stands_for_nothing_is_down_and_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xswitch_py.endpoints.sip.gateways.keeper._AGAIN", 0.05)
    async with carrier(good) as there, zone({}) as names, switch(names.at) as ours:
        await ours.gateways.start([account(("carrier.example", there.node.at[1]))])
        assert await ours.until("DOWN") == ["carrier.example has no address"]
        assert raised(ours, "carrier", "4711") is Cause.GATEWAY_DOWN
        names.records["carrier.example", "A"] = ["127.0.0.1"]
        await ours.until("TRYING", "REGED")


# Calls.


def raised(ours: Switch, name: str, number: str) -> Cause | None:
    """Why there is no way; nothing if there is."""
    try:
        ours.gateways.ways(name, number)
    except CallError as error:
        return error.cause
    return None


AT = ("192.0.2.1", 5070)


async def started(ours: Switch, *configs: GatewayConfig) -> None:
    """Start gateways that are not asked for anything, and wait until calls can go out."""
    await ours.gateways.start(configs)
    await eventually(lambda: all(one.up for one in ours.gateways.status()))


@pytest.mark.item("S95")
async def test_a_way_says_all_that_a_call_needs() -> None:
    plain = GatewayConfig("plain", Proxy(*AT), ping=0.0)
    said = replace(
        account(AT, "said", register=False),
        auth_username="auth77",
        from_user="15550100",
        srtp="sdes",
        codecs=("PCMA",),
        trusted=True,
        contact_params={"ob": None},
    )
    async with switch() as ours:
        await started(ours, plain, said, replace(plain, name="shows", caller_id="+15550199"))
        (way,) = ours.gateways.ways("plain", "+49 (30) 12-34")
        assert str(way.uri) == str(way.to) == "sip:+49301234@192.0.2.1:5070" and way.flow.remote == AT
        assert (way.media, way.codecs, way.domain, way.user) == (Transport.RTP, (), "", "")
        assert (way.login, way.trusted, way.gateway) == (None, False, "plain") and way.contact.startswith("gw-")
        assert way.times and way.times.t1 * 64 == 6.0
        (way,) = ours.gateways.ways("said", "4711")
        assert (way.media, way.codecs, way.domain, way.user) == (Transport.SRTP, ("PCMA",), "192.0.2.1", "15550100")
        assert way.login and way.login.username == "auth77" and way.trusted and way.contact_params == {"ob": None}
        assert way.login is not ours.gateways.ways("said", "4711")[0].login  # each call has its own
        assert ours.gateways.ways("shows", "4711")[0].user == "+15550199"


@pytest.mark.item("S100")
@pytest.mark.item("S105")
async def test_what_may_not_be_dialled_is_not() -> None:
    (config,) = load_rules()
    async with switch() as ours:
        await started(ours, config)
        assert {number: raised(ours, "carrier", number) for number in NUMBERS} == NUMBERS
        assert str(ours.gateways.ways("carrier", "0301")[0].uri) == "sip:+49301@192.0.2.1:5070"
        assert raised(ours, "nobody", "1") is Cause.INVALID_GATEWAY


BARRED, BAD = Cause.OUTGOING_CALL_BARRED, Cause.INVALID_NUMBER_FORMAT
NUMBERS = {
    "0301": None,
    "bob_2": None,
    "+1900555": BARRED,
    "+1 (900) 555": BARRED,
    "+1.900-555": BARRED,
    "0900555": BARRED,  # as it is dialled
    "09001": BARRED,
    "080555": BARRED,  # as it goes out
    "": BAD,
    "1;x=y": BAD,
    "1@evil.example": BAD,
    "%31": BAD,
    "1\r\nX: y": BAD,
    "\u0661": BAD,
    "1" * 65: BAD,
}


def load_rules() -> tuple[GatewayConfig, ...]:
    """A gateway with rules."""
    rules = [{"match": "0(80.*)", "replace": "+1900$1"}, {"match": "0(.*)", "replace": "+49$1"}]
    table = {"proxy": "192.0.2.1:5070", "ping": 0, "rewrite": rules, "deny": ["+1900", "0900"]}
    return load({"gateway": {"carrier": table}})


@pytest.mark.item("S100")
async def test_calls_have_limits_both_ways() -> None:
    async with switch() as ours:
        await started(ours, GatewayConfig("carrier", Proxy(*AT), ping=0.0, max_calls=2, trusted=True))
        gateway = ours.gateways.recognise(invite(), far(AT[0], ours=ours))
        assert gateway
        out, into = ours.gateways.taken("carrier"), ours.gateways.taken("carrier", inbound=True)
        assert raised(ours, "carrier", "4711") is Cause.SWITCH_CONGESTION and not ours.gateways.admit(gateway)
        (standing,) = ours.gateways.status()
        assert (standing.inbound, standing.outbound, standing.target) == (1, 1, "udp:192.0.2.1:5070")
        out.end()
        assert ours.gateways.admit(gateway) and raised(ours, "carrier", "4711") is None
        into.end()


@pytest.mark.item("S100")
async def test_calls_begin_at_a_rate() -> None:
    async with switch() as ours:
        await started(ours, GatewayConfig("carrier", Proxy(*AT), ping=0.0, calls_per_second=10.0))
        while raised(ours, "carrier", "4711") is None:
            ours.gateways.taken("carrier").end()
            assert len(ours.node.opened) < 50
        assert raised(ours, "carrier", "4711") is Cause.SWITCH_CONGESTION
        await eventually(lambda: raised(ours, "carrier", "4711") is None, 1.0)


async def test_gateways_of_a_route_are_tried_by_weight() -> None:
    async with switch() as ours:
        gateways = Gateways(
            ours.stack,
            ours.node,
            Settings(),
            lambda *facts: None,
            Resolver([("127.0.0.1", 9)]),
            chance=random.Random(7).random,
        )
        await gateways.start([GatewayConfig(name, Proxy(*AT), ping=0.0, weight=w) for name, w in [("a", 9), ("b", 1)]])
        firsts = Counter(gateways.order(["b", "a"])[0] for _ in range(1000))
        assert 850 < firsts["a"] < 950
        assert sorted(gateways.order(["a", "nobody"])) == ["a", "nobody"]
        await gateways.stop()


# Who calls.


@pytest.mark.item("S99")
async def test_a_gateway_is_known_by_our_contact_then_by_its_address() -> None:
    async with carrier(good) as there, zone({("home.example", "A"): ["192.0.2.50"]}) as names, switch(names.at) as ours:
        registered = account(there.node.at, "registered")
        listed = GatewayConfig("listed", Proxy(*AT), ping=0.0, allow=(ip_network("198.51.100.0/24"),))
        trusted = GatewayConfig("trusted", Proxy("home.example", 5060), ping=0.0, trusted=True)
        await started(ours, registered, listed, trusted)
        token = (await there.next()).contacts[0].uri.user

        def known(host: str, request: Request, transport: str = "UDP") -> str:
            found = ours.gateways.recognise(request, far(host, transport, ours=ours))
            return found.config.name if found else ""

        assert known("203.0.113.1", invite(f"sip:{token}@pbx.example")) == "registered"
        assert known("198.51.100.9", invite(f"sip:{token}@pbx.example")) == "registered"  # the token comes first
        assert known("127.0.0.1", invite()) == "registered"  # the address that we register at
        assert known("198.51.100.9", invite()) == "listed"
        assert known("198.51.100.9", invite(), "TLS") == "listed"
        assert known("192.0.2.50", invite()) == "trusted"
        assert known("192.0.2.1", invite()) == ""  # a mere proxy is not believed
        assert known("203.0.113.1", invite()) == ""
        assert known("198.51.100.9", invite(), "WSS") == ""
        assert ours.gateways.addresses() == {"127.0.0.1", "192.0.2.1", "192.0.2.50"}
        gateway = ours.gateways.recognise(invite(f"sip:{token}@pbx.example"), far("203.0.113.1", ours=ours))
        assert gateway
        assert ours.gateways.dialled(invite(f"sip:{token}@pbx.example"), gateway) == "4711"
        assert ours.gateways.caller(invite(), gateway) == ("Bob", "0301")
        await ours.gateways.reload([listed])
        assert known("203.0.113.1", invite(f"sip:{token}@pbx.example")) == ""


@pytest.mark.item("S99")
async def test_of_two_accounts_at_one_address_the_one_that_is_called_is_meant() -> None:
    async with carrier(good) as there, switch() as ours:
        await started(ours, *(account(there.node.at, name, username=f"acct-{name}") for name in "ab"))
        flow = far("127.0.0.1", ours=ours)
        for uri, to, name in [
            ("sip:acct-b@pbx.example", "<sip:4711@x>", "b"),
            ("sip:4711@pbx.example", "<sip:acct-b@x>", "b"),
            ("sip:4711@pbx.example", "<sip:4711@x>", "a"),
        ]:
            found = ours.gateways.recognise(invite(uri, to), flow)
            assert found and found.config.name == name


async def test_what_is_answered_after_the_end_is_not_heard() -> None:
    async with carrier(silent) as there, switch() as ours:
        await ours.gateways.start([account(there.node.at)])
        sent = await there.next()
        await ours.gateways.stop(0.05)
        ours.stack.received(response_to(sent, 200), UdpFlow(ours.node, there.node.at))
        assert ours.told.qsize() == 1  # TRYING
