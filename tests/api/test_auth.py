"""Logging in on web pages: the cookie, what it is good for, and what guessing costs."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from tests.api.lodge import PASSWORD, Lodge, lodge
from xswitch_py.base.events import SourceBlocked
from xswitch_py.core.guard import Offence

COOKIE = "__Host-xswitch"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Lodge]:
    async with lodge(tmp_path) as made:
        yield made


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass between tries, however busy the machine is."""
    clock = SimpleNamespace(monotonic=lambda: 1000.0, time=time.time)
    monkeypatch.setattr("xswitch_py.core.web_login.time", clock)


def login(user: str = "admin", password: str = PASSWORD) -> dict[str, str]:
    return {"user": user, "password": password}


async def test_whoever_knows_the_password_gets_a_cookie_that_no_script_reads(at: Lodge) -> None:
    reply = await at.client().post("/auth/login", json=login())
    assert reply.status_code == 200
    name, *attributes = [part.strip() for part in reply.headers["set-cookie"].split(";")]
    assert name.startswith(f"{COOKIE}=") and len(name) > 50
    assert {each.lower() for each in attributes} == {"httponly", "path=/", "samesite=strict", "secure"}
    said = reply.json()
    assert (said["user"], said["role"], said["scopes"], said["number"]) == ("admin", "admin", ["__ANY__"], "999")
    assert said["csrf"] and said["csrf"] not in name


async def test_the_database_does_not_know_the_cookie(at: Lodge) -> None:
    reply = await at.client().post("/auth/login", json=login())
    rows = await at.store.database.rows("SELECT * FROM web_sessions")
    assert len(rows) == 1 and reply.cookies[COOKIE] not in map(str, tuple(rows[0]))


@pytest.mark.parametrize("user", ["admin@pbx.test", "admin@elsewhere.example", " admin "])
async def test_the_domain_is_ours_however_it_is_spelt(at: Lodge, user: str) -> None:
    reply = await at.client().post("/auth/login", json=login(user))
    assert reply.status_code == 200


async def test_whoever_is_logged_in_is_told_who_they_are(at: Lodge) -> None:
    page = await at.page("1000")
    said = (await page.get("/auth/me")).json()
    assert (said["name"], said["user"], said["role"], said["number"], said["domain"]) == (
        "1000", "1000", "user", "1000", "pbx.test",
    )  # fmt: skip
    assert said["csrf"] == page.headers["X-CSRF-Token"]
    assert "calls:read:own" in said["scopes"] and "calls:read" not in said["scopes"]


async def test_who_has_no_number_is_shown_none(at: Lodge) -> None:
    assert (await (await at.page("olga")).get("/auth/me")).json()["number"] is None


async def test_a_key_has_no_csrf_token(at: Lodge) -> None:
    said = (await at.client(await at.key()).get("/auth/me")).json()
    assert said["csrf"] is None and said["user"] == "admin" and said["name"].startswith("key_")


async def test_nobody_is_told_nothing(at: Lodge) -> None:
    reply = await at.client().get("/auth/me")
    assert reply.status_code == 401
    assert reply.json()["code"] == "not_authenticated"
    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("token", [None, "", "wrong", "ümlaut"])
async def test_a_change_by_cookie_needs_the_token_of_the_session(at: Lodge, token: str | None) -> None:
    page = await at.page()
    del page.headers["X-CSRF-Token"]
    headers = {} if token is None else {"X-CSRF-Token": token.encode()}
    wish = {"old_password": PASSWORD, "new_password": "another word"}
    reply = await page.post("/auth/password", json=wish, headers=headers)  # type: ignore[arg-type]
    assert (reply.status_code, reply.json()["code"]) == (403, "csrf")
    assert (await at.client().post("/auth/login", json=login())).status_code == 200  # nothing has changed


async def test_the_token_of_another_session_is_not_enough(at: Lodge) -> None:
    page, other = await at.page(), await at.page("1000", host="192.0.2.9")
    page.headers["X-CSRF-Token"] = other.headers["X-CSRF-Token"]
    reply = await page.post("/auth/logout")
    assert (reply.status_code, reply.json()["code"]) == (403, "csrf")


