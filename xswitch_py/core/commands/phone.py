"""Commands about one's own phone on a web page."""

import time
from typing import Final

from xswitch_py.base.errors import Refused
from xswitch_py.base.permissions import ANY
from xswitch_py.base.problem import Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.phone_tokens import FIRST
from xswitch_py.core.web_login import WebAsker
from xswitch_py.models.phone import PhoneToken
from xswitch_py.models.shape import moment

__all__ = ["token"]

_PHONE: Final = frozenset({"verto"})  # methods of a socket that only a phone needs


@command("phone.token", "phone:write")
async def token(desk: Desk, who: Asker) -> PhoneToken:
    """Make a word that one's own phone logs in with, by Verto or SIP, within five minutes.

    Once it has, the word is good for reconnects while the web session lasts that it was made in. On the socket it is
    good for all that its user may do there: a key that may do less than that gets none.
    """
    if not isinstance(who, WebAsker) and not _may_all(desk, who):
        raise Refused(Code.FORBIDDEN, "this key may do less than its owner may on the socket that a token opens")
    directory = desk.switch.services.directory
    user = None if who.user is None else await directory.find(who.user.user)
    if user is None or not user.number:
        raise Refused(Code.CONFLICT, "who has no number has no phone", state="no number")
    word = directory.tokens.issue(user, who.session if isinstance(who, WebAsker) else "")
    return PhoneToken(
        login=user.name,
        token=word,
        expires=moment(time.time() + FIRST),
        domain=directory.domain,
        number=user.number,
        display_name=user.display_name,
    )


def _may_all(desk: Desk, who: Asker) -> bool:
    """Say whether somebody may do all that their role may, unless all it may do on a socket is to phone."""
    role = desk.roles.get(who.role)
    return role is None or role.methods <= _PHONE or who.may(ANY) or role.api <= who.granted
