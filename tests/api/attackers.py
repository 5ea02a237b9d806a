"""People at a real switch: what is theirs and what is others', and valid requests for every operation."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx

from tests.api.conftest import Api
from tests.peers.light import LightPeer
from xswitch_py.base.address import Address
from xswitch_py.base.permissions import ANY
from xswitch_py.core.access import Asker
from xswitch_py.core.commands import keys
from xswitch_py.models.keys import NewKey

__all__ = ["BODIES", "Operation", "Other", "key_of", "operations", "somebody"]

BODIES: Final[Mapping[str, Any]] = {
    "auth.login": {"user": "admin", "password": "a guess"},
    "me.password": {"old_password": "a guess", "new_password": "another word"},
    "keys.create": {"name": "mine", "scopes": ["calls:read"]},
    "users.create": {"name": "eve"},
    "users.import": {"rows": [{"name": "eve"}]},
    "users.change": {"role": "admin"},
    "users.reset_password": {"what": "web"},
    "routes.create": {"steps": ["echo"]},
    "routes.explain": {"number": "1001"},
    "routes.change": {"steps": ["echo"]},
    "routes.move": {"position": 1},
    "gateways.create": {"name": "mine", "proxy": "192.0.2.1"},
    "gateways.change": {"expire": 120},
    "calls.originate": {"from": "1001", "to": "9196"},
    "calls.bridge": {"to": "1000"},
    "calls.mute": {},
    "calls.transfer": {"to": "1000"},
    "calls.dtmf": {"digits": "1"},
    "calls.play": {"source": "tone:test"},
    "calls.record": {},
    "calls.gather": {"timeout": 0},
    "calls.supervise": {"by": "1000"},
    "calls.set_variables": {"variables": {"a": "b"}},
    "calls.report_quality": {},
    "bridges.add": {"call": "call_x"},
    "bridges.remove": {"call": "call_x"},
    "webhooks.create": {"url": "https://example.com/", "events": ["call.ended"]},
    "webhooks.change": {"enabled": False},
    "config.validate": {"toml": ""},
    "blocks.create": {"source": "192.0.2.9", "seconds": 60},
    "rpc": {"jsonrpc": "2.0", "id": 1, "method": "users.list"},
}
"""What is sent to an operation that wants a body."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One of /openapi.json."""

    name: str
    method: str
    path: str

    async def ask(self, client: httpx.AsyncClient, ids: Mapping[str, str], root: str, **more: Any) -> httpx.Response:
        """Ask for it, with these in the place of what its path names."""
        path = re.sub(r"{(\w+)}", lambda found: ids.get(found[1], "nothing"), self.path)
        body = BODIES.get(self.name)
        if isinstance(body, dict) and "call" in body:
            body = body | {"call": ids.get("call", "call_x")}
        if self.name == "bridges.create":
            body = {"calls": [ids.get("call", "call_x")]}
        if body is not None:
            more["json"] = body
        return await client.request(self.method, root + path, **more)


async def operations(client: httpx.AsyncClient, root: str) -> list[Operation]:
    """List all there are; of those that never end only the others."""
    paths = (await client.get(f"{root}/openapi.json")).json()["paths"]
    found = [
        Operation(said["operationId"], method, path) for path, ways in paths.items() for method, said in ways.items()
    ]
    return [one for one in found if one.name != "events.stream"]


async def key_of(at: Api, name: str, *scopes: str, role: str = "user") -> str:
    """Make an API key of a user, for all that their role may do or for some of it; give its secret."""
    who = Asker(name, role, frozenset({ANY}), Address(name, at.app.desk.switch.services.directory.domain))
    return (await keys.create(at.app.desk, who, NewKey(name="a key", scopes=list(scopes or (ANY,))))).secret


@dataclass(frozen=True, slots=True)
class Other:
    """What is another's."""

    ids: dict[str, str]  # by the words of paths
    leg: str
    words: tuple[str, ...]  # that nobody else may read


@asynccontextmanager
async def somebody(at: Api, admin: httpx.AsyncClient) -> AsyncIterator[Other]:
    """Let 1001 be on the phone, be recorded and have a key; and let there be one of each of the others' things."""
    async with await LightPeer.open(str(at.facts["ws"])) as phone:
        await phone.login("1001", "secret-word")
        leg = await phone.invite("9196", caller_id_name="Bob Privatissimo")
        await phone.expect("verto.answer")
        calls = (await admin.get("/calls")).json()["items"]
        call = next(each for each in calls if any(one["id"] == leg for one in each["legs"]))
        recording = (await admin.post(f"/calls/{call['id']}/record", json={})).json()["id"]
        device = (await admin.get("/users/1001/devices")).json()["items"][-1]
        await key_of(at, "1001")
        key = next(each.id for each in await at.app.desk.stores.keys.list() if each.owner == "1001")
        route = (await admin.post("/routes", json={"number": "4711", "steps": ["echo"]})).json()["id"]
        hook = await admin.post("/webhooks", json={"url": "https://example.com/secret-path", "events": ["call.ended"]})
        ids = {
            "call": call["id"],
            "recording": recording,
            "name": "1001",
            "device": device["id"],
            "registration": device["id"],
            "key": key,
            "route": route,
            "bridge": f"bridge_{call['id'].removeprefix('call_')}",
            "webhook": hook.json()["id"],
            "delivery": "delivery_x",
            "source": "192.0.2.9",
        }
        yield Other(ids, leg, ("Privatissimo", "secret-path", "4711"))
        await phone.bye(leg)
        for path in (f"/webhooks/{hook.json()['id']}", f"/routes/{route}", f"/api-keys/{key}"):
            await admin.delete(path)
