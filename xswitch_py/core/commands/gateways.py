"""Commands about gateways: those of the file as they are, those of the database to be made and changed."""

import time
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from xswitch_py.base.errors import Refused, Taken
from xswitch_py.base.problem import Code
from xswitch_py.base.records import GatewayRecord
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.command import command
from xswitch_py.core.commands.desk import Desk, Standing, missing
from xswitch_py.models.gateways import Gateway, GatewayChange, GatewayStatus, NewGateway
from xswitch_py.models.given import Cursor, Id, Limit
from xswitch_py.models.shape import Page, moment

__all__ = ["change", "create", "get", "list_gateways", "ping", "register", "remove", "status", "unregister"]

_READ: Final = "gateways:read"
_WRITE: Final = "gateways:write"
_MOST: Final = 1000  # gateways of the database: each has clocks of its own
_SECRETS: Final = ("password", "password_file")
_NOT_SET: Final = frozenset({"name", "enabled"})  # of what is given, what is no setting

Settings = Mapping[str, Any]


@command("gateways.list", _READ)
async def list_gateways(
    desk: Desk, who: Asker, limit: Limit = 50, cursor: Cursor = None, total: bool = False
) -> Page[Gateway]:
    """List the gateways by name, with how they stand."""
    made = {record.name: record for record in await desk.stores.gateways.list()}
    file = desk.file_gateways()
    names = sorted(made.keys() | file.keys())
    start = bisect_right(names, cursor or "")
    chosen = names[start : start + limit]
    standing = _standing(desk)
    items = [_shown(name, file.get(name), made.get(name), standing) for name in chosen]
    return Page[Gateway](
        items=items,
        next_cursor=chosen[-1] if start + limit < len(names) else None,
        total=len(names) if total else None,
    )


@command("gateways.get", _READ)
async def get(desk: Desk, who: Asker, name: Id) -> Gateway:
    """Show a gateway, and how it stands."""
    return await _gateway(desk, name)


@command("gateways.create", _WRITE)
async def create(desk: Desk, who: Asker, wish: NewGateway) -> Gateway:
    """Make a gateway."""
    if wish.name in desk.file_gateways():
        raise Refused(Code.TAKEN, f"the file has a gateway {wish.name}")
    if len(await desk.stores.gateways.list()) >= _MOST:
        raise Refused(Code.CONFLICT, f"there are {_MOST} gateways already", state=_MOST)
    settings, now = _given(wish), time.time()
    _check(desk, wish.name, settings)
    try:
        await desk.stores.gateways.add(GatewayRecord(wish.name, settings, wish.enabled, now, now))
    except Taken as error:
        raise Refused(Code.TAKEN, str(error)) from error
    await desk.renew_gateways()
    return await _gateway(desk, wish.name)


@command("gateways.change", _WRITE)
async def change(desk: Desk, who: Asker, name: Id, wish: GatewayChange) -> Gateway:
    """Change a gateway. Calls that are up go on; a new registration is made where it has to be."""
    record = await _ours(desk, name)
    settings = {**record.settings, **_given(wish)}
    _check(desk, name, settings)
    enabled = wish.enabled if "enabled" in wish.model_fields_set else record.enabled
    await desk.stores.gateways.change(replace(record, settings=settings, enabled=enabled, changed=time.time()))
    await desk.renew_gateways()
    return await _gateway(desk, name)


@command("gateways.remove", _WRITE)
async def remove(desk: Desk, who: Asker, name: Id) -> None:
    """Remove a gateway. Calls that are up go on."""
    await _ours(desk, name)
    await desk.stores.gateways.remove(name)
    await desk.renew_gateways()


@command("gateways.register", _WRITE)
async def register(desk: Desk, who: Asker, name: Id) -> GatewayStatus:
    """Register now at a gateway. How it stands then is told by its status, and by events."""
    return await _told(desk, name, desk.carriers.register, registers=True)


@command("gateways.unregister", _WRITE)
async def unregister(desk: Desk, who: Asker, name: Id) -> GatewayStatus:
    """Take the registration away, until it is told to register."""
    return await _told(desk, name, desk.carriers.unregister, registers=True)