async def test_logging_out_ends_the_session(at: Lodge) -> None:
    page = await at.page()
    cookie = page.cookies[COOKIE]
    reply = await page.post("/auth/logout")
    assert reply.status_code == 204 and "Max-Age=0" in reply.headers["set-cookie"]
    again = await at.client().get("/auth/me", headers={"Cookie": f"{COOKIE}={cookie}"})
    assert again.status_code == 401


async def test_a_cookie_that_somebody_planted_is_not_taken_over(at: Lodge) -> None:
    """Session fixation."""
    planted = {"Cookie": f"{COOKIE}=chosen-by-the-attacker"}
    reply = await at.client().post("/auth/login", json=login(), headers=planted)
    assert reply.cookies[COOKIE] != "chosen-by-the-attacker"
    assert (await at.client().get("/auth/me", headers=planted)).status_code == 401


async def test_logging_in_anew_ends_the_session_before(at: Lodge) -> None:
    page = await at.page()
    before = page.cookies[COOKIE]
    assert (await page.post("/auth/login", json=login())).status_code == 200
    assert page.cookies[COOKIE] != before
    assert (await at.client().get("/auth/me", headers={"Cookie": f"{COOKIE}={before}"})).status_code == 401
    assert (await page.get("/auth/me")).status_code == 200


@pytest.mark.parametrize("base", ["http://pbx.test", "http://192.0.2.7:8081", "http://localhost.evil.test"])
async def test_no_password_is_taken_where_others_can_listen(at: Lodge, base: str) -> None:
    reply = await at.client(base=base).post("/auth/login", json=login())
    assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")
    assert "https" in reply.json()["detail"] and "set-cookie" not in reply.headers
    assert at.checks == []


@pytest.mark.parametrize("base", ["http://localhost:8081", "http://127.0.0.1:8081", "http://[::1]:8081"])
async def test_on_the_machine_itself_plain_http_will_do(at: Lodge, base: str) -> None:
    client = at.client(base=base)
    reply = await client.post("/auth/login", json=login())
    assert reply.status_code == 200
    cookie = {"Cookie": f"{COOKIE}={reply.cookies[COOKIE]}"}  # httpx keeps to https, browsers trust this machine
    assert (await client.get("/auth/me", headers=cookie)).status_code == 200


async def test_a_cookie_that_came_by_plain_http_is_nothing(at: Lodge) -> None:
    cookie = {"Cookie": f"{COOKIE}={(await at.page()).cookies[COOKIE]}"}
    assert (await at.client(base="http://pbx.test").get("/auth/me", headers=cookie)).status_code == 401


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_a_form_of_another_site_cannot_log_in(at: Lodge, kind: str | None) -> None:
    """What a page may send anywhere without being asked first."""
    headers = {} if kind is None else {"Content-Type": kind}
    reply = await at.client().post("/auth/login", content=json.dumps(login()), headers=headers)
    assert reply.status_code == 422 and "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user": "admin"},
        {"user": "admin", "password": PASSWORD, "remember": True},
        {"user": ["admin"], "password": PASSWORD},
        {"user": "a" * 201, "password": PASSWORD},
        {"user": "admin", "password": "x" * 201},
        {"user": "admin", "password": 1},
        {"user": "ad\nmin", "password": PASSWORD},
        {"user": "admin", "password": None},
    ],
)
async def test_what_is_no_login_is_refused_without_a_check(at: Lodge, body: object) -> None:
    reply = await at.client().post("/auth/login", json=body)
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid")
    assert PASSWORD not in reply.text and at.checks == []


@pytest.mark.parametrize("user", ["nobody", "a" * 65, "1000", "@pbx.test", "\u202e", "gone", "mute"])
async def test_wrong_unknown_disabled_and_without_password_look_the_same(at: Lodge, user: str) -> None:
    """X6."""
    await at.person("gone", enabled=False)
    await at.person("mute", web=False)
    password = "wrong" if user in ("1000", "mute") else PASSWORD
    reply = await at.client().post("/auth/login", json=login(user, password))
    known = {key: value for key, value in reply.json().items() if key != "request_id"}
    assert reply.status_code == 401 and "set-cookie" not in reply.headers
    assert known == {
        "type": "/docs/problems#not_authenticated",
        "title": "Who you are is not known",
        "status": 401,
        "code": "not_authenticated",
        "detail": "wrong user or password",
        "instance": "/api/v1/auth/login",
    }
    assert len(at.checks) == 1  # argon2 ran for each


