"""Commands about users: who may use the switch, what they may, and the secrets they come in with."""

import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from pydantic import ValidationError

from xswitch_py.base.errors import Refused, Taken
from xswitch_py.base.problem import Code
from xswitch_py.base.records import AuditEntry
from xswitch_py.base.user import NewAccount
from xswitch_py.base.user import User as Account
from xswitch_py.core.access import OWN, Asker
from xswitch_py.core.commands.command import command, pointer
from xswitch_py.core.commands.desk import Desk, missing
from xswitch_py.models.given import Cursor, Id, Limit
from xswitch_py.models.problem import Fault
from xswitch_py.models.shape import Page
from xswitch_py.models.users import (
    Import,
    Imported,
    ImportedRow,
    NewUser,
    Reset,
    ResetDone,
    User,
    UserChange,
    UserMade,
)

__all__ = ["change", "create", "get", "import_users", "list_users", "remove", "reset_password"]

_READ: Final = "users:read"
_WRITE: Final = "users:write"
_ADMIN: Final = "admin"  # the role of those who may not all be gone
_PAGE: Final = 1000  # users that the store gives at once
_WEB_PASSWORD: Final = 8  # characters at least
_SIGNS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # of secrets made up: none is taken for another
_LENGTH: Final = 16  # of them: 79 bits
_WORTH: Final = 20  # problems of one row that are told
_NAME: Final = 64  # characters
_TRIES: Final = 3  # to make users while others do so as well
_FACTS: Final = frozenset({"display_name", "number", "role", "enabled", "context", "variables"})


@command("users.list", _READ)
async def list_users(
    desk: Desk, who: Asker, limit: Limit = 50, cursor: Cursor = None, q: Id = "", total: bool = False
) -> Page[User]:
    """List the users by name; with `q` those whose name begins so."""
    found = await _named(desk, q, cursor or "", limit + 1)
    return Page[User](
        items=[User.of(account) for account in found[:limit]],
        next_cursor=found[limit - 1].name if len(found) > limit else None,
        total=await _count(desk, q) if total else None,
    )


@command("users.get", _READ)
async def get(desk: Desk, who: Asker, name: Id) -> User:
    """Show a user."""
    return User.of(await _account(desk, name))


@command("users.create", _WRITE)
async def create(desk: Desk, who: Asker, wish: NewUser) -> UserMade:
    """Make a user. Where no phone secret is given, one is made up and shown this once."""
    _check_role(desk, who, wish.role)
    made_up = _made_up_for(wish)
    new = _new_account(desk, wish, made_up)
    async with _free_name(desk, wish.name):
        await desk.stores.users.add(new.user, phone_secret=new.phone_secret, web_password=new.web_password)
    shown = User.of(await _account(desk, wish.name))
    return UserMade(**shown.model_dump(), phone_secret=made_up)


@command("users.import", _WRITE)
async def import_users(desk: Desk, who: Asker, wish: Import) -> Imported:
    """Make many users, or try it out: each row is judged by itself, and the good ones are made together.

    Where a row gives no phone secret, one is made up and shown this once.
    """
    for _ in range(_TRIES):
        rows = await _judged(desk, who, wish.rows)
        good = [row for row in rows if not row.errors]
        if wish.dry_run or not good or (wish.keep == "all" and len(good) < len(rows)):
            return _imported(rows, made=False)
        with suppress(Taken):  # somebody was faster with a name or a number: another look shows whose row that is
            await desk.stores.users.add_all([row.new for row in good if row.new is not None])
            for row in good:
                by = (who.name, who.role, who.host)
                desk.audit(AuditEntry(0, time.time(), *by, "users.create", row.name, "done", "of a table"))
            return _imported(rows, made=True)
    raise Refused(Code.TAKEN, "others make the same users at this moment")


@command("users.change", _WRITE)
async def change(desk: Desk, who: Asker, name: Id, wish: UserChange) -> User:
    """Change a user. Who is disabled, or gets another role or secret, has to log in again."""
    before = await _theirs(desk, who, name)
    given = wish.model_fields_set
    after = replace(before, **{each: getattr(wish, each) for each in given & _FACTS})
    if after.role != before.role:
        _check_role(desk, who, after.role)
    loses_web = "web_password" in given and wish.web_password is None
    if after.role != before.role or after.enabled < before.enabled or loses_web:
        await _check_goes(desk, who, before)
    async with _free_name(desk):
        await desk.stores.users.change(after)
    await _set_secrets(desk, name, {each: getattr(wish, each) for each in given - _FACTS})
    if after.role != before.role or after.enabled < before.enabled:
        await _send_off(desk, before)
    return User.of(await _account(desk, name))


