"""Users and their secrets: who gets in, and what guessing costs."""

from typing import ClassVar

import pytest

from xswitch_py.base.address import Address
from xswitch_py.base.errors import AuthError
from xswitch_py.base.user import User
from xswitch_py.core.directory import Directory, Guard

DOMAIN = "pbx.test"
HERE, THERE = ("192.0.2.1", "1000"), ("192.0.2.2", "1000")


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

    async def get(self, name: str, domain: str) -> User | None:
        """See `Users`."""
        assert domain == DOMAIN
        return Account(name, domain, enabled=name == "1000") if name in ("1000", "1001") else None


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


def test_a_few_failures_cost_nothing_and_each_further_one_twice_as_much_up_to_a_minute() -> None:
    """V15."""
    guard, now, waits = Guard(), 100.0, []
    for _ in range(15):
        guard.failed(HERE, now)
        wait = next(wait for wait in (0, 1, 2, 4, 8, 16, 32, 60) if not guard.refuses(HERE, now + wait))
        waits.append(wait)
        now += wait
    assert waits == [0] * 5 + [1, 2, 4, 8, 16, 32] + [60] * 4
    assert not guard.refuses(THERE, now)


def test_who_gets_it_right_starts_anew() -> None:
    guard = Guard()
    for _ in range(6):
        guard.failed(HERE, 0.0)
    assert guard.refuses(HERE, 0.5)
    guard.passed(HERE)
    guard.failed(HERE, 0.5)
    assert not guard.refuses(HERE, 0.5)


def test_only_so_many_guessers_are_remembered_and_the_longest_quiet_is_forgotten() -> None:
    """X2, X6: a flood from many addresses takes bounded memory."""
    guard = Guard()
    for _ in range(6):
        guard.failed(HERE, 0.0)
    for number in range(Guard.KNOWN - 1):
        guard.failed((str(number), "1000"), 0.0)
    assert guard.refuses(HERE, 0.5)
    guard.failed(("one more", "1000"), 0.0)
    assert not guard.refuses(HERE, 0.5)
