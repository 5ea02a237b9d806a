"""Users: who may make and change whom, what a change ends, and that secrets only go in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.core.commands.live import live
from xswitch_py.base.address import Address
from xswitch_py.base.errors import Refused
from xswitch_py.base.permissions import Permissions
from xswitch_py.base.problem import Code
from xswitch_py.base.records import ApiKey, AuditEntry, WebSession
from xswitch_py.base.user import User
from xswitch_py.core.access import SYSTEM, Asker
from xswitch_py.core.commands import registrations, users
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.registry import Contact
from xswitch_py.models.users import NewUser, Reset, UserChange

DOMAIN = "example.org"


@dataclass
class Office:
    """A desk whose admin is `boss`; what is kicked is no longer registered."""

    desk: Desk
    audit: list[AuditEntry]
    kicked: list[str] = field(default_factory=list)

    def asker(self, name: str, role: str, *more: str) -> Asker:
        return Asker(name, role, self.desk.roles[role].api | set(more), Address(name, DOMAIN))

    @property
    def boss(self) -> Asker:
        return self.asker("boss", "admin")

    def register(self, user: str, key: str = "place") -> Contact:
        contact = Contact(Address(user, DOMAIN), "sip", key, url=f"sip:{user}@192.0.2.9", host="192.0.2.9")
        self.desk.switch.services.registry.add(contact)
        return contact

    async def user(self, name: str) -> User | None:
        return await self.desk.stores.users.get(name, DOMAIN)

    async def session(self, user: str) -> bool:
        return await self.desk.stores.sessions.get(f"hash of {user}") is not None


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with live(tmp_path) as made:
        registry, kicked = made.desk.switch.services.registry, list[str]()

        def kick(contact: Contact) -> bool:
            kicked.append(f"{contact.user.user} {contact.key}")
            registry.remove(contact)
            return True

        roles = {**made.desk.roles, "helper": Permissions(api=frozenset({"users:read", "users:write", "me:read"}))}
        found = Office(replace(made.desk, roles=roles, kick=kick), made.audit, kicked)
        await found.desk.stores.users.add(User("boss", DOMAIN, role="admin"), web_password="long enough")
        for name in ("1000", "1001"):
            await found.desk.stores.users.add(User(name, DOMAIN, f"User {name}"), phone_secret="secret")
            session = WebSession(name, "user", "", "", 1.0, 1.0, hash=f"hash of {name}", csrf="x")
            await found.desk.stores.sessions.add(session)
            key = ApiKey(f"key_{name}", "", name, "user", (), (), 1.0, hash=f"key of {name}")
            await found.desk.stores.keys.add(key)
        yield found


async def refusal(work: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await work
    return caught.value


async def test_a_user_made_without_a_phone_secret_gets_one_that_is_shown_once(office: Office) -> None:
    made = await users.create(office.desk, office.boss, NewUser(name="2000", number="2000"))
    assert made.phone_secret is not None and len(made.phone_secret) >= 16
    stored = await office.user("2000")
    assert stored is not None and stored.check_phone(made.phone_secret)
    shown = await users.get(office.desk, office.boss, "2000")
    assert shown == made.plain() and shown.has_phone_secret and not shown.has_web_password
    assert made.phone_secret not in repr(made) and made.phone_secret not in shown.model_dump_json()
    assert made.phone_secret not in repr(office.audit)


async def test_a_secret_that_is_given_is_kept_and_not_shown(office: Office) -> None:
    wish = NewUser(name="2000", phone_secret="of the phone", web_password="of the web")
    assert "of the" not in repr(wish)
    made = await users.create(office.desk, office.boss, wish)
    assert made.phone_secret is None and made.has_phone_secret and made.has_web_password
    stored = await office.user("2000")
    assert stored is not None and stored.check_phone("of the phone")
    assert await office.desk.check_password(stored, "of the web")


async def test_a_user_may_have_no_phone_at_all(office: Office) -> None:
    made = await users.create(office.desk, office.boss, NewUser(name="clerk", phone_secret=None))
    assert made.phone_secret is None and not made.has_phone_secret


async def test_names_and_numbers_are_taken_once(office: Office) -> None:
    await users.create(office.desk, office.boss, NewUser(name="2000", number="77"))
    assert (await refusal(users.create(office.desk, office.boss, NewUser(name="2000")))).code is Code.TAKEN
    assert (await refusal(users.create(office.desk, office.boss, NewUser(name="2001", number="77")))).code is Code.TAKEN
    assert (await refusal(users.change(office.desk, office.boss, "1000", UserChange(number="77")))).code is Code.TAKEN
    assert office.audit[-1].outcome == "taken"


async def test_only_what_is_given_changes(office: Office) -> None:
    before = await users.get(office.desk, office.boss, "1000")
    after = await users.change(office.desk, office.boss, "1000", UserChange(display_name="Anna"))
    assert after == before.model_copy(update={"display_name": "Anna"})
    after = await users.change(office.desk, office.boss, "1000", UserChange(variables={"language": "de"}))
    assert after.variables == {"language": "de"} and after.display_name == "Anna"
    assert await office.session("1000") and office.kicked == []


async def test_a_role_that_is_not_there_is_refused(office: Office) -> None:
    refused = await refusal(users.change(office.desk, office.boss, "1000", UserChange(role="king")))
    assert refused.code is Code.INVALID and refused.facts["errors"][0]["pointer"] == "/role"


async def test_nobody_gives_more_than_they_have(office: Office) -> None:
    helper = office.asker("1001", "helper")
    for role in ("admin", "operator", "user"):  # a helper sees no calls, not even their own
        refused = await refusal(users.create(office.desk, helper, NewUser(name="2000", role=role)))
        assert refused.code is Code.FORBIDDEN
        assert (await refusal(users.change(office.desk, helper, "1000", UserChange(role=role)))).code is Code.FORBIDDEN
    assert (await users.create(office.desk, helper, NewUser(name="2000", role="helper"))).role == "helper"


async def test_what_is_granted_for_all_covers_what_is_ones_own(office: Office) -> None:
    scopes = office.desk.roles["user"].api - {"calls:read:own"}
    granted = office.asker("1001", "helper", *scopes, "calls:read")
    assert (await users.create(office.desk, granted, NewUser(name="2000", role="user"))).role == "user"
    only_own = office.asker("1001", "helper", *scopes)
    assert (await refusal(users.create(office.desk, only_own, NewUser(name="2001")))).code is Code.FORBIDDEN


async def test_nobody_becomes_another_who_may_do_more(office: Office) -> None:
    """X6: the password of an admin is as good as the role."""
    helper = office.asker("1001", "helper")
    for work in (
        users.reset_password(office.desk, helper, "boss", Reset(what="web")),
        users.change(office.desk, helper, "boss", UserChange(web_password="mine from now on")),
        users.remove(office.desk, helper, "boss"),
    ):
        assert (await refusal(work)).code is Code.FORBIDDEN
    boss = await office.user("boss")
    assert boss is not None and await office.desk.check_password(boss, "long enough")


@pytest.mark.parametrize(
    "wish", [UserChange(role="user"), UserChange(enabled=False), UserChange(web_password=None)], ids=repr
)
async def test_the_last_admin_who_can_log_in_stays(office: Office, wish: UserChange) -> None:
    await office.desk.stores.users.add(User("other", DOMAIN, role="admin"))  # who has no web password
    await office.desk.stores.users.add(User("third", DOMAIN, role="admin", enabled=False), web_password="long enough")
    refused = await refusal(users.change(office.desk, SYSTEM, "boss", wish))
    assert refused.code is Code.CONFLICT
    assert (await refusal(users.remove(office.desk, SYSTEM, "boss"))).code is Code.CONFLICT
    await users.change(office.desk, SYSTEM, "third", UserChange(enabled=True))
    await users.change(office.desk, SYSTEM, "boss", wish)
    await users.remove(office.desk, SYSTEM, "boss")
    assert await office.user("boss") is None


async def test_nobody_does_it_to_themselves(office: Office) -> None:
    await office.desk.stores.users.add(User("other", DOMAIN, role="admin"), web_password="long enough")
    for wish in (UserChange(role="user"), UserChange(enabled=False)):
        assert (await refusal(users.change(office.desk, office.boss, "boss", wish))).code is Code.CONFLICT
    assert (await refusal(users.remove(office.desk, office.boss, "boss"))).code is Code.CONFLICT
    key = replace(office.boss, name="key_of_boss")
    assert (await refusal(users.remove(office.desk, key, "boss"))).code is Code.CONFLICT
    assert (await users.change(office.desk, office.boss, "boss", UserChange(display_name="Me"))).display_name == "Me"


async def test_who_is_removed_is_out_everywhere_and_nobody_else(office: Office) -> None:
    office.register("1000", "one")
    office.register("1000", "two")
    office.register("1001")
    await users.remove(office.desk, office.boss, "1000")
    assert await office.user("1000") is None
    assert not await office.session("1000") and await office.session("1001")
    assert [key.owner for key in await office.desk.stores.keys.list()] == ["1001"]
    assert office.kicked == ["1000 one", "1000 two"]
    assert (await refusal(users.remove(office.desk, office.boss, "1000"))).code is Code.NOT_FOUND


@pytest.mark.parametrize("wish", [UserChange(enabled=False), UserChange(role="operator")], ids=repr)
async def test_who_is_disabled_or_gets_another_role_has_to_log_in_again(office: Office, wish: UserChange) -> None:
    office.register("1000")
    await users.change(office.desk, office.boss, "1000", wish)
    assert not await office.session("1000") and office.kicked == ["1000 place"]
    assert len(await office.desk.stores.keys.list()) == 2


async def test_another_web_password_ends_the_sessions(office: Office) -> None:
    office.register("1000")
    done = await users.reset_password(office.desk, office.boss, "1000", Reset(what="web"))
    assert done.password is not None and done.password not in repr(done)
    stored = await office.user("1000")
    assert await office.desk.check_password(stored, done.password)
    assert stored is not None and stored.check_phone("secret")
    assert not await office.session("1000") and office.kicked == []


async def test_another_phone_secret_ends_the_registrations(office: Office) -> None:
    office.register("1000")
    given = await users.reset_password(office.desk, office.boss, "1000", Reset(what="phone", password="1234"))
    stored = await office.user("1000")
    assert given.password is None and stored is not None and stored.check_phone("1234")
    assert await office.session("1000") and office.kicked == ["1000 place"]


@pytest.mark.parametrize(
    "act",
    [
        lambda office: users.reset_password(office.desk, office.boss, "1000", Reset(what="web")),
        lambda office: users.change(office.desk, office.boss, "1000", UserChange(web_password=None)),
        lambda office: users.change(office.desk, office.boss, "1000", UserChange(enabled=False)),
        lambda office: users.remove(office.desk, office.boss, "1000"),
    ],
    ids=["reset", "no web", "disabled", "removed"],
)
async def test_the_tokens_of_phones_on_pages_end_with_the_sessions(
    office: Office, act: Callable[[Office], Awaitable[object]]
) -> None:
    """Whoever gets the name next, or is enabled again, does not come with them."""
    tokens = office.desk.switch.services.directory.tokens
    words = [tokens.issue(User("1000", DOMAIN), session) for session in ("hash of 1000", "")]
    kept = tokens.issue(User("1001", DOMAIN), "hash of 1001")
    assert all(tokens.check("1000", word) for word in words)
    await act(office)
    assert not any(tokens.check("1000", word) for word in words)
    assert tokens.check("1001", kept)


async def test_a_web_password_that_is_given_must_be_long(office: Office) -> None:
    refused = await refusal(users.reset_password(office.desk, office.boss, "1000", Reset(what="web", password="short")))
    assert refused.code is Code.INVALID and refused.facts["errors"][0]["pointer"] == "/password"


async def test_pages_and_beginnings_lead_through_all_names(office: Office) -> None:
    for name in ("10", "100", "1002", "11", "Ä1"):
        await office.desk.stores.users.add(User(name, DOMAIN))

    async def walk(q: str, limit: int) -> list[str]:
        names: list[str] = []
        cursor: str | None = None
        while True:
            page = await users.list_users(office.desk, office.boss, limit, cursor, q, True)
            assert len(page.items) <= limit
            names += [user.name for user in page.items]
            cursor = page.next_cursor
            if cursor is None:
                assert page.total == len(names)
                return names

    everybody = ["10", "100", "1000", "1001", "1002", "11", "boss", "Ä1"]
    for limit in (1, 2, 3, 8, 500):
        assert await walk("", limit) == everybody
        assert await walk("100", limit) == ["100", "1000", "1001", "1002"]
        assert await walk("1", limit) == everybody[:6]
        assert await walk("2", limit) == []


async def test_devices_are_seen_and_kicked_by_their_users_and_by_whom_it_is_granted(office: Office) -> None:
    office.register("1000", "one")
    office.register("1000", "two")
    office.register("1001")
    mine = office.asker("1000", "user", "registrations:write:own")
    page = await registrations.devices(office.desk, mine, "1000")
    assert [each.host for each in page.items] == ["192.0.2.9", "192.0.2.9"]
    assert len({each.id for each in page.items}) == 2
    assert (await refusal(registrations.devices(office.desk, mine, "1001"))).code is Code.NOT_FOUND
    theirs = (await registrations.devices(office.desk, office.boss, "1001")).items[0].id
    for name in ("1000", "1001"):
        assert (await refusal(registrations.kick(office.desk, mine, name, theirs))).code is Code.NOT_FOUND
    assert (
        await refusal(registrations.kick(office.desk, office.asker("1000", "user"), "1000", ""))
    ).code is Code.FORBIDDEN
    await registrations.kick(office.desk, mine, "1000", page.items[0].id)
    assert office.kicked == ["1000 one"]
    assert (
        await refusal(registrations.kick(office.desk, office.boss, "1000", page.items[0].id))
    ).code is Code.NOT_FOUND


async def test_members_of_scripts_are_read_as_those_of_pages(office: Office) -> None:
    made = await users.create.ask(office.desk, office.boss, {"name": "2000", "variables": {"a": "b"}})
    assert made["variables"] == {"a": "b"} and made["phone_secret"]
    done = await users.change.ask(office.desk, office.boss, {"name": "2000", "display_name": "Two"})
    assert done["display_name"] == "Two" and done["variables"] == {"a": "b"}
    for members in (
        {"name": "2000", "number": None},
        {"name": "2000", "enabled": "perhaps"},
        {"name": "2000", "domain": "example.net"},
        {"name": "2000", "web_password": "short"},
        {"name": "2000", "variables": {f"v{number}": "" for number in range(51)}},
        {"name": "2000", "display_name": "two\nlines"},
    ):
        refused = await refusal(users.change.ask(office.desk, office.boss, members))
        assert refused.code is Code.INVALID and "short" not in repr(refused.facts)
    assert (await refusal(users.list_users.ask(office.desk, office.boss, {"limit": 501}))).code is Code.INVALID


@pytest.mark.parametrize("name", ["", "a b", "a@b", "a/b", "x" * 65, "e\u0301", "1000\n"])
async def test_not_everything_is_a_name(office: Office, name: str) -> None:
    assert (await refusal(users.create.ask(office.desk, office.boss, {"name": name}))).code is Code.INVALID


async def test_names_are_of_any_language(office: Office) -> None:
    assert (await users.create.ask(office.desk, office.boss, {"name": "Jörg"}))["name"] == "Jörg"
