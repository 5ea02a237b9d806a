"""Who comes in by what they bring: keys, their bounds, and budgets."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.lodge import PASSWORD, ROLES, Lodge, lodge
from xswitch_py.api.budget import Budgets, Rate
from xswitch_py.api.gatekeeper import COOKIE, narrowed
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Lodge]:
    async with lodge(tmp_path) as made:
        yield made


async def status(at: Lodge, key: str, host: str = "192.0.2.1") -> int:
    return (await at.client(key, host=host).get("/auth/me")).status_code


async def refusal(at: Lodge, headers: dict[str, str], host: str = "192.0.2.1", **more: bool) -> Code:
    with pytest.raises(Refused) as refused:
        await at.gate.identify(headers, host, **({"secure": True, "safe": True} | more))
    return refused.value.code


async def test_a_key_opens_what_its_owner_may(at: Lodge) -> None:
    assert await status(at, await at.key()) == 200


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer xs_",
        "Bearer xs_wrong",
        "Bearer wrong",
        "Bearer xs_" + "x" * 100_000,
        "Bearer xs_\udcff",
        "Basic YWRtaW46cmlnaHQtaG9yc2U=",
        "Digest x",
        "xs_wrong",
    ],
)
async def test_nothing_else_opens(at: Lodge, given: str) -> None:
    assert await refusal(at, {"authorization": given}) is Code.NOT_AUTHENTICATED


async def test_the_word_bearer_is_read_in_any_spelling(at: Lodge) -> None:
    key = await at.key()
    asker = await at.gate.identify({"authorization": f"bearer  {key} "}, "192.0.2.1", secure=False, safe=False)
    assert str(asker.user) == "admin@pbx.test" and asker.name.startswith("key_")


async def test_a_key_in_the_address_is_not_read(at: Lodge) -> None:
    key = await at.key()
    for name in ("token", "access_token", "api_key", "key"):
        assert (await at.client().get("/auth/me", params={name: key})).status_code == 401


async def test_a_wrong_key_is_not_helped_by_a_good_cookie(at: Lodge) -> None:
    page = await at.page()
    assert (await page.get("/auth/me", headers={"Authorization": "Bearer xs_wrong"})).status_code == 401


async def test_an_expired_key_opens_nothing(at: Lodge) -> None:
    key = await at.key(expires=datetime.now(UTC) + timedelta(hours=1))
    assert await status(at, key) == 200
    await at.store.database.run("UPDATE api_keys SET expires = ?", (time.time() - 0.001,))
    forget(at)
    assert await status(at, key) == 401


def forget(at: Lodge) -> None:
    """Let keys be looked up anew, as after a second."""
    at.gate._known.clear()


@pytest.mark.parametrize(
    ("network", "host", "opens"),
    [
        ("198.51.100.0/24", "198.51.100.7", True),
        ("198.51.100.0/24", "198.51.101.7", False),
        ("198.51.100.0/24", "::ffff:198.51.100.7", True),
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::/32", "198.51.100.7", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("0.0.0.0/0", "", False),
        ("0.0.0.0/0", "unknown", False),
    ],
)
async def test_a_key_opens_only_from_its_networks(at: Lodge, network: str, host: str, opens: bool) -> None:
    headers = {"authorization": f"Bearer {await at.key(networks=['203.0.113.0/24', network])}"}
    if opens:
        assert (await at.gate.identify(headers, host, secure=True, safe=False)).host == host
    else:
        assert await refusal(at, headers, host) is Code.NOT_AUTHENTICATED


async def test_the_keys_of_who_is_gone_or_disabled_open_nothing(at: Lodge) -> None:
    key, other = await at.key(owner="olga", role="operator"), await at.key()
    user = await at.store.users.get("olga", "pbx.test")
    assert user is not None and await status(at, key) == 200
    await at.store.users.remove("olga", "pbx.test")
    assert await status(at, key) == 401
    await at.person("olga", "operator", enabled=False)
    assert await status(at, key) == 401
    assert await status(at, other) == 200


async def test_a_key_may_do_what_its_owners_role_may_now(at: Lodge) -> None:
    key = await at.key("users:write", "calls:read", "cdr:read:own")
    assert (await at.client(key).get("/auth/me")).status_code == 403  # it has no me:read
    headers = {"authorization": f"Bearer {key}"}
    asker = await at.gate.identify(headers, "192.0.2.1", secure=True, safe=True)
    assert asker.granted == {"users:write", "calls:read", "cdr:read:own"}
    await at.store.database.run("UPDATE users SET role = 'user' WHERE name = 'admin'")
    at.directory._seen = None
    asker = await at.gate.identify(headers, "192.0.2.1", secure=True, safe=True)
    assert asker.role == "user" and asker.granted == {"calls:read:own", "cdr:read:own"}
    await at.store.database.run("UPDATE users SET role = 'no such role' WHERE name = 'admin'")
    at.directory._seen = None
    assert (await at.gate.identify(headers, "192.0.2.1", secure=True, safe=True)).granted == frozenset()


@pytest.mark.parametrize(
    ("granted", "scopes", "has"),
    [
        (["__ANY__"], ["calls:read"], ["calls:read"]),
        (["__ANY__"], ["__ANY__"], ["__ANY__"]),
        (["__ANY__"], [], ["__ANY__"]),
        (["calls:read"], ["__ANY__"], ["calls:read"]),
        (["calls:read"], ["calls:read", "calls:write"], ["calls:read"]),
        (["calls:read"], ["calls:read:own"], ["calls:read:own"]),
        (["calls:read:own"], ["calls:read"], ["calls:read:own"]),
        (["calls:read:own"], ["calls:read:own"], ["calls:read:own"]),
        (["calls:write"], ["calls:write:own"], ["calls:write:own"]),
        ([], ["calls:read", "__ANY__"], []),
        (["users:read"], ["calls:read"], []),
    ],
)
def test_a_key_has_what_both_its_scopes_and_the_role_have(
    granted: list[str], scopes: list[str], has: list[str]
) -> None:
    assert narrowed(frozenset(granted), tuple(scopes)) == frozenset(has)


def test_no_key_of_any_role_has_more_than_the_role() -> None:
    every = sorted({scope for role in ROLES.values() for scope in role.api})
    for role in ("user", "operator"):
        granted = ROLES[role].api
        for scope in narrowed(granted, (*every[1:], "calls:write")):
            assert scope in granted or scope.removesuffix(":own") in granted


async def test_a_removed_key_opens_nothing_after_a_second(at: Lodge, monkeypatch: pytest.MonkeyPatch) -> None:
    key = await at.key()
    assert await status(at, key) == 200
    await at.store.keys.remove((await at.store.keys.list())[0].id)
    assert await status(at, key) == 200  # it is believed for a moment
    monkeypatch.setattr("xswitch_py.api.gatekeeper.RECENT", 0.0)
    assert await status(at, key) == 401


async def test_a_key_is_looked_up_once_a_second_however_often_it_comes(at: Lodge) -> None:
    headers, asked = {"authorization": f"Bearer {await at.key()}"}, 0
    get = at.store.keys.get

    async def counted(hash: str) -> Any:
        nonlocal asked
        asked += 1
        return await get(hash)

    at.store.keys.get = counted  # type: ignore[method-assign]
    began = time.process_time()
    for _ in range(1000):
        await at.gate.identify(headers, "192.0.2.1", secure=True, safe=True)
    assert asked <= 3
    assert time.process_time() - began < 0.5  # so that a thousand requests a second are left most of a core


async def test_when_a_key_was_used_is_written_later(at: Lodge) -> None:
    key, never = await at.key(), await at.key()
    for _ in range(3):
        assert await status(at, key) == 200
    assert [each.used for each in await at.store.keys.list()] == [None, None]
    at.gate.close()
    await at.gate.run()
    used = [each.used for each in await at.store.keys.list()]
    assert used[0] is not None and time.time() - used[0] < 10 and used[1] is None and never


async def test_closing_ends_the_run_at_once(at: Lodge) -> None:
    at.gate.close()
    began = time.monotonic()
    await at.gate.run()
    assert time.monotonic() - began < 2


async def test_a_cookie_among_others_that_are_malformed_is_found(at: Lodge) -> None:
    page = await at.page()
    cookie = f'bad"; {{"json": 1}}; x=y; __Host-xswitch={page.cookies["__Host-xswitch"]}; __Host-other=z'
    asker = await at.gate.identify({"cookie": cookie}, "192.0.2.1", secure=True, safe=True)
    assert asker.name == "admin"


@pytest.mark.parametrize("value", ["", "x", "x" * 10_000, "\udcff", '"quoted"', "__Host-xswitch="])
async def test_a_cookie_that_is_not_ours_opens_nothing(at: Lodge, value: str) -> None:
    assert await refusal(at, {"cookie": f"__Host-xswitch={value}"}) is Code.NOT_AUTHENTICATED
    assert await refusal(at, {"cookie": f"xswitch={value}"}) is Code.NOT_AUTHENTICATED


async def test_the_parts_serve_sockets_and_scripts_as_well(at: Lodge) -> None:
    page = await at.page("1000")
    headers = {"cookie": f"__Host-xswitch={page.cookies['__Host-xswitch']}"}
    assert (await at.gate.identify(headers, "192.0.2.1", secure=True, safe=True)).role == "user"
    assert await refusal(at, headers, safe=False) is Code.CSRF
    assert await refusal(at, headers, secure=False) is Code.NOT_AUTHENTICATED
    headers["x-csrf-token"] = page.headers["X-CSRF-Token"]
    assert (await at.gate.identify(headers, "192.0.2.1", secure=True, safe=False)).role == "user"


# Budgets.


async def test_one_key_may_come_a_thousand_times_a_second() -> None:
    budgets = Budgets()
    for number in range(20_000):
        budgets.spend_host("192.0.2.1", number / 1000)
        budgets.spend_asker("key_1", number / 1000)


async def test_who_asks_too_much_is_told_when_to_come_again(tmp_path: Path) -> None:
    async with lodge(tmp_path, Budgets(asker=Rate(0.5, 3))) as at:
        client, other = at.client(await at.key()), at.client(await at.key())
        assert [(await client.get("/auth/me")).status_code for _ in range(3)] == [200] * 3
        reply = await client.get("/auth/me")
        assert (reply.status_code, reply.json()["code"]) == (429, "too_many_requests")
        assert reply.headers["retry-after"] == "2"
        assert (await other.get("/auth/me")).status_code == 200


async def test_a_source_has_a_budget_too_and_failures_cost_more(tmp_path: Path) -> None:
    async with lodge(tmp_path, Budgets(host=Rate(1.0, 50), failure=24)) as at:
        client = at.client("xs_guess")
        assert [(await client.get("/auth/me")).status_code for _ in range(3)] == [401, 401, 429]
        good = await at.key()
        assert (await at.client(good).get("/auth/me")).status_code == 429
        assert (await at.client(good, host="192.0.2.2").get("/auth/me")).status_code == 200


async def test_logins_cost_a_source_more_than_requests(tmp_path: Path) -> None:
    async with lodge(tmp_path, Budgets(host=Rate(1.0, 100), login=40)) as at:
        wish = {"user": "admin", "password": "guess"}
        seen = [(await at.client().post("/auth/login", json=wish)).status_code for _ in range(3)]
        assert seen == [401, 401, 429]
        assert len(at.checks) == 2


def test_buckets_fill_up_again_and_no_further() -> None:
    budgets = Budgets(asker=Rate(10, 20))
    for _ in range(20):
        budgets.spend_asker("key", 100.0)
    with pytest.raises(Refused) as refused:
        budgets.spend_asker("key", 100.05)
    assert refused.value.facts["retry_after"] == pytest.approx(0.05)
    budgets.spend_asker("key", 100.2)
    for _ in range(20):
        budgets.spend_asker("key", 9999.0)
    with pytest.raises(Refused):
        budgets.spend_asker("key", 9999.0)


def test_what_costs_more_than_a_bucket_holds_can_be_had_all_the_same() -> None:
    """An operator who grants little can still log in."""
    budgets = Budgets(host=Rate(1.0, 15.0))
    budgets.spend_host("192.0.2.1", 0.0, budgets.login)
    with pytest.raises(Refused):
        budgets.spend_host("192.0.2.1", 14.0, budgets.login)
    budgets.spend_host("192.0.2.1", 15.0, budgets.login)


def test_an_ipv6_network_is_one_source() -> None:
    budgets = Budgets(host=Rate(1, 2))
    budgets.spend_host("2001:db8::1", 0.0)
    budgets.spend_host("2001:db8::2%eth0", 0.0)
    with pytest.raises(Refused):
        budgets.spend_host("2001:db8:0:0:ffff::3", 0.0)
    budgets.spend_host("2001:db8:0:1::3", 0.0)
    budgets.spend_host("::ffff:192.0.2.1", 0.0)
    budgets.spend_host("192.0.2.1", 0.0)
    with pytest.raises(Refused):
        budgets.spend_host("192.0.2.1", 0.0)


def test_no_flood_of_sources_fills_the_memory() -> None:
    budgets = Budgets()
    for number in range(30_000):
        budgets.spend_host(f"10.0.{number >> 8}.{number & 255}", 0.0)
        budgets.fail(f"some name {number}", 0.0)
    assert budgets.known == 20_000


@pytest.mark.parametrize(
    ("origin", "host", "ours"),
    [
        (None, "pbx.test", True),
        ("https://pbx.test", "pbx.test", True),
        ("https://PBX.test", "pbx.test", True),
        ("https://pbx.test:8443", "pbx.test:8443", True),
        ("https://pbx.test:8443", "pbx.test", True),  # a proxy took the port away
        ("https://pbx.test", "pbx.test:443", True),
        ("http://localhost:8081", "localhost:8081", True),
        ("http://[::1]:8081", "[::1]:8081", True),
        ("http://localhost:3000", "localhost:8081", False),  # a cookie crosses ports
        ("http://localhost", "localhost:8081", False),
        ("https://evil.test", "pbx.test", False),
        ("https://pbx.test.evil.test", "pbx.test", False),
        ("https://evil.test/pbx.test", "pbx.test", False),
        ("https://pbx.test@evil.test", "pbx.test", False),
        ("null", "pbx.test", False),
        ("null", "", False),
        ("", "pbx.test", False),
        ("", "", False),
        ("https://", "", False),
        ("chrome-extension://pbx.test", "pbx.test", False),
        ("https://[", "pbx.test", False),
        ("https://pbx.test:99999", "pbx.test", False),
        ("https://pbx.test", "", False),
    ],
)
async def test_a_cookie_is_for_pages_of_our_own_origin(at: Lodge, origin: str | None, host: str, ours: bool) -> None:
    """X5: also where the browser sends it, as it does to each port of a host."""
    cookie = (await at.page()).cookies[COOKIE]
    headers = {"cookie": f"{COOKIE}={cookie}", "host": host} | ({} if origin is None else {"origin": origin})
    if ours:
        assert (await at.gate.identify(headers, "192.0.2.1", secure=True, safe=True)).name == "admin"
    else:
        assert await refusal(at, headers) is Code.CSRF
    key = {"authorization": f"Bearer {await at.key()}", "host": host, "origin": origin or ""}
    assert (await at.gate.identify(key, "192.0.2.1", secure=True, safe=False)).role == "admin"


async def test_a_page_of_another_origin_logs_nobody_in(at: Lodge) -> None:
    """X5: or who works there would work in the attacker's name."""
    reply = await at.client().post(
        "/auth/login", json={"user": "admin", "password": PASSWORD}, headers={"Origin": "https://evil.test"}
    )
    assert (reply.status_code, reply.json()["code"]) == (403, "csrf")
    assert "set-cookie" not in reply.headers and at.checks == []