@command("users.remove", _WRITE)
async def remove(desk: Desk, who: Asker, name: Id) -> None:
    """Remove a user, with sessions, API keys and registrations. Calls that are up go on."""
    account = await _theirs(desk, who, name)
    await _check_goes(desk, who, account)
    await desk.stores.users.remove(name, account.domain)
    await desk.stores.keys.remove_owner(name)
    desk.site.password_changed(name)
    await _send_off(desk, account)


@command("users.reset_password", _WRITE)
async def reset_password(desk: Desk, who: Asker, name: Id, wish: Reset) -> ResetDone:
    """Give a user another phone secret or web password; one that is made up is shown this once.

    Either way they have to log in again with the new one.
    """
    if wish.what == "web" and wish.password is not None and len(wish.password) < _WEB_PASSWORD:
        detail = f"must have at least {_WEB_PASSWORD} characters"
        raise Refused(Code.INVALID, errors=[{"pointer": "/password", "detail": detail}])
    await _theirs(desk, who, name)
    made_up = _made_up() if wish.password is None else None
    kind = "web_password" if wish.what == "web" else "phone_secret"
    await _set_secrets(desk, name, {kind: wish.password or made_up})
    return ResetDone(what=wish.what, password=made_up)


@dataclass(slots=True)
class _Row:
    """A row of a table of users to be made."""

    number: int
    name: str
    errors: list[Fault]
    new: NewAccount | None = None  # if it could be read
    secret: str | None = field(default=None, repr=False)  # that was made up

    def blame(self, pointer: str, detail: str) -> None:
        self.errors.append(Fault(pointer=pointer, detail=detail))


async def _judged(desk: Desk, who: Asker, rows: Sequence[Mapping[str, Any]]) -> list[_Row]:
    """Judge rows as `users.create` would one after the other."""
    names, numbers = dict[str, int](), dict[str, int]()  # and the rows that have them
    found = [_read_row(desk, number, row) for number, row in enumerate(rows, 1)]
    for row in found:
        if row.new is None:
            continue
        user = row.new.user
        try:
            _check_role(desk, who, user.role)
        except Refused as refused:
            told = refused.facts.get("errors")
            row.blame("/role", told[0]["detail"] if told else refused.detail)
        if (first := names.setdefault(user.name, row.number)) != row.number:
            row.blame("/name", f"row {first} has the same")
        elif await desk.stores.users.get(user.name, user.domain) is not None:
            row.blame("/name", f"user {user.name} exists already")
        if not user.number:
            continue
        if (first := numbers.setdefault(user.number, row.number)) != row.number:
            row.blame("/number", f"row {first} has the same")
        elif (other := await desk.stores.users.find_number(user.number, user.domain)) and other.number:
            row.blame("/number", f"number {user.number} is another user's")
    return found


def _read_row(desk: Desk, number: int, row: Mapping[str, Any]) -> _Row:
    name = row.get("name")
    name = name if isinstance(name, str) and len(name) <= _NAME else ""
    try:
        wish = NewUser.model_validate(row)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)[:_WORTH]
        return _Row(number, name, [Fault(pointer=pointer(one["loc"]), detail=one["msg"]) for one in faults])
    made_up = _made_up_for(wish)
    return _Row(number, name, [], _new_account(desk, wish, made_up), made_up)


def _imported(rows: Sequence[_Row], *, made: bool) -> Imported:
    refused = sum(bool(row.errors) for row in rows)
    good: Literal["made", "would be made"] = "made" if made else "would be made"
    return Imported(
        rows=[
            ImportedRow(
                row=row.number,
                name=row.name,
                outcome="refused" if row.errors else good,
                errors=row.errors,
                phone_secret=row.secret if made and not row.errors else None,
            )
            for row in rows
        ],
        made=len(rows) - refused if made else 0,
        refused=refused,
    )


def _new_account(desk: Desk, wish: NewUser, made_up: str | None) -> NewAccount:
    facts = {name: getattr(wish, name) for name in _FACTS}
    return NewAccount(Account(wish.name, _domain(desk), **facts), wish.phone_secret or made_up, wish.web_password)