async def test_how_long_no_takes_says_nothing(tmp_path: Path) -> None:
    """X6: not a proof, but without a check for whoever does not exist the ratio would be above ten."""
    took: dict[str, list[float]] = {"1000": [], "nobody": [], "gone": [], "mute": []}
    async with lodge(tmp_path, lasting=True) as at:
        await at.person("gone", enabled=False)
        await at.person("mute", web=False)
        for number in range(7):
            for user, times in took.items():
                began = time.perf_counter()
                reply = await at.client(host=f"198.51.100.{number}").post("/auth/login", json=login(user, "wrong"))
                times.append(time.perf_counter() - began)
                assert reply.status_code == 401
    known, *others = map(min, took.values())  # the least disturbed by what else the machine does
    assert all(known / 3 < other < known * 3 for other in others)


@pytest.mark.usefixtures("still")
async def test_after_five_failures_a_guesser_waits_and_nothing_is_checked(at: Lodge) -> None:
    client = at.client()
    for _ in range(6):
        assert (await client.post("/auth/login", json=login("1000", "guess"))).status_code == 401
    before = len(at.checks)
    reply = await client.post("/auth/login", json=login("1000"))  # even the right one
    assert (reply.status_code, reply.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    assert len(at.checks) == before
    assert (await client.post("/auth/login", json=login("1001"))).status_code == 200  # others may
    assert (await at.client(host="192.0.2.2").post("/auth/login", json=login("1000"))).status_code == 200


@pytest.mark.usefixtures("still")
async def test_the_lock_is_the_same_for_who_does_not_exist(at: Lodge) -> None:
    client = at.client()
    seen = [(await client.post("/auth/login", json=login("nobody", "guess"))).status_code for _ in range(7)]
    assert seen == [401] * 6 + [429]


@pytest.mark.usefixtures("still")
async def test_many_guesses_at_once_get_no_further_than_one_after_the_other(at: Lodge) -> None:
    client = at.client()
    guesses = [login("1000", f"guess {number}") for number in range(12)] + [login("1000")]
    replies = await asyncio.gather(*(client.post("/auth/login", json=guess) for guess in guesses))
    assert [reply.status_code for reply in replies].count(401) == 6
    assert replies[-1].status_code == 429


async def test_a_source_that_goes_on_guessing_is_banned_and_that_is_told(at: Lodge) -> None:
    client, heard = at.client(), at.world.bus.batches(0, only=(SourceBlocked,))
    for number in range(99):
        at.directory.guard.failed(Offence.LOGIN, "192.0.2.1", time.monotonic(), f"someone{number}")
    assert (await client.post("/auth/login", json=login("nobody", "guess"))).status_code == 401
    assert (await client.post("/auth/login", json=login())).status_code == 429
    (event,) = await anext(heard)
    assert isinstance(event, SourceBlocked)
    assert (event.source, event.reason, event.seconds) == ("192.0.2.1", "login", 300.0)


async def test_a_good_login_forgives_what_was_mistyped(at: Lodge) -> None:
    client = at.client()
    for _ in range(3):
        for _ in range(4):
            assert (await client.post("/auth/login", json=login("1000", "mistyped"))).status_code == 401
        assert (await client.post("/auth/login", json=login("1000"))).status_code == 200


async def test_a_session_that_nobody_uses_ends(at: Lodge) -> None:
    page = await at.page()
    await at.store.database.run("UPDATE web_sessions SET seen = seen - 43190")
    assert (await page.get("/auth/me")).status_code == 200
    await at.store.database.run("UPDATE web_sessions SET seen = seen - 43200")
    assert (await page.get("/auth/me")).status_code == 401
    assert await at.store.database.rows("SELECT * FROM web_sessions") == []


async def test_a_session_ends_after_a_week_however_it_is_used(at: Lodge) -> None:
    page = await at.page()
    await at.store.database.run("UPDATE web_sessions SET created = created - 604700")
    assert (await page.get("/auth/me")).status_code == 200
    await at.store.database.run("UPDATE web_sessions SET created = created - 100")
    assert (await page.get("/auth/me")).status_code == 401


async def test_using_a_session_keeps_it(at: Lodge) -> None:
    page = await at.page()
    await at.store.database.run("UPDATE web_sessions SET seen = seen - 1000")
    await page.get("/auth/me")
    (seen,) = (await at.store.database.rows("SELECT seen FROM web_sessions"))[0]
    assert time.time() - seen < 10


async def test_who_is_disabled_or_gets_another_role_has_it_at_once(at: Lodge) -> None:
    page = await at.page("olga")
    await at.store.database.run("UPDATE users SET role = 'user' WHERE name = 'olga'")
    assert (await page.get("/auth/me")).json()["role"] == "user"
    await at.store.database.run("UPDATE users SET enabled = 0 WHERE name = 'olga'")
    at.directory._seen = None  # a change by another connection would show in its version
    assert (await page.get("/auth/me")).status_code == 401


async def test_a_new_password_ends_all_other_sessions(at: Lodge) -> None:
    page, other = await at.page("1000"), await at.page("1000", host="192.0.2.2")
    reply = await page.post("/auth/password", json={"old_password": PASSWORD, "new_password": "another word"})
    assert reply.status_code == 204
    assert (await page.get("/auth/me")).status_code == 200
    assert (await other.get("/auth/me")).status_code == 401
    assert (await at.client().post("/auth/login", json=login("1000"))).status_code == 401
    assert (await at.client().post("/auth/login", json=login("1000", "another word"))).status_code == 200


@pytest.mark.usefixtures("still")
async def test_the_old_password_must_be_right_and_is_not_to_be_guessed_there(at: Lodge) -> None:
    page = await at.page("1000")
    wish = {"old_password": "guess", "new_password": "another word"}
    for _ in range(6):
        reply = await page.post("/auth/password", json=wish)
        assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")
    assert (await page.post("/auth/password", json=wish | {"old_password": PASSWORD})).status_code == 429
    assert (await at.client(host="192.0.2.2").post("/auth/login", json=login("1000"))).status_code == 200


@pytest.mark.parametrize(
    "wish",
    [
        {"old_password": PASSWORD, "new_password": "short"},
        {"old_password": PASSWORD},
        {"old_password": PASSWORD, "new_password": "long enough", "user": "admin"},
        {"old_password": PASSWORD, "new_password": 12345678},
    ],
)
async def test_what_is_no_password_is_refused(at: Lodge, wish: dict[str, object]) -> None:
    reply = await (await at.page("1000")).post("/auth/password", json=wish)
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid")
    assert PASSWORD not in reply.text and "short" not in str(reply.json()["errors"])


async def test_logins_are_in_the_audit_without_what_nobody_is_called(at: Lodge) -> None:
    client = at.client()
    await client.post("/auth/login", json=login("my-password", "my-password"))
    await client.post("/auth/login", json=login("1000", "wrong"))
    await client.post("/auth/login", json=login("1000"))
    assert [(entry.command, entry.who, entry.host, entry.outcome) for entry in at.audit] == [
        ("auth.login", "", "192.0.2.1", "not_authenticated"),
        ("auth.login", "1000", "192.0.2.1", "not_authenticated"),
        ("auth.login", "1000", "192.0.2.1", "done"),
    ]


async def test_no_secret_is_logged_shown_or_audited(at: Lodge) -> None:
    """X22."""
    with capture_logs() as lines:
        page = await at.page("1000")
        await page.post("/auth/password", json={"old_password": PASSWORD, "new_password": "another word"})
        await page.post("/auth/password", json={"old_password": "a wrong word", "new_password": "another word"})
        login_again = await at.logins.login("1001", PASSWORD, "192.0.2.3", "agent")
    headers = {"cookie": f"{COOKIE}={page.cookies[COOKIE]}"}
    asker = await at.gate.identify(headers, "192.0.2.1", secure=True, safe=True)
    everything = repr((lines, at.audit, login_again, asker, at.gate, at.logins))
    cookies = page.cookies[COOKIE], login_again.cookie, login_again.session.csrf, login_again.session.hash
    for secret in (PASSWORD, "another word", "a wrong word", page.headers["X-CSRF-Token"], *cookies):
        assert secret not in everything
    assert "logged in" in everything and "1001@pbx.test" in everything  # something was said at all
