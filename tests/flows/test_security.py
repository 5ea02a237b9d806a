"""What people with an account could try on a real server: calls that others pay for, and finding out secrets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.flows.live import ECHO
from tests.peers.light import CANNED_OFFER, LightPeer
from tests.peers.programs import hearing, program
from tests.peers.server import Server, running
from tests.peers.wire import Refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

WEB: Final = "a web password"
OUT: Final = "0900123"
DIALS: Final = [
    f"gateway/berlin/{OUT}",
    f"1001|gateway/berlin/{OUT}",
    f"1001,gateway/berlin/{OUT}",
    f"user/1001|gateway/berlin/{OUT}",
    f"user/../gateway/berlin/{OUT}",
    f"1001 |gateway/berlin/{OUT}",
    f"|gateway/berlin/{OUT}",
    f"GATEWAY/berlin/{OUT}",
    f"sofia/gateway/berlin/{OUT}",
    f"gateway/berlin+berlin/{OUT}",
    f"gateway%2fberlin%2f{OUT}",
    f"1001\tgateway/berlin/{OUT}",
    f"1001\r\ngateway/berlin/{OUT}",
    f"{{sip_h_X=1}}gateway/berlin/{OUT}",
    f"${{gateway}}/berlin/{OUT}",
]


class Carrier(asyncio.DatagramProtocol):
    """A carrier that answers nothing and keeps what it is asked for."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.heard.append(data)

    @property
    def calls(self) -> list[bytes]:
        """The first lines of the calls that came."""
        return [data.partition(b"\r\n")[0] for data in self.heard if data.startswith(b"INVITE ")]


@asynccontextmanager
async def carrier() -> AsyncIterator[tuple[Carrier, int]]:
    """A carrier and its port."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Carrier, local_addr=("127.0.0.1", 0))
    try:
        yield protocol, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


@asynccontextmanager
async def page(server: Server, admin: httpx.AsyncClient, name: str) -> AsyncIterator[httpx.AsyncClient]:
    """A web page on which a user is logged in."""
    changed = await admin.patch(f"/api/v1/users/{name}", json={"web_password": WEB})
    assert changed.status_code == 200, changed.text
    async with httpx.AsyncClient(base_url=str(server.facts["http"]), timeout=30, trust_env=False) as client:
        reply = await client.post("/api/v1/auth/login", json={"user": name, "password": WEB})
        assert reply.status_code == 200, reply.text
        client.headers["Cookie"] = f"__Host-xswitch={reply.cookies['__Host-xswitch']}"
        client.headers["X-CSRF-Token"] = reply.json()["csrf"]
        yield client


async def answering(phone: LightPeer) -> None:
    """Take every call, for ever."""
    while True:
        said = await phone.expect("verto.invite", 600)
        sdp = CANNED_OFFER.replace("actpass", "active")
        with suppress(Refused):
            await phone.request("verto.answer", sdp=sdp, dialogParams={"callID": said["callID"]})


async def test_no_user_gets_out_by_a_gateway(tmp_path: Path) -> None:
    """X10, X20: though there is one, and a rule that takes any number to the house's own users."""
    async with running(tmp_path) as server, carrier() as (outside, port):
        async with (
            program(str(server.facts["http"]), str(server.facts["api_key"])) as admin,
            page(server, admin, "1000") as eve,
            await LightPeer.open(server.ws) as phone,
        ):
            made = await admin.post("/api/v1/gateways", json={"name": "berlin", "proxy": f"127.0.0.1:{port}"})
            assert made.status_code == 201, made.text
            rule = {"number": "((?!9196).+)", "steps": ["bridge user/$1"], "position": 1}
            assert (await admin.post("/api/v1/routes", json=rule)).status_code == 201
            await phone.login("1000")
            taking = asyncio.create_task(answering(phone))
            for dial in DIALS:
                await dialled(phone, dial)
                await asked(eve, phone, dial)
            await asyncio.sleep(0.5)
            assert outside.calls == []
            reply = await admin.post("/api/v1/calls", json={"from": f"gateway/berlin/{OUT}", "to": ECHO})
            assert reply.status_code == 202, reply.text
            async with asyncio.timeout(5):
                while not outside.calls:  # who may gets out, so nothing else was in the way
                    await asyncio.sleep(0.05)
            taking.cancel()


async def dialled(phone: LightPeer, dial: str) -> None:
    """Dial it at a phone, and send a call there."""
    with suppress(Refused):
        call = await phone.invite(dial)
        await phone.expect("verto.bye", callID=call)
    call = await phone.invite(ECHO)
    await phone.expect("verto.answer", callID=call)
    with suppress(Refused):
        await phone.request(
            "verto.modify",
            action="transfer",
            destination=dial,
            dialogParams={"callID": call, "destination_number": ECHO},
        )
    with suppress(Refused):
        await phone.bye(call)