@command("gateways.ping", _WRITE)
async def ping(desk: Desk, who: Asker, name: Id) -> GatewayStatus:
    """See now whether a gateway answers. What it says is told by its status, and by events."""
    return await _told(desk, name, desk.carriers.ping)


@command("gateways.status", _READ)
async def status(desk: Desk, who: Asker, name: Id) -> GatewayStatus:
    """Show how a gateway stands."""
    return _status(await _gateway(desk, name))


def _standing(desk: Desk) -> dict[str, Standing]:
    return {each.name: each for each in desk.carriers.status()}


async def _gateway(desk: Desk, name: str) -> Gateway:
    file, record = desk.file_gateways().get(name), await desk.stores.gateways.get(name)
    if file is None and record is None:
        raise missing("gateway", name)
    return _shown(name, file, record, _standing(desk))


def _shown(name: str, file: Settings | None, record: GatewayRecord | None, standing: Mapping[str, Standing]) -> Gateway:
    """Show a gateway; of one name in both places the one of the file counts."""
    origin: Literal["file", "database"] = "database" if file is None else "file"
    settings: Settings = file if file is not None else record.settings if record is not None else {}
    enabled = file is not None or (record is not None and record.enabled)
    # Of the file's passwords nothing is known here; but nobody is let have a username without one.
    known = any(map(settings.get, _SECRETS)) or (file is not None and bool(settings.get("username")))
    return Gateway.model_validate(
        {
            **{key: value for key, value in settings.items() if key not in _SECRETS},
            "name": name,
            "enabled": enabled,
            "origin": origin,
            "has_password": known,
            "changed": moment(record.changed) if file is None and record is not None else None,
            "status": _how(standing.get(name), enabled),
        }
    )


def _how(standing: Standing | None, enabled: bool) -> GatewayStatus:
    if standing is None:
        text = "not started yet" if enabled else "disabled"
        state: Literal["DOWN", "DISABLED"] = "DOWN" if enabled else "DISABLED"
        return GatewayStatus(state=state, up=False, code=0, text=text, since=None, inbound=0, outbound=0, target="")
    facts = ("state", "up", "code", "text", "inbound", "outbound", "target")
    return GatewayStatus.model_validate(
        {**{fact: getattr(standing, fact) for fact in facts}, "since": moment(standing.since)}
    )


def _status(gateway: Gateway) -> GatewayStatus:
    assert gateway.status is not None
    return gateway.status


async def _ours(desk: Desk, name: str) -> GatewayRecord:
    """Find a gateway of the database, also one that the file has meanwhile."""
    record = await desk.stores.gateways.get(name)
    if record is not None:
        return record
    if name in desk.file_gateways():
        raise Refused(Code.CONFLICT, "this gateway is changed in the file gateways.toml", state="file")
    raise missing("gateway", name)


def _given(wish: NewGateway | GatewayChange) -> dict[str, Any]:
    """Give what was set, as a file would say it."""
    return wish.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude=set(_NOT_SET))


def _check(desk: Desk, name: str, settings: Settings) -> None:
    """Refuse what the SIP door could not use.

    Raises:
        Refused: INVALID, with all that is wrong.
    """
    problems = [text.removeprefix(f"gateway {name}: ") for text in desk.gateway_problems(name, settings)]
    if problems:
        errors = [{"pointer": _pointer(text), "detail": text} for text in problems]
        raise Refused(Code.INVALID, "such a gateway cannot be used", errors=errors)


def _pointer(problem: str) -> str:
    """Point to the member that a problem begins with."""
    word = problem.partition(" ")[0].rstrip(":")
    members = {info.alias or each for each, info in NewGateway.model_fields.items()}
    return f"/{word}" if word in members else ""


async def _told(desk: Desk, name: str, tell: Callable[[str], None], *, registers: bool = False) -> GatewayStatus:
    gateway = await _gateway(desk, name)
    if not gateway.enabled:
        raise Refused(Code.CONFLICT, "this gateway is not enabled", state="DISABLED")
    if registers and not gateway.register_:
        raise Refused(Code.CONFLICT, "this is not a gateway to register with", state=_status(gateway).state)
    tell(name)
    return _status(await _gateway(desk, name))
