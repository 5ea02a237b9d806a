"""Commands about phones on web pages."""

import time
from typing import Final

from xswitch_py.base.errors import Refused
from xswitch_py.base.permissions import ANY
from xswitch_py.base.problem import Code
from xswitch_py.base.user import User
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.phone_tokens import FIRST
from xswitch_py.core.web_login import WebAsker
from xswitch_py.models.given import Id
from xswitch_py.models.phone import PhoneToken
from xswitch_py.models.shape import moment

__all__ = ["token"]

_USERS: Final = "users:write"
_PHONE: Final = frozenset({"verto"})  # methods of a socket that only a phone needs


@command("phone.token", "phone:write")
async def token(desk: Desk, who: Asker, user: Id | None = None) -> PhoneToken:
    """Make a word that a phone logs in with, by Verto or SIP, within five minutes.

    Once it has, the word is good for reconnects while the web session lasts that it was made in. On the socket it is
    good for all that its user may do there: a key that may do less than that gets none.

    It is for one's own phone, or with `user` for somebody else's: a server does so for the pages that it makes, with a
    key that may change users.
    """
    account = await (_own(desk, who) if user is None else _other(desk, who, user))
    if account is None or not account.number:
        raise Refused(Code.CONFLICT, "who has no number has no phone", state="no number")
    directory = desk.switch.services.directory
    word = directory.tokens.issue(account, who.session if isinstance(who, WebAsker) and user is None else "")
    return PhoneToken(
        login=account.name,
        token=word,
        expires=moment(time.time() + FIRST),
        domain=directory.domain,
        number=account.number,
        display_name=account.display_name,
    )


async def _own(desk: Desk, who: Asker) -> User | None:
    role = desk.roles.get(who.role)
    if not isinstance(who, WebAsker) and not (role is None or role.methods <= _PHONE or _may_all(desk, who, who.role)):
        raise Refused(Code.FORBIDDEN, "this key may do less than its owner may on the socket that a token opens")
    return None if who.user is None else await desk.switch.services.directory.find(who.user.user)


async def _other(desk: Desk, who: Asker, name: str) -> User | None:
    """Who may change a user may have the user's phone, unless that may do more."""
    if not who.may(_USERS):
        raise Refused(Code.FORBIDDEN, f"a token for somebody else needs {_USERS}")
    account = await desk.switch.services.directory.find(name)
    if account is None:
        raise Refused(Code.NOT_FOUND, "no such user")
    if not _may_all(desk, who, account.role):
        raise Refused(Code.FORBIDDEN, "this user may do more")
    return account


def _may_all(desk: Desk, who: Asker, role: str) -> bool:
    """Say whether somebody may do all that a role may."""
    granted = desk.roles[role].api if role in desk.roles else frozenset()
    return who.may(ANY) or granted <= who.granted
