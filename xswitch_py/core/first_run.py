"""The first start: somebody must be able to log in, with a password that nobody could know before."""

import secrets
from dataclasses import replace
from typing import Final

import structlog

from xswitch_py.base.user import User
from xswitch_py.core.stores import UserStore

__all__ = ["ADMIN", "PASSWORD_FILE", "first_admin"]

log = structlog.get_logger("xswitch.core")

ADMIN: Final = "admin"  # the user, and the role
PASSWORD_FILE: Final = "admin.password"  # where the first password lies until it is changed: beside the database
NUMBER: Final = "999"


async def first_admin(users: UserStore, domain: str) -> str | None:
    """See that an administrator can log in; give the password of `admin` if it was made now, and never again.

    Somebody called `admin` who has another role, or is disabled, was made so by an operator, and is left alone.
    """
    if await users.count(domain, ADMIN, web=True):
        return None
    password, there = secrets.token_urlsafe(12), await users.get(ADMIN, domain)
    if there is None:
        taken = await users.find_number(NUMBER, domain) is not None
        user = User(ADMIN, domain, "Administrator", NUMBER, role=ADMIN)
        await users.add(replace(user, number="") if taken else user, web_password=password)
    elif there.role == ADMIN and there.enabled:
        await users.set_web_password(ADMIN, domain, password)
    else:
        log.warning("no administrator can log in on web pages", user=str(there.address), role=there.role)
        return None
    return password
