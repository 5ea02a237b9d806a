"""Commands about how the switch was set up."""

import asyncio
from collections.abc import Mapping
from typing import Any

from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk, Site
from xswitch_py.models.setup import Setup

__all__ = ["get"]


@command("setup.get", "config:read")
async def get(desk: Desk, who: Asker) -> Setup:
    """Show what was set up, and what remains to be done before others can call."""
    domain = desk.switch.services.directory.domain
    facts = await asyncio.to_thread(_facts, desk.site)
    gateways = {*desk.file_gateways(), *(each.name for each in await desk.stores.gateways.list())}
    users = await desk.stores.users.count(domain)
    return Setup.model_validate({**facts, "users": users, "gateways": len(gateways), "domain": domain})


def _facts(site: Site) -> Mapping[str, Any]:
    return {**site.facts(), "demo": site.demo, "first_password": site.first_password()}
