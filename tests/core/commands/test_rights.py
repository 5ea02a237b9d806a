"""Who may do what: nothing is allowed that permissions.toml does not grant, through whichever door."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.api.lodge import ROLES, Lodge, lodge
from xswitch_py.base.address import Address
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.access import OWN, SCOPES, SYSTEM, Asker, all_scopes
from xswitch_py.core.commands import COMMANDS, audit, keys, me, phone
from xswitch_py.core.commands.command import Command

AREAS: Final = (audit, keys, me, phone)
EVERY: Final[dict[str, Command[..., Any]]] = dict(COMMANDS) | {
    each.name: each for area in AREAS for each in vars(area).values() if isinstance(each, Command)
}
USER: Final = {"me", "phone", "calls", "cdrs", "recordings", "events", "registrations", "bridges"}


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Lodge]:
    async with lodge(tmp_path) as made:
        yield made


def may(role: str, one: Command[..., Any]) -> bool:
    granted = ROLES[role].api
    return one.scope in granted or "__ANY__" in granted or (one.own and one.scope + OWN in granted)


@pytest.mark.parametrize("name", sorted(EVERY))
async def test_whoever_has_no_rights_does_nothing(at: Lodge, name: str) -> None:
    nobody = Asker("somebody", "no such role", frozenset(), Address("1000", "pbx.test"))
    with pytest.raises(Refused) as refused:
        await EVERY[name](at.desk, nobody)
    assert refused.value.code is Code.FORBIDDEN
    assert (at.audit[-1].command, at.audit[-1].outcome) == (name, "forbidden")


@pytest.mark.parametrize("name", sorted(EVERY))
async def test_each_other_scope_together_is_not_enough(at: Lodge, name: str) -> None:
    own = EVERY[name].scope + OWN
    others = all_scopes() - {EVERY[name].scope, "__ANY__"} - ({own} if EVERY[name].own else set())
    with pytest.raises(Refused) as refused:
        await EVERY[name](at.desk, Asker("somebody", "user", others, Address("1000", "pbx.test")))
    assert refused.value.code is Code.FORBIDDEN


@pytest.mark.parametrize("name", sorted(EVERY))
def test_each_command_needs_a_scope_that_there_is(name: str) -> None:
    assert EVERY[name].scope in all_scopes()
    assert EVERY[name].scope.partition(":")[0] in SCOPES


@pytest.mark.parametrize("name", sorted(EVERY))
def test_what_reads_only_is_not_called_otherwise(name: str) -> None:
    reads = name.partition(".")[2].startswith(("get", "list"))
    assert not reads or EVERY[name].scope.endswith(":read")


def test_the_role_user_reaches_only_what_is_its_own() -> None:
    for name, one in EVERY.items():
        if may("user", one):
            assert name.partition(".")[0] in USER, name
            assert one.own or one.scope in ROLES["user"].api


def test_users_and_operators_change_nothing_that_is_everybodys() -> None:
    changes = {name.partition(".")[0] for name, one in EVERY.items() if one.scope.endswith(":write")}
    assert "keys" in changes
    for role, areas in (
        ("user", {"me", "phone", "calls", "bridges"}),
        ("operator", {"me", "phone", "calls", "bridges", "keys"}),
    ):
        reached = {
            name.partition(".")[0] for name, one in EVERY.items() if one.scope.endswith(":write") and may(role, one)
        }
        assert reached <= areas, role


def test_administrators_and_the_switch_itself_may_do_all() -> None:
    assert all(may("admin", one) for one in EVERY.values())
    assert all(SYSTEM.may(one.scope) for one in EVERY.values())


async def test_the_switch_itself_is_nobody_who_has_keys_phones_or_passwords(at: Lodge) -> None:
    for name, params, code in (
        ("keys.create", {"name": "x", "scopes": ["calls:read"]}, Code.FORBIDDEN),
        ("phone.token", {}, Code.CONFLICT),
        ("me.password", {"old_password": "x", "new_password": "y" * 8}, Code.FORBIDDEN),
    ):
        with pytest.raises(Refused) as refused:
            await EVERY[name].ask(at.desk, SYSTEM, params)
        assert refused.value.code is code
    assert (await EVERY["me.get"].ask(at.desk, SYSTEM, {}))["user"] is None


async def test_commands_take_and_give_plain_json(at: Lodge) -> None:
    """As JSON-RPC, flows and the command line ask."""
    admin = at.asker()
    made = await EVERY["keys.create"].ask(at.desk, admin, {"name": "x", "scopes": ["calls:read"]})
    listed = await EVERY["keys.list"].ask(at.desk, admin, {"limit": 10})
    assert [key["id"] for key in listed["items"]] == [made["id"]] and "secret" not in listed["items"][0]
    assert await EVERY["keys.remove"].ask(at.desk, admin, {"key": made["id"]}) is None
    changed = {"old_password": "right-horse", "new_password": "another word"}
    assert await EVERY["me.password"].ask(at.desk, admin, changed) is None
    assert (await EVERY["me.get"].ask(at.desk, admin, {}))["number"] == "999"
    assert (await EVERY["phone.token"].ask(at.desk, admin, {}))["login"] == "admin"
    for entry in at.audit:
        await at.store.audit.add(entry)
    found = await EVERY["audit.list"].ask(at.desk, admin, {"by": "admin", "command": "keys.remove"})
    assert [(each["target"], each["outcome"]) for each in found["items"]] == [(made["id"], "done")]
    assert made["secret"] not in repr(at.audit) and "another word" not in repr(at.audit)


@pytest.mark.parametrize(
    ("name", "params", "pointer"),
    [
        ("keys.list", {"limit": 501}, "/limit"),
        ("keys.list", {"page": 1}, "/page"),
        ("keys.create", {"name": "x", "scopes": ["calls:read"], "role": "admin"}, "/role"),
        ("me.password", {"old_password": "x", "new_password": "short"}, "/new_password"),
        ("audit.list", {"limit": 0}, "/limit"),
        ("audit.list", {"by": "x" * 101}, "/by"),
        ("phone.token", {"user": "x" * 101}, "/user"),
    ],
)
async def test_members_that_cannot_be_used_are_pointed_at(
    at: Lodge, name: str, params: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Refused) as refused:
        await EVERY[name].ask(at.desk, at.asker(), params)
    assert refused.value.code is Code.INVALID
    assert [error["pointer"] for error in refused.value.facts["errors"]] == [pointer]
