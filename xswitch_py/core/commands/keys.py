"""Commands about API keys: nobody can make one that may do more than they may."""

import hashlib
import secrets
import time
from typing import Annotated, Final

from pydantic import Field

from xswitch_py.base.errors import Refused
from xswitch_py.base.permissions import ANY
from xswitch_py.base.problem import Code
from xswitch_py.base.records import ApiKey
from xswitch_py.core.access import OWN, Asker, all_scopes
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk, missing
from xswitch_py.models.keys import KeyMade, KeyShown, NewKey
from xswitch_py.models.shape import Page

__all__ = ["create", "list_keys", "remove"]

MOST: Final = 200  # keys of one user
_READ: Final = "keys:read"
_WRITE: Final = "keys:write"


@command("keys.list", _READ, own=True)
async def list_keys(
    desk: Desk, who: Asker, limit: Annotated[int, Field(ge=1, le=500)] = 50, cursor: str | None = None
) -> Page[KeyShown]:
    """List API keys, the oldest first, without their secrets."""
    only = who.only(_READ)
    keys = [key for key in await desk.stores.keys.list() if only is None or key.owner == only.user]
    start = next((place for place, key in enumerate(keys, 1) if key.id == cursor), len(keys)) if cursor else 0
    found = keys[start : start + limit]
    more = start + limit < len(keys)
    return Page[KeyShown](items=[KeyShown.of(key) for key in found], next_cursor=found[-1].id if more else None)


@command("keys.create", _WRITE, own=True)
async def create(desk: Desk, who: Asker, wish: NewKey) -> KeyMade:
    """Make an API key for oneself; its secret is shown this once.

    It may do what its scopes say, as far as the role of its owner may do so at that time. A key that expires, or is
    bound to networks, makes no other keys.
    """
    if who.user is None:
        raise Refused(Code.FORBIDDEN, "a key is somebody's")
    _check(desk, who, wish)
    mine = [key for key in await desk.stores.keys.list() if key.owner == who.user.user]
    if any(key.id == who.name and (key.expires is not None or key.networks) for key in mine):
        raise Refused(Code.FORBIDDEN, "this key makes no others, for it has bounds that they would not have")
    if len(mine) >= MOST:
        raise Refused(Code.CONFLICT, f"nobody may have more than {MOST} keys", state=len(mine))
    secret = f"xs_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        f"key_{secrets.token_hex(8)}",
        wish.name,
        who.user.user,
        who.role,
        tuple(dict.fromkeys(wish.scopes)),
        tuple(dict.fromkeys(wish.networks)),
        time.time(),
        expires=None if wish.expires is None else wish.expires.timestamp(),
        hash=hashlib.sha256(secret.encode()).hexdigest(),
    )
    await desk.stores.keys.add(key)
    return KeyMade.of(key, secret=secret)


@command("keys.remove", _WRITE, own=True)
async def remove(desk: Desk, who: Asker, key: str) -> None:
    """Remove an API key: within a second it opens nothing any more."""
    only = who.only(_WRITE)
    found = [each for each in await desk.stores.keys.list() if each.id == key]
    if not any(only is None or each.owner == only.user for each in found) or not await desk.stores.keys.remove(key):
        raise missing("key", key)


def _check(desk: Desk, who: Asker, wish: NewKey) -> None:
    known = all_scopes()
    errors = [
        {"pointer": f"/scopes/{place}", "detail": "you may not do this" if scope in known else "there is no such scope"}
        for place, scope in enumerate(wish.scopes)
        if scope not in known or not _holds(desk, who, scope)
    ]
    if wish.expires is not None and wish.expires.timestamp() <= time.time():
        errors.append({"pointer": "/expires", "detail": "it is over already"})
    if errors:
        raise Refused(Code.INVALID, "some members cannot be used", errors=errors)


def _holds(desk: Desk, who: Asker, scope: str) -> bool:
    """Say whether somebody has a scope to hand on; a key that has not all that its owner may does not hand on all."""
    if scope == ANY:
        return who.may(ANY) or desk.asker(who.name, who.role).granted <= who.granted
    return who.may(scope) or who.may(scope.removesuffix(OWN))