def _made_up_for(wish: NewUser) -> str | None:
    """Make up a phone secret where nothing is said of one; null is that there shall be none."""
    return None if "phone_secret" in wish.model_fields_set else _made_up()


def _domain(desk: Desk) -> str:
    return desk.switch.services.directory.domain


async def _account(desk: Desk, name: str) -> Account:
    account = await desk.stores.users.get(name, _domain(desk))
    if account is None:
        raise missing("user", name)
    return account


async def _theirs(desk: Desk, who: Asker, name: str) -> Account:
    """Find a user whom somebody may change: nobody gets at the rights of another by way of their password."""
    account = await _account(desk, name)
    if not _covers(desk, who, account.role):
        raise Refused(Code.FORBIDDEN, f"users of the role {account.role} may do more than you")
    return account


def _check_role(desk: Desk, who: Asker, role: str) -> None:
    """Refuse a role that is not there, or may do more than who gives it."""
    if role not in desk.roles:
        detail = f"must be one of {', '.join(sorted(desk.roles))}"
        raise Refused(Code.INVALID, "there is no such role", errors=[{"pointer": "/role", "detail": detail}])
    if not _covers(desk, who, role):
        raise Refused(Code.FORBIDDEN, f"users of the role {role} may do more than you")


def _covers(desk: Desk, who: Asker, role: str) -> bool:
    granted = desk.roles[role].api if role in desk.roles else ()
    return all(who.may(scope) or who.may(scope.removesuffix(OWN)) for scope in granted)


async def _check_goes(desk: Desk, who: Asker, account: Account) -> None:
    """Refuse to let go who asks, and the last one who may do everything.

    Raises:
        Refused: CONFLICT.
    """
    if who.user == account.address:
        raise Refused(Code.CONFLICT, "you cannot do this to yourself")
    if account.role != _ADMIN or not account.enabled:
        return
    others = await desk.stores.users.count(account.domain, _ADMIN, web=True) - (account.web_hash is not None)
    if others <= 0:
        raise Refused(Code.CONFLICT, "this is the last enabled admin who can log in")


async def _set_secrets(desk: Desk, name: str, wanted: Mapping[str, Any]) -> None:
    """Set what is among `phone_secret` and `web_password`; whoever came in with the old one is sent off."""
    account, users = await _account(desk, name), desk.stores.users
    if "phone_secret" in wanted:
        await users.set_phone_secret(name, account.domain, wanted["phone_secret"])
        _kick_all(desk, account)
    if "web_password" in wanted:
        await users.set_web_password(name, account.domain, wanted["web_password"])
        await _end_sessions(desk, name)
        desk.site.password_changed(name)


async def _send_off(desk: Desk, account: Account) -> None:
    """End all that somebody came in with."""
    await _end_sessions(desk, account.name)
    _kick_all(desk, account)


async def _end_sessions(desk: Desk, name: str) -> None:
    """End the web sessions of a user, and all that lets phones on pages in: else they are back as soon as kicked."""
    await desk.stores.sessions.remove_user(name)
    desk.switch.services.directory.tokens.end_user(name)


def _kick_all(desk: Desk, account: Account) -> None:
    for contact in desk.switch.services.registry.find(account.address):
        desk.kick(contact)


@asynccontextmanager
async def _free_name(desk: Desk, name: str = "") -> AsyncIterator[None]:
    """Refuse the name of somebody new, or else a number, that is somebody's."""
    try:
        yield
    except Taken as error:
        named = bool(name) and await desk.stores.users.get(name, _domain(desk)) is not None
        fault = {"pointer": "/name" if named else "/number", "detail": str(error)}
        raise Refused(Code.TAKEN, str(error), errors=[fault]) from error


async def _named(desk: Desk, start: str, after: str, limit: int) -> list[Account]:
    """Give users whose names begin so and come after another."""
    users, domain = desk.stores.users, _domain(desk)
    exact = await users.get(start, domain) if start > after else None  # it begins with itself
    found = [] if exact is None else [exact]
    found += await users.list(domain, limit, max(after, start))
    return [account for account in found if account.name.startswith(start)][:limit]


async def _count(desk: Desk, start: str) -> int:
    if not start:
        return await desk.stores.users.count(_domain(desk))
    count, after = 0, ""
    while found := await _named(desk, start, after, _PAGE):
        count, after = count + len(found), found[-1].name
    return count


def _made_up() -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH))
