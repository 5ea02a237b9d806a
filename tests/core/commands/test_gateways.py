"""Gateways: those of the file stay as they are, those of the database come, change and go."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.core.commands.live import live
from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError, ConfigError, Refused
from xswitch_py.base.permissions import ANY
from xswitch_py.base.problem import Code
from xswitch_py.base.records import AuditEntry
from xswitch_py.core.access import Asker
from xswitch_py.core.commands import gateways
from xswitch_py.core.commands.desk import Desk, Standing
from xswitch_py.endpoints.sip.gateways.config import GatewayConfig, load
from xswitch_py.endpoints.sip.gateways.gateways import Standing as Stands
from xswitch_py.models.gateways import GatewayChange, NewGateway

ADMIN: Final = Asker("admin", "admin", frozenset({ANY}))
ACCOUNT: Final[dict[str, Any]] = {
    "name": "carrier",
    "proxy": "sip.carrier.example",
    "register": True,
    "username": "acct77",
    "password": "horse battery",
}
# What a file may say, and what is more than a program may.
FILE: Final[dict[str, dict[str, Any]]] = {
    "backup": {
        "proxy": "[2001:db8::1]:5061",
        "transport": "tls",
        "username": "us",
        "deny": ["0900"] * 1001,
        "rewrite": [{"match": "0(" + "1" * 300 + ")", "replace": "$1"}],
        "retry": 60,
    }
}


@dataclass
class Carriers:
    """Stands for the SIP door: has the gateways that it was given at the last renewal."""

    desk: Desk | None = None
    configs: dict[str, GatewayConfig] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    async def renew(self) -> None:
        assert self.desk is not None
        records = [each for each in await self.desk.stores.gateways.list() if each.enabled]
        both = {each.name: each.settings for each in records} | {"backup": {**FILE["backup"], "password": "x"}}
        self.configs = {config.name: config for config in load({"gateway": both})}

    def status(self) -> Sequence[Standing]:
        return [Stands(name, "REGED", True, 200, "", 1e9, 1, 2, "udp:192.0.2.1:5060") for name in self.configs]

    def _tell(self, what: str, name: str) -> None:
        if name not in self.configs:
            raise CallError(Cause.INVALID_GATEWAY, f"there is no gateway {name}")
        self.told.append(f"{what} {name}")

    def register(self, name: str) -> None:
        self._tell("register", name)

    def unregister(self, name: str) -> None:
        self._tell("unregister", name)

    def ping(self, name: str) -> None:
        self._tell("ping", name)


def problems(name: str, settings: Mapping[str, Any]) -> list[str]:
    """Say what the SIP door has against settings."""
    try:
        load({"gateway": {name: dict(settings)}})
    except ConfigError as error:
        return error.problems
    return []


@dataclass
class Office:
    """A desk with a SIP door."""

    desk: Desk
    carriers: Carriers
    audit: list[AuditEntry]


async def laid(desk: Desk, carriers: Carriers) -> Desk:
    """Lay a desk with these carriers."""
    desk = replace(
        desk,
        carriers=carriers,
        file_gateways=lambda: FILE,
        gateway_problems=problems,
        renew_gateways=carriers.renew,
    )
    carriers.desk = desk
    await carriers.renew()
    return desk


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with live(tmp_path) as made:
        carriers = Carriers()
        yield Office(await laid(made.desk, carriers), carriers, made.audit)


async def made(office: Office, **more: Any) -> str:
    wish = NewGateway.model_validate({**ACCOUNT, **more})
    return (await gateways.create(office.desk, ADMIN, wish)).name


async def refusal(work: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await work
    return caught.value


async def test_a_gateway_that_is_made_is_there_and_its_password_is_not_shown(office: Office) -> None:
    wish = NewGateway.model_validate({**ACCOUNT, "rewrite": [{"match": "0(.*)", "replace": "+49$1"}]})
    assert "horse" not in repr(wish)
    shown = await gateways.create(office.desk, ADMIN, wish)
    assert (shown.origin, shown.enabled, shown.has_password, shown.register_) == ("database", True, True, True)
    assert shown.status is not None and (shown.status.state, shown.status.outbound) == ("REGED", 2)
    config = office.carriers.configs["carrier"]
    assert (config.password, config.proxy.host, config.expire) == ("horse battery", "sip.carrier.example", 600)
    assert config.rewrite[0].match.fullmatch("030") is not None
    record = await office.desk.stores.gateways.get("carrier")
    for each in (shown.model_dump_json(), repr(shown), repr(office.audit), repr(record)):
        assert "horse" not in each


async def test_only_what_is_given_changes_and_the_password_stays(office: Office) -> None:
    await made(office, deny=["0900"])
    before = office.carriers.configs["carrier"]
    shown = await gateways.change(office.desk, ADMIN, "carrier", GatewayChange(expire=120))
    assert office.carriers.configs["carrier"] == replace(before, expire=120)
    assert shown.has_password and shown.deny == ["0900"]
    await gateways.change(office.desk, ADMIN, "carrier", GatewayChange(password="another"))
    assert office.carriers.configs["carrier"].password == "another"


async def test_scripts_say_the_keys_of_the_file(office: Office) -> None:
    shown = await gateways.create.ask(office.desk, ADMIN, ACCOUNT)
    assert shown["register"] is True and "password" not in shown
    shown = await gateways.change.ask(office.desk, ADMIN, {"name": "carrier", "register": False})
    assert shown["register"] is False and shown["username"] == "acct77"
    assert (await gateways.list_gateways.ask(office.desk, ADMIN, {}))["items"][1]["register"] is False


async def test_a_change_is_to_be_told_from_what_was_before_even_if_it_is_a_secret(office: Office) -> None:
    await made(office)
    before = (await gateways.get(office.desk, ADMIN, "carrier")).plain()
    assert (await gateways.get(office.desk, ADMIN, "carrier")).plain() == before
    assert (await gateways.change(office.desk, ADMIN, "carrier", GatewayChange(password="another"))).plain() != before


async def test_a_disabled_gateway_is_kept_and_not_used(office: Office) -> None:
    await made(office)
    shown = await gateways.change(office.desk, ADMIN, "carrier", GatewayChange(enabled=False))
    assert "carrier" not in office.carriers.configs and not shown.enabled
    assert shown.status is not None and (shown.status.state, shown.status.up) == ("DISABLED", False)
    for command in (gateways.register, gateways.unregister, gateways.ping):
        assert (await refusal(command(office.desk, ADMIN, "carrier"))).code is Code.CONFLICT
    await gateways.change(office.desk, ADMIN, "carrier", GatewayChange(enabled=True))
    assert office.carriers.configs["carrier"].password == "horse battery"


async def test_one_that_did_not_start_says_so(office: Office) -> None:
    await made(office)
    office.carriers.configs.clear()
    shown = await gateways.status(office.desk, ADMIN, "carrier")
    assert (shown.state, shown.text) == ("DOWN", "not started yet")
    refused = await refusal(gateways.ping(office.desk, ADMIN, "carrier"))
    assert (refused.code, refused.facts["cause"]) == (Code.CALL_FAILED, "INVALID_GATEWAY")


async def test_those_of_the_file_are_shown_and_changed_nowhere_else(office: Office) -> None:
    shown = await gateways.get(office.desk, ADMIN, "backup")
    assert (shown.origin, shown.has_password, shown.proxy) == ("file", True, "[2001:db8::1]:5061")
    assert len(shown.deny) == 1001 and shown.retry == 60.0
    change = gateways.change(office.desk, ADMIN, "backup", GatewayChange(expire=120))
    for work in (change, gateways.remove(office.desk, ADMIN, "backup")):
        assert (await refusal(work)).code is Code.CONFLICT
    again = gateways.create(office.desk, ADMIN, NewGateway(name="backup", proxy="sip.example"))
    assert (await refusal(again)).code is Code.TAKEN


async def test_one_that_the_file_has_meanwhile_can_still_be_removed(office: Office) -> None:
    await made(office)
    desk = replace(office.desk, file_gateways=lambda: {**FILE, "carrier": {"proxy": "of.the.file"}})
    shown = await gateways.get(desk, ADMIN, "carrier")
    assert (shown.origin, shown.proxy, shown.has_password) == ("file", "of.the.file", False)
    await gateways.remove(desk, ADMIN, "carrier")
    assert await desk.stores.gateways.list() == []


async def test_a_removed_gateway_is_gone(office: Office) -> None:
    await made(office)
    await gateways.remove(office.desk, ADMIN, "carrier")
    assert list(office.carriers.configs) == ["backup"]
    for work in (gateways.get(office.desk, ADMIN, "carrier"), gateways.remove(office.desk, ADMIN, "carrier")):
        assert (await refusal(work)).code is Code.NOT_FOUND


async def test_a_name_is_taken_once(office: Office) -> None:
    await made(office)
    assert (await refusal(made(office))).code is Code.TAKEN


async def test_what_the_door_could_not_use_is_refused_with_its_place(office: Office) -> None:
    wish = {**ACCOUNT, "password": "horse", "rewrite": [{"match": "(", "replace": ""}], "ping": 1}
    del wish["username"]
    refused = await refusal(gateways.create.ask(office.desk, ADMIN, wish))
    assert refused.code is Code.INVALID and "horse" not in repr(refused.facts)
    assert {error["pointer"] for error in refused.facts["errors"]} == {"/rewrite", "/ping", "/register"}
    assert await office.desk.stores.gateways.list() == []
    await made(office)
    refused = await refusal(gateways.change(office.desk, ADMIN, "carrier", GatewayChange(proxy="a:b:c")))
    assert refused.facts["errors"][0]["pointer"] == "/proxy"
    assert office.carriers.configs["carrier"].proxy.host == "sip.carrier.example"


@pytest.mark.parametrize(
    "members",
    [
        {"password_file": "/etc/passwd"},  # X20: no file is read for a program
        {"proxy": "a b"},
        {"proxy": None},
        {"transport": "sctp"},
        {"register": "perhaps"},
        {"expire": 59},
        {"retry": float("nan")},
        {"deny": ["0"] * 1001},
        {"deny": [""]},
        {"allow": ["192.0.2.0/24"] * 257},
        {"rewrite": [{"match": "x" * 201, "replace": ""}]},
        {"rewrite": [{"match": "x"}]},
        {"contact_params": {str(number): "" for number in range(17)}},
        {"username": "two\r\nlines"},
        {"password": "x" * 257},
        {"name": "../carrier"},
        {"weight": 0},
    ],
    ids=lambda members: next(iter(members)),
)
async def test_what_is_out_of_bounds_is_refused(office: Office, members: dict[str, Any]) -> None:
    refused = await refusal(gateways.create.ask(office.desk, ADMIN, {**ACCOUNT, **members}))
    assert refused.code is Code.INVALID
    assert await office.desk.stores.gateways.list() == []


async def test_a_gateway_is_told_to_register_and_to_ping(office: Office) -> None:
    await made(office)
    for command in (gateways.register, gateways.unregister, gateways.ping):
        assert (await command(office.desk, ADMIN, "carrier")).state == "REGED"
    await gateways.ping(office.desk, ADMIN, "backup")
    assert office.carriers.told == ["register carrier", "unregister carrier", "ping carrier", "ping backup"]
    assert (await refusal(gateways.register(office.desk, ADMIN, "backup"))).code is Code.CONFLICT
    assert (await refusal(gateways.ping(office.desk, ADMIN, "nowhere"))).code is Code.NOT_FOUND


async def test_pages_lead_through_both_kinds_by_name(office: Office) -> None:
    for name in ("alpha", "carrier", "delta"):
        await made(office, name=name)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await gateways.list_gateways(office.desk, ADMIN, 3, cursor, True)
        seen += [each.name for each in page.items]
        assert page.total == 4
        if (cursor := page.next_cursor) is None:
            break
    assert seen == ["alpha", "backup", "carrier", "delta"]


async def test_there_are_only_so_many(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "_MOST", 2)
    await made(office, name="one")
    await made(office, name="two")
    assert (await refusal(made(office, name="three"))).code is Code.CONFLICT
