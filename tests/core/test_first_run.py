"""The first administrator: made once, with a password that nobody could know."""

from collections.abc import AsyncIterator

import pytest

from xswitch_py.base.user import User
from xswitch_py.core.first_run import first_admin
from xswitch_py.store.open import Store, open_store

DOMAIN = "pbx.test"


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    made = await open_store(":memory:")
    yield made
    await made.close()


async def fits(store: Store, password: str) -> bool:
    return await store.passwords.check(await store.users.get("admin", DOMAIN), password)


async def test_an_empty_switch_gets_an_administrator_with_999(store: Store) -> None:
    password = await first_admin(store.users, DOMAIN)
    assert password is not None and len(password) >= 16
    admin = await store.users.get("admin", DOMAIN)
    assert admin is not None and (admin.role, admin.number, admin.enabled) == ("admin", "999", True)
    assert admin.ha1_md5 is None  # no phone secret: the page's phone has its tokens
    assert await fits(store, password)


async def test_no_two_switches_have_the_same_password(store: Store) -> None:
    first = await first_admin(store.users, DOMAIN)
    await store.users.remove("admin", DOMAIN)
    assert await first_admin(store.users, DOMAIN) not in (first, None)


async def test_it_happens_once(store: Store) -> None:
    password = await first_admin(store.users, DOMAIN)
    assert await first_admin(store.users, DOMAIN) is None
    assert password is not None and await fits(store, password)


async def test_any_administrator_who_can_log_in_is_enough(store: Store) -> None:
    await store.users.add(User("ann", DOMAIN, role="admin"), web_password="her own word")
    assert await first_admin(store.users, DOMAIN) is None
    assert await store.users.get("admin", DOMAIN) is None


@pytest.mark.parametrize(
    ("other", "enabled", "web"), [("admin", True, None), ("admin", False, "a word"), ("user", True, "a word")]
)
async def test_others_who_cannot_administer_are_not_enough(
    store: Store, other: str, enabled: bool, web: str | None
) -> None:
    await store.users.add(User("ann", DOMAIN, role=other, enabled=enabled), web_password=web)
    assert await first_admin(store.users, DOMAIN) is not None


async def test_an_administrator_without_a_password_gets_one(store: Store) -> None:
    await store.users.add(User("admin", DOMAIN, "Ada", "100", role="admin"), phone_secret="a phone's")
    password = await first_admin(store.users, DOMAIN)
    assert password is not None and await fits(store, password)
    admin = await store.users.get("admin", DOMAIN)
    assert admin is not None and (admin.display_name, admin.number) == ("Ada", "100") and admin.ha1_md5


async def test_a_number_that_is_taken_is_left_to_who_has_it(store: Store) -> None:
    await store.users.add(User("ann", DOMAIN, number="999"))
    assert await first_admin(store.users, DOMAIN) is not None
    admin = await store.users.get("admin", DOMAIN)
    assert admin is not None and admin.number == ""


@pytest.mark.parametrize("admin", [User("admin", DOMAIN), User("admin", DOMAIN, role="admin", enabled=False)])
async def test_what_an_operator_took_from_admin_is_not_given_back(store: Store, admin: User) -> None:
    await store.users.add(admin, web_password="a word")
    assert await first_admin(store.users, DOMAIN) is None
    assert await fits(store, "a word") is admin.enabled
