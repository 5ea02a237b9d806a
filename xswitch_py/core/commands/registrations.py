"""Commands about where users can be reached."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from xswitch_py.base.address import Address
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk, missing
from xswitch_py.core.registry import Contact
from xswitch_py.models.given import Cursor, Id, Limit
from xswitch_py.models.registrations import Device, Registration
from xswitch_py.models.shape import Page, moment

__all__ = ["devices", "kick", "list_registrations", "name_of", "remove"]

_READ: Final = "registrations:read"
_WRITE: Final = "registrations:write"


@command("registrations.list", _READ, own=True)
async def list_registrations(
    desk: Desk,
    who: Asker,
    limit: Limit = 50,
    cursor: Cursor = None,
    user: Id | None = None,
    door: Id | None = None,
    total: bool = False,
) -> Page[Registration]:
    """List where users can be reached, by user.

    `user` and `door` are those to be listed alone.
    """
    registry = desk.switch.services.registry
    wanted = None if user is None else desk.switch.services.directory.address(user)
    mine = who.only(_READ)
    fitting = [
        contact
        for contact in registry
        if mine in (None, contact.user) and wanted in (None, contact.user) and door in (None, contact.door)
    ]
    chosen = list(islice(_sorted(fitting, _place(cursor)), limit + 1))
    last = chosen[limit - 1] if len(chosen) > limit else None
    return Page[Registration](
        items=[Registration(**_facts(contact), user=str(contact.user)) for contact in chosen[:limit]],
        next_cursor=None if last is None else f"{last.user.user}/{name_of(last)}",
        total=len(fitting) if total else None,
    )


@command("registrations.remove", _WRITE, own=True)
async def remove(desk: Desk, who: Asker, id: Id) -> None:
    """End a registration: the phone is rung no more until it registers again. Calls that are up go on."""
    mine = who.only(_WRITE)
    for contact in desk.switch.services.registry:
        if mine in (None, contact.user) and name_of(contact) == id:
            return _kick(desk, contact, id)
    raise missing("registration", id)


@command("registrations.devices", _READ, own=True)
async def devices(desk: Desk, who: Asker, name: Id) -> Page[Device]:
    """List where a user can be reached now, the longest known first."""
    address = await _user(desk, who, name, _READ)
    return Page[Device](items=[Device(**_facts(each)) for each in desk.switch.services.registry.find(address)])


@command("registrations.kick", _WRITE, own=True)
async def kick(desk: Desk, who: Asker, name: Id, id: Id) -> None:
    """End the registration of one of a user's devices. Calls that are up go on."""
    address = await _user(desk, who, name, _WRITE)
    for contact in desk.switch.services.registry.find(address):
        if name_of(contact) == id:
            return _kick(desk, contact, id)
    raise missing("device", id)


def name_of(contact: Contact) -> str:
    """Give what a contact is called: the same for as long as it is the same one."""
    text = "\n".join((contact.door, contact.key, str(contact.user)))
    return f"reg_{hashlib.blake2s(text.encode('utf-8', 'surrogatepass'), digest_size=10).hexdigest()}"


async def _user(desk: Desk, who: Asker, name: str, scope: str) -> Address:
    """Find a user whose devices somebody may see, or end."""
    mine = who.only(scope)
    account = await desk.stores.users.get(name, desk.switch.services.directory.domain)
    if account is None or mine not in (None, account.address):
        raise missing("user", name)
    return account.address


def _kick(desk: Desk, contact: Contact, name: str) -> None:
    if not desk.kick(contact):  # it has left meanwhile
        raise missing("registration", name)


def _facts(contact: Contact) -> dict[str, Any]:
    return {
        "id": name_of(contact),
        "door": contact.door,
        "url": contact.url,
        "host": contact.host,
        "transport": contact.transport,
        "agent": contact.agent,
        "until": None if contact.until is None else moment(contact.until),
    }


def _place(cursor: str | None) -> tuple[str, str]:
    """Read where the page before ended: a user, and the name of a contact."""
    user, sign, name = (cursor or "/").rpartition("/")
    if not sign:
        raise Refused(Code.INVALID, "this is no cursor of ours", errors=[{"pointer": "/cursor", "detail": "unknown"}])
    return user, name


def _sorted(contacts: Iterable[Contact], after: tuple[str, str]) -> Iterator[Contact]:
    """Sort contacts by user and name; names are made only of those that are needed."""
    by_user: dict[str, list[Contact]] = {}
    for contact in contacts:
        by_user.setdefault(contact.user.user, []).append(contact)
    for user in sorted(user for user in by_user if user >= after[0]):
        names = sorted((name_of(contact), place) for place, contact in enumerate(by_user[user]))
        yield from (by_user[user][place] for name, place in names if (user, name) > after)
