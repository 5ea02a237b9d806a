"""Many users at once: each row is judged as `users.create` would, and what is made is made together."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.core.commands.live import Live, live
from xswitch_py.base.errors import Refused
from xswitch_py.base.permissions import Permissions
from xswitch_py.base.problem import Code
from xswitch_py.base.user import NewAccount, User
from xswitch_py.core.commands import users
from xswitch_py.models.users import Import, Imported, NewUser
from xswitch_py.store.users import Users

DOMAIN = "example.org"


@dataclass
class Table:
    """A desk with one user, 1000, whose number is 2000."""

    at: Live

    async def bring(self, *rows: dict[str, Any], role: str = "admin", **more: Any) -> Imported:
        return await users.import_users(self.at.desk, self.at.asker(role), Import(rows=list(rows), **more))

    async def names(self) -> set[str]:
        return {user.name for user in await self.at.desk.stores.users.list(DOMAIN)}

    async def faults(self, *rows: dict[str, Any], **more: Any) -> list[list[str]]:
        """Give the pointers of each row's faults."""
        found = await self.bring(*rows, dry_run=True, **more)
        return [[fault.pointer for fault in row.errors] for row in found.rows]


@pytest.fixture
async def table(tmp_path: Path) -> AsyncIterator[Table]:
    async with live(tmp_path) as at:
        await at.desk.stores.users.add(User("1000", DOMAIN, number="2000"))
        yield Table(at)


async def test_good_rows_are_made_whole_and_their_secrets_shown_once(table: Table) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "ann", "number": "3000", "display_name": "Ann", "role": "operator", "variables": {"desk": "4"}},
        {"name": "bob", "phone_secret": "given one", "web_password": "long enough"},
        {"name": "cid", "phone_secret": None, "enabled": False},
    ]
    found = await table.bring(*rows)
    assert (found.made, found.refused) == (3, 0)
    assert [(row.row, row.name, row.outcome, row.errors) for row in found.rows] == [
        (1, "ann", "made", []), (2, "bob", "made", []), (3, "cid", "made", []),
    ]  # fmt: skip
    store = table.at.desk.stores.users
    ann, bob, cid = [await store.get(name, DOMAIN) for name in ("ann", "bob", "cid")]
    assert ann is not None and bob is not None and cid is not None
    assert (ann.number, ann.display_name, ann.role, dict(ann.variables)) == ("3000", "Ann", "operator", {"desk": "4"})
    secret = found.rows[0].phone_secret
    assert secret is not None and ann.check_phone(secret) and bob.check_phone("given one")
    assert [row.phone_secret for row in found.rows[1:]] == [None, None]
    assert (cid.ha1_md5, cid.enabled) == (None, False)
    assert await table.at.desk.check_password(bob, "long enough")


async def test_each_that_is_made_is_in_the_audit(table: Table) -> None:
    await table.bring({"name": "ann"}, {"name": "bob"})
    assert [(entry.command, entry.target, entry.detail) for entry in table.at.audit] == [
        ("users.create", "ann", "of a table"), ("users.create", "bob", "of a table"), ("users.import", "", ""),
    ]  # fmt: skip


async def test_trying_it_out_makes_nobody_and_shows_no_secret(table: Table) -> None:
    found = await table.bring({"name": "ann"}, {"name": "1000"}, dry_run=True, keep="good")
    assert [(row.outcome, row.phone_secret) for row in found.rows] == [("would be made", None), ("refused", None)]
    assert (found.made, found.refused) == (0, 1)
    assert await table.names() == {"1000"}


async def test_one_bad_row_keeps_all_out_unless_the_good_are_wanted(table: Table) -> None:
    rows: list[dict[str, Any]] = [{"name": "ann"}, {"name": "no blanks"}, {"name": "bob"}]
    found = await table.bring(*rows)
    assert [row.outcome for row in found.rows] == ["would be made", "refused", "would be made"]
    assert (found.made, await table.names()) == (0, {"1000"})
    found = await table.bring(*rows, keep="good")
    assert [row.outcome for row in found.rows] == ["made", "refused", "made"]
    assert (found.made, found.refused, await table.names()) == (2, 1, {"1000", "ann", "bob"})


