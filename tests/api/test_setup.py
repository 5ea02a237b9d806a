"""REST of /setup: what a first-run guide asks, and the first password that goes when it was changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import FREE, Api
from tests.api.office import asking, served
from tests.core.commands.live import live
from xswitch_py import app, app_setup, config
from xswitch_py.api import setup
from xswitch_py.app import App
from xswitch_py.app_setup import Site
from xswitch_py.cli.serve import accounts
from xswitch_py.core.access import SYSTEM
from xswitch_py.core.commands import COMMANDS

ANOTHER = "another long word"


@asynccontextmanager
async def serving(folder: Path, *more: str) -> AsyncIterator[App]:
    """Run a switch that keeps what it has, as `xswitch serve` does."""
    read = config.load(None, [*FREE, f"store.path={folder / 'state' / 'x.db'}", *more], {})
    made = app.build(read, demo=None)
    await made.start()
    try:
        yield made
    finally:
        made.stop()
        await made.run()


async def shown(made: App) -> dict[str, Any]:
    found: dict[str, Any] = await COMMANDS["setup.get"].ask(made.desk, SYSTEM, {})
    return found


async def test_a_demo_says_what_it_is(switch: Api, api: httpx.AsyncClient) -> None:
    """GET /setup."""
    answer = await api.get("/setup")
    assert answer.status_code == 200
    facts = answer.json()
    address = facts.pop("public_address")
    port = int(switch.facts["media"]["webrtc"][0].rpartition(":")[2])
    assert facts == {
        "first_password": True,
        "demo": True,
        "certificate": None,
        "https": False,
        "users": 21,
        "gateways": 0,
        "webrtc_port": port,
        "domain": "localhost",
        "origins": [],
    }
    assert (address["configured"], bool(address["addresses"])) == ("", True)


async def test_the_password_of_a_demo_is_the_first_until_the_admin_changes_it(
    switch: Api, api: httpx.AsyncClient
) -> None:
    """POST /auth/password."""
    assert (await api.patch("/users/1000", json={"web_password": ANOTHER})).status_code == 200
    assert (await api.get("/setup")).json()["first_password"] is True, "that was somebody else's"
    wrong = await api.post("/auth/password", json={"old_password": "wrong", "new_password": ANOTHER})
    assert wrong.status_code == 403
    assert (await api.get("/setup")).json()["first_password"] is True
    done = await api.post("/auth/password", json={"old_password": "secret-word", "new_password": ANOTHER})
    assert done.status_code == 204
    assert (await api.get("/setup")).json()["first_password"] is False


async def test_the_file_with_the_first_password_goes_when_it_is_no_longer_good(tmp_path: Path) -> None:
    async with serving(tmp_path, "listen.https=127.0.0.1:0", "listen.origins=https://a.example") as made:
        file = tmp_path / "state" / "admin.password"
        facts = await shown(made)
        assert (facts["first_password"], facts["demo"], facts["users"], facts["https"]) == (True, False, 1, True)
        assert facts["origins"] == ["https://a.example"]
        certificate = facts["certificate"]
        assert (certificate["self_signed"], certificate["path"]) == (True, str(tmp_path / "state" / "wss.pem"))
        assert "localhost" in certificate["names"]
        base, old = f"{made.facts()['http']}/api/v1", file.read_text().strip()
        async with httpx.AsyncClient(base_url=base.replace("127.0.0.1", "localhost"), trust_env=False) as page:
            me = await page.post("/auth/login", json={"user": "admin", "password": old})
            # A browser sends this cookie on this machine; httpx does not take http for safe there.
            headers = {"X-CSRF-Token": me.json()["csrf"], "Cookie": me.headers["set-cookie"].partition(";")[0]}
            change = {"old_password": old, "new_password": ANOTHER}
            assert (await page.post("/auth/password", json=change, headers=headers)).status_code == 204
        assert ((await shown(made))["first_password"], file.exists()) == (False, False)
    async with serving(tmp_path) as made:
        assert (await shown(made))["first_password"] is False, "nor after a restart"


@pytest.mark.parametrize(
    ("command", "params"),
    [
        ("users.change", {"name": "admin", "web_password": ANOTHER}),
        ("users.reset_password", {"name": "admin", "what": "web"}),
        ("users.remove", {"name": "admin"}),
    ],
)
async def test_it_goes_whichever_way_the_password_is_changed(
    tmp_path: Path, command: str, params: dict[str, Any]
) -> None:
    async with live(tmp_path) as at:
        for name in ("admin", "other"):
            wish = {"name": name, "role": "admin", "web_password": "long enough"}
            await COMMANDS["users.create"].ask(at.desk, SYSTEM, wish)
        await COMMANDS["users.reset_password"].ask(at.desk, SYSTEM, {"name": "admin", "what": "phone"})
        await COMMANDS["users.change"].ask(at.desk, SYSTEM, {"name": "admin", "number": "999"})
        assert at.desk.site.first_password(), "a phone's secret is another, and so is a number"
        await COMMANDS[command].ask(at.desk, SYSTEM, params)
        assert not at.desk.site.first_password()


async def test_gateways_of_file_and_database_are_counted_once_each(tmp_path: Path) -> None:
    file = tmp_path / "gateways.toml"
    file.write_text('[gateway.one]\nproxy = "127.0.0.1:9"\nping = 0\n[gateway.two]\nproxy = "127.0.0.1:9"\nping = 0\n')
    async with serving(tmp_path, f"files.gateways={file}") as made:
        wish = {"name": "three", "proxy": "127.0.0.1:9", "ping": 0}
        await COMMANDS["gateways.create"].ask(made.desk, SYSTEM, wish)
        assert (await shown(made))["gateways"] == 3


@pytest.mark.parametrize(
    ("own", "likely"),
    [
        (["192.168.1.5"], True),
        (["10.0.0.1", "2606:4700::1111"], True),
        (["192.168.1.5", "8.8.8.8"], False),
        (["8.8.8.8"], False),
        (["2606:4700::1111"], False),
        (["127.0.0.1"], False),
    ],
)
def test_private_addresses_alone_are_likely_behind_nat(
    monkeypatch: pytest.MonkeyPatch, own: list[str], likely: bool
) -> None:
    monkeypatch.setattr(app_setup, "advertised", lambda addresses: own)
    site = Site(config.load(None, [], {}, base=config.DEMO), accounts(None), lambda: ("", None), lambda: 10000)
    address = site.facts()["public_address"]
    assert address == {"configured": "", "addresses": own, "behind_nat_likely": likely}


@pytest.mark.parametrize("role", ["user", "operator"])
async def test_it_is_for_admins(tmp_path: Path, role: str) -> None:
    async with live(tmp_path) as at, asking(served(at.desk, setup.router), role) as client:
        assert (await client.get("/setup")).status_code == 403
