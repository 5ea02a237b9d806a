"""The users: kept whole, found by our own domain, their secrets never as text."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from xswitch_py.base.errors import StoreError, Taken
from xswitch_py.base.passwords import ha1
from xswitch_py.base.user import NewAccount, User
from xswitch_py.store.open import Store, open_store
from xswitch_py.store.passwords import TOGETHER, Passwords

ANN = User(
    "1000",
    "example.org",
    "Ann \u00c5ngstr\u00f6m",
    "+358 9 1000",
    "operator",
    False,
    "sales",
    {"a": "1", "\u00e9": "'; DROP TABLE users"},
    ha1_md5="m",
    ha1_sha256="s",
    long_ha1_md5="lm",
    long_ha1_sha256="ls",
    web_hash="w",
)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    opened = await open_store(":memory:")
    yield opened
    await opened.close()


async def test_a_user_is_kept_whole(store: Store) -> None:
    await store.users.add(ANN)
    assert await store.users.get("1000", "example.org") == ANN


async def test_the_domain_is_found_in_any_spelling_and_the_name_in_its_own(store: Store) -> None:
    await store.users.add(User("ann", "Example.ORG"))
    for domain in ("example.org", "EXAMPLE.org"):
        assert await store.users.get("ann", domain) == User("ann", "example.org")
    for name, domain in (("Ann", "example.org"), ("ann", "example.net"), ("' OR 1=1 --", "example.org")):
        assert await store.users.get(name, domain) is None


async def test_a_name_is_taken_once_a_domain(store: Store) -> None:
    await store.users.add(ANN)
    await store.users.add(replace(ANN, domain="example.net"))
    with pytest.raises(Taken, match=r"user 1000@example\.org exists already"):
        await store.users.add(replace(ANN, domain="EXAMPLE.ORG"))


@pytest.mark.parametrize("name", ["", "a b", "a@b", "a:b", "<b>", "a\n", "\0", "x" * 65, "a;b", '"'])
async def test_some_names_cannot_be(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="cannot be the name") as refused:
        await store.users.add(User(name, "example.org"))
    assert not isinstance(refused.value, Taken)


async def test_users_are_listed_by_name(store: Store) -> None:
    for name in ("2", "10", "\u5f20\u4e09", "1"):
        await store.users.add(User(name, "example.org"))
    await store.users.add(User("other", "example.net"))
    assert [user.name for user in await store.users.list("Example.org")] == ["1", "10", "2", "\u5f20\u4e09"]


async def test_users_are_listed_page_by_page(store: Store) -> None:
    for name in "cadeb":
        await store.users.add(User(name, "example.org"))
    await store.users.add(User("f", "example.net"))
    pages, after = [], ""
    while page := await store.users.list("Example.org", 2, after):
        pages.append("".join(user.name for user in page))
        after = page[-1].name
    assert pages == ["ab", "cd", "e"]
    assert await store.users.list("example.org", 0) == []


async def test_a_number_is_had_once_a_domain(store: Store) -> None:
    await store.users.add(User("ann", "example.org", number="1"))
    await store.users.add(User("bo", "example.org", number="2"))
    await store.users.add(User("ann", "example.net", number="1"))
    with pytest.raises(Taken, match=r"number 1 of example\.org is another user's"):
        await store.users.add(User("che", "Example.org", number="1"))
    with pytest.raises(Taken, match="number 1"):
        await store.users.change(User("bo", "example.org", number="1"))
    assert [user.number for user in await store.users.list("example.org")] == ["1", "2"]
    assert await store.users.change(User("bo", "example.org", "Bo", number="2"))
    for name in ("x", "y"):
        await store.users.add(User(name, "example.org"))  # any number of them have none


async def test_a_user_is_found_by_number(store: Store) -> None:
    for name, number in (("1001", ""), ("ann", "1002"), ("1003", "1004"), ("1005", ""), ("bo", "1005")):
        await store.users.add(User(name, "example.org", number=number))
    for number, name in (("1001", "1001"), ("1002", "ann"), ("1004", "1003"), ("1005", "bo")):
        found = await store.users.find_number(number, "Example.ORG")
        assert found is not None and found.name == name
    for number in ("ann", "1003", "", "9"):  # whoever has a number is not found by their name
        assert await store.users.find_number(number, "example.org") is None
    assert await store.users.find_number("1001", "example.net") is None


async def test_users_are_counted_by_role_and_by_who_may_log_in(store: Store) -> None:
    for name, role, enabled, web in (
        ("a", "admin", True, "h"), ("b", "admin", False, "h"), ("c", "admin", True, None), ("d", "user", True, "h"),
    ):  # fmt: skip
        await store.users.add(User(name, "example.org", role=role, enabled=enabled, web_hash=web))
    assert await store.users.count("Example.org") == 4
    assert await store.users.count("example.org", "admin") == 3
    assert await store.users.count("example.org", "admin", web=True) == 1
    assert await store.users.count("example.org", web=True) == 2
    assert await store.users.count("example.net", web=True) == 0


async def test_a_user_is_added_with_secrets_at_once(store: Store) -> None:
    await store.users.add(User("1000", "Example.org"), phone_secret="s3cret", web_password="s3same")
    user = await store.users.get("1000", "example.org")
    assert user is not None and user.check_phone("s3cret")
    assert await store.passwords.check(user, "s3same")
    await store.users.set_phone_secret("1000", "example.org", "s3cret")
    assert await store.users.get("1000", "example.org") == user
    with pytest.raises(Taken):
        await store.users.add(User("1000", "example.org"), phone_secret="other")
    assert await store.users.get("1000", "example.org") == user


async def test_a_change_leaves_secrets_alone(store: Store) -> None:
    await store.users.add(ANN)
    changed = replace(ANN, display_name="Bo", number="2", role="admin", enabled=True, context="x", variables={})
    assert await store.users.change(replace(changed, web_hash=None, ha1_md5=None))
    assert await store.users.get("1000", "example.org") == changed


async def test_a_removed_user_is_gone(store: Store) -> None:
    await store.users.add(ANN)
    assert await store.users.remove("1000", "example.org")
    assert await store.users.get("1000", "example.org") is None


async def test_nothing_happens_to_who_does_not_exist(store: Store) -> None:
    who = ("1000", "example.org")
    assert not await store.users.change(ANN)
    assert not await store.users.remove(*who)
    assert not await store.users.set_phone_secret(*who, "x")
    assert not await store.users.set_web_password(*who, "x")
    assert await store.users.list("example.org") == []


async def test_a_phone_secret_is_set_checked_and_taken_away(store: Store) -> None:
    await store.users.add(User("1000", "example.org"))
    assert await store.users.set_phone_secret("1000", "EXAMPLE.org", "s3cret")
    user = await store.users.get("1000", "example.org")
    assert user is not None and user.check_phone("s3cret") and not user.check_phone("other")
    assert await store.users.set_phone_secret("1000", "example.org", None)
    assert await store.users.get("1000", "example.org") == User("1000", "example.org")


async def test_the_version_changes_with_the_users_whoever_writes(tmp_path: Path) -> None:
    store, other = await open_store(tmp_path / "xswitch.db"), await open_store(tmp_path / "xswitch.db")
    seen = [await store.users.version()]
    for turn, users in enumerate((store.users, other.users)):
        name = str(turn)
        await users.add(User(name, "example.org"))
        seen.append(await store.users.version())
        await users.set_phone_secret(name, "example.org", "s3cret")
        seen.append(await store.users.version())
        await users.remove(name, "example.org")
        seen.append(await store.users.version())
    assert len(set(seen)) == 7
    await store.cdrs.beat(5.0)
    assert await store.users.version() == seen[-1]
    await store.close()
    await other.close()


@pytest.mark.item("S42")
async def test_a_phone_may_log_in_with_the_long_form_of_the_name(store: Store) -> None:
    await store.users.add(User("1000", "example.org"))
    await store.users.set_phone_secret("1000", "Example.org", "s3cret")
    user = await store.users.get("1000", "example.org")
    assert user is not None
    for name in ("1000", "1000@example.org"):
        for algorithm in ("MD5", "SHA-256"):
            assert user.ha1(name, algorithm) == ha1(algorithm, name, "example.org", "s3cret")
    assert user.ha1("1000@example.net", "MD5") is None
    await store.users.set_phone_secret("1000", "example.org", None)
    assert await store.users.get("1000", "example.org") == User("1000", "example.org")


async def test_a_web_password_is_set_checked_and_taken_away(store: Store) -> None:
    await store.users.add(User("1000", "example.org"))
    assert await store.users.set_web_password("1000", "example.org", "s3cret")
    user = await store.users.get("1000", "example.org")
    assert user is not None
    assert (user.web_hash or "").startswith("$argon2id$")
    assert await store.passwords.check(user, "s3cret")
    assert not await store.passwords.check(user, "other")
    assert not await store.passwords.check(replace(user, enabled=False), "s3cret")
    assert await store.users.set_web_password("1000", "example.org", None)
    assert await store.users.get("1000", "example.org") == User("1000", "example.org")


async def test_only_what_is_gone_with_the_process_is_hashed_at_little_cost() -> None:
    assert (await Passwords().hash("s3cret")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await Passwords(lasting=False).hash("s3cret")).startswith("$argon2id$v=19$m=8,t=1,p=1$")


@pytest.mark.parametrize("user", [None, User("1000", "example.org"), User("1", "x", web_hash="no hash")])
async def test_who_has_no_web_password_never_gets_in(user: User | None) -> None:
    """X6."""
    for password in ("", "nobody"):
        assert not await Passwords().check(user, password)


async def test_a_stranger_costs_as_much_as_a_user() -> None:
    """X6: both are hashed with the same parameters."""
    passwords = Passwords()
    user = User("1", "x", web_hash=await passwords.hash("right"))
    hashed: list[str] = []
    fits = passwords._fits

    def spy(stored: str, password: str) -> bool:
        hashed.append(stored[:31])
        return fits(stored, password)

    passwords._fits = spy  # type: ignore[method-assign]
    for one in (user, None, User("2", "x")):
        await passwords.check(one, "wrong")
    assert len(hashed) == 3
    assert len(set(hashed)) == 1


async def test_no_more_than_two_hash_at_a_time() -> None:
    passwords = Passwords()
    now, most = 0, 0
    fits = passwords._fits

    def count(stored: str, password: str) -> bool:
        nonlocal now, most
        now += 1
        most = max(most, now)
        try:
            return fits(stored, password)
        finally:
            now -= 1

    passwords._fits = count  # type: ignore[method-assign]
    await asyncio.gather(*(passwords.check(None, "x") for _ in range(6)))
    assert most <= TOGETHER


async def test_no_secret_is_in_the_file_or_in_a_printed_user(tmp_path: Path) -> None:
    """X22."""
    store = await open_store(tmp_path / "xswitch.db")
    await store.users.add(User("1000", "example.org"))
    await store.users.set_phone_secret("1000", "example.org", "phone-s3cret")
    await store.users.set_web_password("1000", "example.org", "web-s3cret")
    user = await store.users.get("1000", "example.org")
    await store.close()
    assert user is not None and user.ha1_md5 is not None and user.web_hash is not None
    assert user.ha1_md5 not in repr(user) and user.web_hash not in repr(user)
    assert b"1000" in everything(tmp_path)
    assert b"s3cret" not in everything(tmp_path)


def everything(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_many_are_added_together_or_none(store: Store) -> None:
    new = [NewAccount(User(name, "example.org"), "phone secret", "web password") for name in ("1", "2", "3")]
    with pytest.raises(Taken, match="user 1@example"):
        await store.users.add_all([*new, new[0]])
    with pytest.raises(Taken, match="number 7"):
        await store.users.add_all([NewAccount(User(name, "example.org", number="7")) for name in ("1", "2")])
    with pytest.raises(StoreError, match="cannot be the name"):
        await store.users.add_all([new[0], NewAccount(User("a b", "example.org"))])
    assert await store.users.list("example.org") == []
    await store.users.add_all(new)
    assert [user.name for user in await store.users.list("example.org")] == ["1", "2", "3"]
    user = await store.users.get("2", "example.org")
    assert user is not None and user.check_phone("phone secret") and await store.passwords.check(user, "web password")