async def test_every_fault_of_a_row_is_told_with_its_place(table: Table) -> None:
    assert await table.faults(
        {},
        {"name": 7},
        {"name": "ann", "phone_secret": "abc", "web_password": "short", "number": "1 2", "colour": "red"},
        {"name": "ann", "variables": {"1x": "y", "x": 2}, "enabled": 1},
        {"name": "ann"},
    ) == [
        ["/name"],
        ["/name"],
        ["/number", "/phone_secret", "/web_password", "/colour"],
        ["/enabled", "/variables/1x/[key]", "/variables/x"],
        [],
    ]


async def test_what_is_taken_is_told_whether_by_others_or_in_the_table(table: Table) -> None:
    found = await table.bring(
        {"name": "1000", "number": "2000"}, {"name": "ann", "number": "3000"}, {"name": "ann", "number": "3000"}
    )
    assert [[(fault.pointer, fault.detail) for fault in row.errors] for row in found.rows] == [
        [("/name", "user 1000 exists already"), ("/number", "number 2000 is another user's")],
        [],
        [("/name", "row 2 has the same"), ("/number", "row 2 has the same")],
    ]


async def test_a_number_may_be_the_name_of_another_as_with_one_user(table: Table) -> None:
    await table.bring({"name": "4000"})
    assert await table.faults({"name": "ann", "number": "4000"}) == [[]]
    await users.create(table.at.desk, table.at.asker("admin"), NewUser(name="ann", number="4000"))


async def test_nobody_gives_a_role_that_may_more_than_they(table: Table) -> None:
    roles = dict(table.at.desk.roles)
    roles["clerk"] = Permissions(api=frozenset({"users:write", "me:read"}))
    object.__setattr__(table.at.desk, "roles", roles)
    clerk = table.at.desk.asker("clerk", "clerk")
    rows: list[dict[str, Any]] = [
        {"name": "a", "role": "admin"}, {"name": "b", "role": "clerk"}, {"name": "c", "role": "none"},
    ]  # fmt: skip
    found = await users.import_users(table.at.desk, clerk, Import(rows=rows, keep="good"))
    assert [row.outcome for row in found.rows] == ["refused", "made", "refused"]
    assert [fault.detail for row in found.rows for fault in row.errors] == [
        "users of the role admin may do more than you",
        f"must be one of {', '.join(sorted(roles))}",
    ]
    assert await table.names() == {"1000", "b"}


@pytest.mark.parametrize("role", ["user", "operator"])
async def test_who_may_not_make_one_may_not_make_many(table: Table, role: str) -> None:
    with pytest.raises(Refused) as refused:
        await table.bring({"name": "ann"}, role=role, dry_run=True)
    assert refused.value.code is Code.FORBIDDEN


async def test_a_fault_never_repeats_what_was_given(table: Table) -> None:
    found = await table.bring({"name": "ann", "phone_secret": "s\x00cret-of-ann", "web_password": ["s3cret"]})
    assert "cret" not in found.model_dump_json().replace("phone_secret", "")
    assert "cret-of-ann" not in repr(found)
    assert "cret-of-ann" not in repr(Import(rows=[{"name": "ann", "phone_secret": "secret-of-ann"}]))


async def test_who_is_made_by_others_meanwhile_is_seen_by_another_look(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_all = Users.add_all

    async def late(self: Users, accounts: list[NewAccount]) -> None:
        if await self.get("ann", DOMAIN) is None:
            await self.add(User("ann", DOMAIN))
        await add_all(self, accounts)

    monkeypatch.setattr(Users, "add_all", late)
    found = await table.bring({"name": "bob"}, {"name": "ann"}, keep="good")
    assert [row.outcome for row in found.rows] == ["made", "refused"]
    assert await table.names() == {"1000", "ann", "bob"}


async def test_others_log_in_while_many_passwords_are_hashed(table: Table) -> None:
    """The loop goes on, and one of the two turns for hashing stays free."""
    rows = [{"name": f"u{number}", "web_password": "long enough"} for number in range(200)]
    work = asyncio.create_task(table.bring(*rows))
    await asyncio.sleep(0)
    checked = 0
    while not work.done():
        await table.at.desk.check_password(None, "wrong")
        checked += 1
    assert ((await work).made, checked > 20) == (200, True)
