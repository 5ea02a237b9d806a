"""Commands about oneself."""

from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.web_login import WebAsker, WebLogins
from xswitch_py.models.me import Me, PasswordChange

__all__ = ["change_password", "get", "shown"]


@command("me.get", "me:read")
async def get(desk: Desk, who: Asker) -> Me:
    """Say who asks, and what they may do."""
    return await shown(desk, who)


@command("me.password", "me:write")
async def change_password(desk: Desk, who: Asker, wish: PasswordChange) -> None:
    """Change one's own password for web pages.

    All other sessions of the user end.
    """
    old, new = wish.old_password.get_secret_value(), wish.new_password.get_secret_value()
    await WebLogins(desk).change_password(who, old, new)
    if who.user is not None:
        desk.site.password_changed(who.user.user)


async def shown(desk: Desk, who: Asker) -> Me:
    """Show who asks; no scope is needed."""
    directory = desk.switch.services.directory
    account = None if who.user is None else await directory.find(who.user.user)
    return Me(
        name=who.name,
        user=None if who.user is None else who.user.user,
        display_name="" if account is None else account.display_name,
        role=who.role,
        scopes=sorted(who.granted),
        number=(account.number or None) if account is not None else None,
        domain=directory.domain,
        csrf=who.csrf if isinstance(who, WebAsker) else None,
    )
