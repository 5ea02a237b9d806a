"""Users and their secrets: who gets in, and what guessing costs."""

import asyncio
from typing import ClassVar

import pytest
from structlog.testing import capture_logs

from xswitch_py.base.address import Address
from xswitch_py.base.errors import AuthError
from xswitch_py.base.user import User
from xswitch_py.core.directory import Directory
from xswitch_py.core.guard import Guard, Offence

DOMAIN = "pbx.test"


class Account(User):
    """A user whose phone secret is 1234; each check is counted."""

    __slots__ = ()
    checks: ClassVar[list[str]] = []

    def check_phone(self, password: str) -> bool:
        """See `User`."""
        self.checks.append(password)
        return password == "1234"


class People:
    """1000, and 1001 who is disabled."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def get(self, name: str, domain: str) -> User | None:
        """See `Users`."""
        assert domain == DOMAIN
        self.asked.append(name)
        return Account(name, domain, enabled=name == "1000") if name in ("1000", "1001") else None

    async def find_number(self, number: str, domain: str) -> User | None:
        return None


@pytest.fixture
def directory() -> Directory:
    Account.checks.clear()
    return Directory(People(), DOMAIN)


@pytest.mark.parametrize("login", ["1000", "1000@pbx.test", "1000@elsewhere.example"])
async def test_the_domain_is_ours_however_it_is_spelt(directory: Directory, login: str) -> None:
    assert (await directory.login(login, "1234", "192.0.2.1")).address == Address("1000", DOMAIN)


@pytest.mark.parametrize(("login", "password"), [("1000", "wrong"), ("1001", "1234"), ("1002", "1234"), ("", "1234")])
async def test_wrong_unknown_and_disabled_look_the_same(directory: Directory, login: str, password: str) -> None:
    """V15."""
    with pytest.raises(AuthError, match=r"^wrong user or password$"):
        await directory.login(login, password, "192.0.2.1")


async def test_who_tries_every_user_once_is_stopped_too(directory: Directory) -> None:
    """X6."""
    for turn in range(101):
        with pytest.raises(AuthError):
            await directory.login(f"user{turn}", "guess", "192.0.2.1")
    with pytest.raises(AuthError):
        await directory.login("1000", "1234", "192.0.2.1")
    assert await directory.login("1000", "1234", "192.0.2.2")


async def test_who_guesses_too_often_is_not_even_checked_and_nobody_else_waits(directory: Directory) -> None:
    """V15, X6: the right password does not help either, until the wait is over."""
    for turn in range(6):
        with pytest.raises(AuthError):
            await directory.login("1000", f"guess {turn}", "192.0.2.1")
    with pytest.raises(AuthError):
        await directory.login("1000", "1234", "192.0.2.1")
    assert Account.checks == [f"guess {turn}" for turn in range(6)]
    assert await directory.login("1000", "1234", "192.0.2.2")


@pytest.mark.item("S101")
async def test_failed_logins_count_towards_the_one_list_of_bans(directory: Directory) -> None:
    with capture_logs() as logs:
        for turn in range(100):
            with pytest.raises(AuthError):
                await directory.login(f"user{turn}", "guess", "192.0.2.1")
    assert [line["event"] for line in logs if line["event"].startswith("sip-guard")] == [
        "sip-guard ban ip=192.0.2.1 reason=login count=100"
    ]
    assert not directory.guard.admits("192.0.2.1", directory.guard.bans(0.0)[0].since)


@pytest.mark.item("S101")
async def test_who_is_banned_elsewhere_does_not_get_in_here(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xswitch_py.core.directory.time.monotonic", lambda: 50.0)
    for _ in range(10):
        directory.guard.failed(Offence.DIGEST, "192.0.2.1", 50.0, "1001")
    with pytest.raises(AuthError):
        await directory.login("1000", "1234", "192.0.2.1")
    assert Account.checks == []


def test_the_doors_share_one_guard() -> None:
    guard = Guard()
    assert Directory(People(), DOMAIN, guard).guard is guard


@pytest.mark.item("S104")
async def test_a_flood_that_names_a_user_or_nobody_asks_the_database_once(monkeypatch: pytest.MonkeyPatch) -> None:
    people = People()
    directory, now = Directory(people, DOMAIN), 100.0
    monkeypatch.setattr("xswitch_py.core.directory.time.monotonic", lambda: now)
    for _ in range(50):
        assert await directory.find_recent("1000") and await directory.find_recent("1002") is None
    assert people.asked == ["1000", "1002"]
    now += 2.0
    await directory.find_recent("1000")
    assert people.asked == ["1000", "1002", "1000"]


@pytest.mark.item("S104")
async def test_users_are_remembered_until_one_may_have_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def current() -> object:
        return version

    people, version, now = People(), (0, 0), 100.0
    directory = Directory(people, DOMAIN, version=current)
    monkeypatch.setattr("xswitch_py.core.directory.time.monotonic", lambda: now)
    for _ in range(3):
        now += 100.0
        await directory.find_recent("1000")
    version = (0, 1)
    now += 1.9
    await directory.find_recent("1000")
    assert people.asked == ["1000"]
    now += 0.1
    await directory.find_recent("1000")
    assert people.asked == ["1000", "1000"]


async def test_what_is_read_while_users_change_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    people, now, reading, go_on = People(), 100.0, asyncio.Event(), asyncio.Event()
    directory = Directory(people, DOMAIN)
    monkeypatch.setattr("xswitch_py.core.directory.time.monotonic", lambda: now)
    get = people.get

    async def slow(name: str, domain: str) -> User | None:
        found = await get(name, domain)
        if name == "1000":
            reading.set()
            await go_on.wait()
        return found

    monkeypatch.setattr(people, "get", slow)
    old = asyncio.create_task(directory.find_recent("1000"))
    await reading.wait()
    now = 200.0
    await directory.find_recent("1001")
    go_on.set()
    assert await old
    await directory.find_recent("1000")
    assert people.asked == ["1000", "1001", "1000"]


async def test_only_so_many_names_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Directory, "KNOWN", 10)
    people = People()
    directory = Directory(people, DOMAIN)
    for name in ("1000", *map(str, range(2000, 2010)), "1000"):
        await directory.find_recent(name)
    assert people.asked.count("1000") == 2
    assert len(directory._recent) == 10


@pytest.mark.parametrize("name", ["x" * 65, "\ud800", "a\nb"])
async def test_what_cannot_be_a_name_is_nobody_and_not_asked_for(name: str) -> None:
    people = People()
    directory = Directory(people, DOMAIN)
    assert await directory.find(name) is None and await directory.find_recent(name) is None
    assert people.asked == [] and not directory._recent
    with pytest.raises(AuthError):
        await directory.login(name, "1234", "192.0.2.1")