async def asked(eve: httpx.AsyncClient, phone: LightPeer, dial: str) -> None:
    """Ask for it by REST and by JSON-RPC, as who is on the phone."""
    reply = await eve.post("/api/v1/calls", json={"from": dial, "to": ECHO})
    assert reply.status_code in (403, 422), (dial, reply.text)
    reply = await eve.post("/api/v1/calls", json={"from": "1000", "to": dial, "wait": True})
    assert reply.status_code in (202, 422), (dial, reply.text)
    call = await phone.invite(ECHO)
    await phone.expect("verto.answer", callID=call)
    mine = next(
        each
        for each in (await eve.get("/api/v1/calls")).json()["items"]
        if any(leg["id"] == call for leg in each["legs"])
    )
    path = f"/api/v1/calls/{mine['id']}"
    assert (await eve.post(f"{path}/supervise", json={"by": dial})).status_code in (403, 422)
    assert (await eve.post(f"{path}/transfer", json={"to": dial})).status_code == 422
    params: list[tuple[str, dict[str, Any]]] = [
        ("XNode.Dial", {}),
        ("XNode.Bridge", {"uuid": call}),
        ("XNode.Transfer", {"uuid": call, "extension": dial}),
    ]
    for name, more in params:
        if "extension" not in more:
            more["destination"] = {"call_params": [{"dial_string": dial}]}
        said = (await eve.post("/rpc", json={"jsonrpc": "2.0", "id": 1, "method": name, "params": more})).json()
        assert "error" in said or said["result"]["code"] >= 400, (dial, said)
    reply = await eve.post(f"{path}/bridge", json={"to": dial, "wait": True})
    assert reply.status_code >= 400, (dial, reply.text)
    with suppress(Refused):
        await phone.bye(call)


SECRETS: Final = {
    "phone": "Ph0ne-secret-of-all",
    "guess": "Gu3ss-of-somebody",
    "web": "W3b-secret-of-olga",
    "web guess": "Wr0ng-web-secret",
    "gateway": "G4teway-secret",
    "hook": "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0",
    "made": "M4de-phone-secret",
    "reset": "R3set-phone-secret",
    "unknown member": "Unkn0wn-member-secret",
    "broken": "Br0ken-json-secret",
    "digest": "0123456789abcdef0123456789abcdef",
    "digits": "7391548260",
    "header": "Basic-s3cret-header",
}
SHOWN: Final = [f"api/v1/{name}" for name in (
    "config", "audit", "gateways", "gateways/berlin", "webhooks", "users", "users/olga", "api-keys", "registrations",
    "status", "auth/me", "calls", "blocks", "routes",
)] + ["openapi.json", "openrpc.json", "metrics", "healthz", "readyz"]  # fmt: skip
_OLGA: Final = {"name": "olga", "role": "operator", "number": "2000"}
_REGISTER: Final = """\
REGISTER sip:127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:5099;branch=z9hG4bKsecret
From: <sip:1000@127.0.0.1>;tag=1
To: <sip:1000@127.0.0.1>
Call-ID: secret
CSeq: 1 REGISTER
Max-Forwards: 70
Contact: <sip:1000@127.0.0.1:5099>
Authorization: Digest username="1000", realm="localhost", nonce="x", uri="sip:127.0.0.1", response="{digest}"
Content-Length: 0

"""


async def test_nothing_that_is_written_or_shown_holds_a_secret(tmp_path: Path) -> None:
    """X22: of a run with all there is, at the most talkative level; in the log, the audit, the trace, the events..."""
    secrets = dict(SECRETS)
    settings = ("log.level=debug", 'api.webhook_networks=["127.0.0.0/8"]')
    async with running(tmp_path, *settings, options=("--password", secrets["phone"])) as server:
        root, key = str(server.facts["http"]), str(server.facts["api_key"])
        secrets["admin's key"] = key
        async with program(root, key) as admin, carrier() as (outside, port), hearing(admin) as events:
            await set_up(admin, secrets, port)
            await come_in(server, secrets)
            shown = await used(server, admin, secrets)
            await events.until("call.ended")
            shown["events"] = json.dumps(events.all)
            for path in SHOWN:
                shown[path] = (await admin.get(f"/{path}")).text
            assert outside.heard
        assert await server.stop() == 0
    shown["log"] = (tmp_path / "server.log").read_text(errors="replace")
    assert "olga" in shown["log"] and "users.create" in shown["api/v1/audit"] and "call." in shown["events"]
    told = [(name, place) for name, secret in secrets.items() for place, text in shown.items() if secret in text]
    assert told == []
    assert "PRIVATE KEY" not in shown["log"]


