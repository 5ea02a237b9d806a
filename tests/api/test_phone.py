"""Tokens for phones on web pages: who gets one, and how long it lasts."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.api.lodge import PASSWORD, Lodge, lodge
from xswitch_py.base.address import Address
from xswitch_py.base.errors import AuthError
from xswitch_py.core.access import Asker
from xswitch_py.core.commands import keys
from xswitch_py.models.keys import NewKey


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Lodge]:
    async with lodge(tmp_path) as made:
        yield made


async def enters(at: Lodge, name: str, word: str) -> bool:
    """Log in as Verto does."""
    try:
        await at.directory.login(name, word, "192.0.2.50")
    except AuthError:
        return False
    return True


async def test_a_page_gets_a_word_for_its_phone(at: Lodge) -> None:
    reply = await (await at.page("1000")).post("/phone/token")
    said = reply.json()
    assert reply.status_code == 200
    assert (said["login"], said["domain"], said["number"], said["display_name"]) == (
        "1000", "pbx.test", "1000", "User 1000",
    )  # fmt: skip
    left = (datetime.fromisoformat(said["expires"]) - datetime.now(UTC)).total_seconds()
    assert 290 < left <= 300
    assert await enters(at, "1000", said["token"])
    assert await enters(at, "1000@pbx.test", said["token"])
    assert not await enters(at, "1001", said["token"])
    assert not await enters(at, "1000", PASSWORD)  # the web password is no phone secret


async def test_the_first_admin_has_a_phone_and_calls_by_999(at: Lodge) -> None:
    said = (await (await at.page()).post("/phone/token")).json()
    assert (said["login"], said["number"]) == ("admin", "999")
    assert await enters(at, "admin", said["token"])


async def test_who_has_no_number_gets_none(at: Lodge) -> None:
    reply = await (await at.page("olga")).post("/phone/token")
    assert (reply.status_code, reply.json()["code"]) == (409, "conflict")


async def test_a_key_gets_one_for_its_owner(at: Lodge) -> None:
    said = (await at.client(await at.key()).post("/phone/token")).json()
    assert said["login"] == "admin" and await enters(at, "admin", said["token"])
    who = Asker("1000", "user", frozenset({"__ANY__"}), Address("1000", "pbx.test"))
    scopes = sorted(at.desk.roles["user"].api)
    key = (await keys.create(at.desk, who, NewKey(name="a phone", scopes=scopes))).secret
    assert await enters(at, "1000", (await at.client(key).post("/phone/token")).json()["token"])


async def test_a_server_gets_one_for_whose_page_it_makes(at: Lodge) -> None:
    server = at.client(await at.key("phone:write", "users:write", *at.desk.roles["user"].api))
    said = (await server.post("/phone/token", params={"user": "1000"})).json()
    assert said["login"] == "1000" and await enters(at, "1000", said["token"])
    assert at.audit[-1].target == "1000"


@pytest.mark.parametrize(
    ("scopes", "user", "code"),
    [
        (["phone:write"], "1000", "forbidden"),
        (["phone:write", "users:write"], "1000", "forbidden"),  # who is 1000 may read call records
        (["phone:write", "users:write", "user"], "oleg", "forbidden"),
        (["phone:write", "users:write", "user"], "admin", "forbidden"),
        (["phone:write", "users:write", "user"], "nobody", "not_found"),
        (["__ANY__"], "olga", "conflict"),  # has no number
    ],
)
async def test_nobody_gets_one_for_who_may_do_more(at: Lodge, scopes: list[str], user: str, code: str) -> None:
    await at.person("oleg", "operator", number="1002")
    all_of = [name for each in scopes for name in (at.desk.roles["user"].api if each == "user" else [each])]
    reply = await at.client(await at.key(*all_of)).post("/phone/token", params={"user": user})
    assert reply.json()["code"] == code


async def test_a_key_that_may_do_little_gets_no_way_into_its_owners_socket(at: Lodge) -> None:
    """There its owner may do whatever the role may, by JSON-RPC."""
    await at.person("oleg", "operator", number="1002")
    for owner, role in (("admin", "admin"), ("oleg", "operator")):
        key = await at.key("phone:write", "me:read", owner=owner, role=role)
        reply = await at.client(key).post("/phone/token")
        assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")
    assert (await (await at.page("oleg")).post("/phone/token")).status_code == 200


async def test_logging_out_ends_it(at: Lodge) -> None:
    page, other = await at.page("1000"), await at.page("1000", host="192.0.2.2")
    token, kept = [(await each.post("/phone/token")).json()["token"] for each in (page, other)]
    assert await enters(at, "1000", token) and await enters(at, "1000", kept)
    await page.post("/auth/logout")
    assert not await enters(at, "1000", token)
    assert await enters(at, "1000", kept)


async def test_a_new_password_ends_those_of_the_other_sessions(at: Lodge) -> None:
    page, other = await at.page("1000"), await at.page("1000", host="192.0.2.2")
    kept, token = [(await each.post("/phone/token")).json()["token"] for each in (page, other)]
    await page.post("/auth/password", json={"old_password": PASSWORD, "new_password": "another word"})
    assert await enters(at, "1000", kept) and not await enters(at, "1000", token)


async def test_a_session_that_somebody_else_removed_takes_it_along(at: Lodge) -> None:
    token = (await (await at.page("1000")).post("/phone/token")).json()["token"]
    assert await enters(at, "1000", token)
    await at.store.sessions.remove_user("1000")
    await at.logins.tidy()
    assert not await enters(at, "1000", token)


async def test_who_is_disabled_does_not_enter_with_it(at: Lodge) -> None:
    token = (await (await at.page("1000")).post("/phone/token")).json()["token"]
    await at.store.database.run("UPDATE users SET enabled = 0 WHERE name = '1000'")
    assert not await enters(at, "1000", token)


async def test_a_cookie_alone_does_not_get_one(at: Lodge) -> None:
    page = await at.page("1000")
    del page.headers["X-CSRF-Token"]
    assert (await page.post("/phone/token")).json()["code"] == "csrf"


async def test_the_word_is_in_no_audit_and_no_repr(at: Lodge) -> None:
    token = (await (await at.page("1000")).post("/phone/token")).json()["token"]
    entry = at.audit[-1]
    assert (entry.command, entry.who, entry.target, entry.outcome) == ("phone.token", "1000", "", "done")
    assert token not in repr((at.audit, at.directory.tokens, vars(at.directory.tokens)))