async def set_up(admin: httpx.AsyncClient, secrets: dict[str, str], port: int) -> None:
    """Make what has secrets: a user, a gateway that registers, a webhook, a key."""
    olga = _OLGA | {"phone_secret": secrets["made"], "web_password": secrets["web"]}
    gateway = {"name": "berlin", "proxy": f"127.0.0.1:{port}", "register": True, "username": "us",
               "password": secrets["gateway"]}  # fmt: skip
    hook = {"url": f"http://127.0.0.1:{port}/hook", "events": ["call.*"], "secret": secrets["hook"]}
    for path, wish in (("users", olga), ("gateways", gateway), ("webhooks", hook)):
        reply = await admin.post(f"/api/v1/{path}", json=wish)
        assert reply.status_code == 201, reply.text
    made = await admin.post("/api/v1/api-keys", json={"name": "a key", "scopes": ["me:read"]})
    secrets["key"] = made.json()["secret"]
    reset = await admin.post("/api/v1/users/1005/reset-password", json={"what": "phone", "password": secrets["reset"]})
    assert reset.status_code == 200, reset.text
    secrets["reset made up"] = (await admin.post("/api/v1/users/1006/reset-password", json={"what": "phone"})).json()[
        "password"
    ]
    wrong = {"name": "x", "password": secrets["unknown member"], "phone_secret": 5}
    assert (await admin.post("/api/v1/users", json=wrong)).status_code == 422
    broken = f'{{"user": "admin", "password": "{secrets["broken"]}"'
    reply = await admin.post("/api/v1/auth/login", content=broken, headers={"Content-Type": "application/json"})
    assert reply.status_code in (400, 422)


async def come_in(server: Server, secrets: dict[str, str]) -> None:
    """Log in at each door, rightly and wrongly."""
    root = str(server.facts["http"])
    async with httpx.AsyncClient(base_url=root, timeout=30, trust_env=False) as browser:
        for user, word in (("olga", "web guess"), ("nobody", "web guess"), ("olga", "web")):
            reply = await browser.post("/api/v1/auth/login", json={"user": user, "password": secrets[word]})
        assert reply.status_code == 200, reply.text
        secrets["cookie"], secrets["csrf"] = reply.cookies["__Host-xswitch"], reply.json()["csrf"]
        headers = {"Cookie": f"__Host-xswitch={secrets['cookie']}", "X-CSRF-Token": secrets["csrf"]}
        secrets["token"] = (await browser.post("/api/v1/phone/token", headers=headers)).json()["token"]
        for given in (f"Bearer {secrets['key']}", f"Bearer xs_{secrets['header']}", f"Basic {secrets['header']}"):
            await browser.get("/api/v1/auth/me", headers={"Authorization": given})
        await browser.get(f"/api/v1/auth/me?api_key={secrets['key']}&token={secrets['token']}")
    async with await LightPeer.open(server.ws) as peer:
        with pytest.raises(Refused):
            await peer.login("1000", secrets["guess"])
    async with await LightPeer.open(server.ws) as peer:
        await peer.login("olga", secrets["token"])
    host, port = str(server.facts["sip"]["udp"]).rsplit(":", 1)
    transport, answers = await asyncio.get_running_loop().create_datagram_endpoint(
        Carrier, remote_addr=(host, int(port))
    )
    transport.sendto(_REGISTER.format(digest=secrets["digest"]).replace("\n", "\r\n").encode())
    async with asyncio.timeout(5):
        while not answers.heard:
            await asyncio.sleep(0.02)
    transport.close()


async def used(server: Server, admin: httpx.AsyncClient, secrets: dict[str, str]) -> dict[str, str]:
    """Phone, with a PIN that is pressed; give the trace of that."""
    async with await LightPeer.open(server.ws) as peer:
        await peer.login("1000", secrets["phone"], userVariables={"password": secrets["guess"]})
        call = await peer.invite(ECHO)
        answer = await peer.expect("verto.answer", callID=call)
        secrets["ice"] = str(answer["sdp"]).partition("a=ice-pwd:")[2].split()[0]
        secrets["ice of the phone"] = "abcdefghijklmnopqrstuvwx"
        mine = (await admin.get("/api/v1/calls")).json()["items"][0]["id"]
        wish = {"secret": True, "most": 10, "timeout": 10}
        gathering = asyncio.create_task(admin.post(f"/api/v1/calls/{mine}/gather", json=wish))
        await asyncio.sleep(0.3)
        await peer.request("verto.info", dtmf=secrets["digits"], dialogParams={"callID": call})
        assert (await gathering).json()["digits"] == secrets["digits"]
        trace = (await admin.get(f"/api/v1/calls/{mine}/trace")).text
        assert "verto.info" in trace
        await peer.bye(call)
    await asyncio.sleep(0.2)
    return {"trace": trace, "trace afterwards": (await admin.get(f"/api/v1/calls/{mine}/trace")).text}
