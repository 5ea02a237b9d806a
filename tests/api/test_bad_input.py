"""What is no request: broken bodies, wrong methods and paths, lengths that lie, and senders who leave."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from tests.api.conftest import Api, settings
from xswitch_py import app
from xswitch_py.cli.serve import accounts

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_S: Final = 5.0
JSON: Final = {"Content-Type": "application/json"}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def switch() -> AsyncIterator[Api]:
    """One switch for all tests."""
    made = app.build(settings(), demo=accounts("secret-word"))
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


def refused(reply: httpx.Response) -> tuple[int, str]:
    """Give status and code of a problem, which is complete and tells nothing of our inside."""
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert set(problem) >= {"type", "title", "status", "detail", "instance", "code", "request_id"}
    assert (problem["type"], problem["status"]) == (f"/docs/problems#{problem['code']}", reply.status_code)
    assert reply.headers["x-request-id"] == problem["request_id"]
    assert "Traceback" not in reply.text and "xswitch_py" not in reply.text
    return reply.status_code, problem["code"]


async def raw(switch: Api, *pieces: bytes, close: bool = False) -> tuple[int, dict[str, str], bytes]:
    """Write pieces to a connection; give status, headers and body of the answer, or leave before there is one."""
    host, _, port = switch.facts["http"].removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if close:
            return 0, {}, b""
        async with asyncio.timeout(SOON_S):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        return int(first.split()[1]), headers, body
    finally:
        writer.close()


def head(switch: Api, method: str, path: str, *lines: str) -> bytes:
    """Write the head of a request of the administrator."""
    key = switch.facts["api_key"]
    most = (f"{method} /api/v1{path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {key}", *lines, "", "")
    return "\r\n".join(most).encode("latin-1")


async def names(api: httpx.AsyncClient) -> set[str]:
    """Name all users."""
    page = (await api.get("/users", params={"limit": 500})).json()
    return {each["name"] for each in page["items"]}


# Paths and methods.


@pytest.mark.parametrize(
    "path", ["/nothing", "/users/", "/users/1000/nothing", "/", "", "/calls//hold", "/USERS", "/%00"]
)
async def test_what_is_nowhere_is_not_found(api: httpx.AsyncClient, path: str) -> None:
    assert refused(await api.get(path)) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/users", {"GET", "POST"}),
        ("/users/1000", {"GET", "PATCH", "DELETE"}),
        ("/routes/file_1", {"GET", "PATCH", "DELETE"}),
        ("/calls/call_none/quality", {"GET", "POST"}),
        ("/calls/call_none/hold", {"POST"}),
        ("/status", {"GET"}),
        ("/auth/login", {"POST"}),
    ],
)
async def test_another_method_is_told_all_that_are_allowed(
    api: httpx.AsyncClient, path: str, allowed: set[str]
) -> None:
    for method in {"GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "NONSENSE"} - allowed:
        reply = await api.request(method, path)
        assert refused(reply) == (405, "method_not_allowed"), method
        assert set(reply.headers["allow"].split(", ")) == allowed, method


# Bodies.


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "invalid"),
        (b"null", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b'"name"', 422, "invalid"),
        (b"{", 400, "malformed"),
        (b"{}{}", 400, "malformed"),
        (b"{'name': 1}", 400, "malformed"),
        (b'{"name": "x",}', 400, "malformed"),
        (b'{"name": NaN}', 400, "malformed"),
        (b'{"name": Infinity}', 400, "malformed"),
        (b'{"name": -Infinity}', 400, "malformed"),
        (b'{"name": 1e999}', 400, "malformed"),
        (b'{"name": ' + b"9" * 5000 + b"}", 400, "malformed"),
        (b'{"name": "\\ud800"}', 400, "malformed"),
        (b'{"\\udfff": 1}', 400, "malformed"),
        (b'{"name": "\xff\xfe"}', 400, "malformed"),
        (b'\xff\xfe{\x00"\x00', 400, "malformed"),
        (b'{"name": "a\nb"}', 400, "malformed"),
        (b'{"variables": ' + b'{"a":' * 32 + b"1" + b"}" * 33, 400, "malformed"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400, "malformed"),
        (b"[" * 10_000, 400, "malformed"),
        (b"[" * 400_000 + b"]" * 400_000, 400, "malformed"),
        (b'{"name": "\\u0000"}', 422, "invalid"),
        (b'{"name": "' + b"x" * 1_000_000 + b'"}', 413, "too_large"),
        (b'{"name": "x", "surname": "y"}', 422, "invalid"),
        (b'{"name": 5}', 422, "invalid"),
        (b'{"name": "x", "enabled": "yes"}', 422, "invalid"),
        (b'{"name": "x", "enabled": 1}', 422, "invalid"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else str(value),
)
async def test_a_body_that_cannot_be_read_or_meant_is_refused(
    api: httpx.AsyncClient, body: bytes, status: int, code: str
) -> None:
    """X3."""
    before = await names(api)
    assert refused(await api.post("/users", content=body, headers=JSON)) == (status, code)
    assert await names(api) == before


async def test_an_unknown_member_is_pointed_at(api: httpx.AsyncClient) -> None:
    problem = (await api.post("/users", json={"name": "x", "a/b~c": 1})).json()
    assert problem["errors"] == [{"pointer": "/a~1b~0c", "detail": "Extra inputs are not permitted"}]


async def test_of_members_with_one_name_the_last_counts(api: httpx.AsyncClient) -> None:
    reply = await api.post("/users", content=b'{"name": "first", "name": "last"}', headers=JSON)
    assert (reply.status_code, reply.json()["name"]) == (201, "last")
    assert "first" not in await names(api)


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "text/json", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "x"],
)
async def test_a_body_of_another_kind_is_refused(api: httpx.AsyncClient, kind: str) -> None:
    reply = await api.post("/users", content=b'{"name": "kind"}', headers={"Content-Type": kind})
    assert refused(reply)[0] in (415, 422)
    assert "kind" not in await names(api)


async def test_a_body_without_a_kind_is_refused(switch: Api, api: httpx.AsyncClient) -> None:
    status, _, body = await raw(switch, head(switch, "POST", "/users", "Content-Length: 16"), b'{"name": "kind"}')
    assert (status, json.loads(body)["code"]) == (422, "invalid")
    assert "kind" not in await names(api)


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json"])
async def test_json_may_be_called_in_several_ways(api: httpx.AsyncClient, kind: str) -> None:
    for body, status in ((b'{"toml": ""}', 200), (b'{"toml": NaN}', 400)):
        reply = await api.post("/config/validate", content=body, headers={"Content-Type": kind})
        assert reply.status_code == status


# Lengths.


async def test_a_body_of_two_megabytes_is_refused(switch: Api, api: httpx.AsyncClient) -> None:
    """X4: announced, or found out on the way; the connection is not used again."""
    assert refused(await api.post("/users", content=b"x" * (2 << 20), headers=JSON)) == (413, "too_large")
    lines = head(switch, "POST", "/users", "Content-Type: application/json", "Transfer-Encoding: chunked")
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    for kind in (lines, lines.replace(b"json", b"xml")):
        status, headers, body = await raw(switch, kind, *[chunk] * 17)
        assert (status, json.loads(body)["code"]) == (413, "too_large")
        assert headers["x-request-id"] == json.loads(body)["request_id"]


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: -1",),
        ("Content-Length: +5",),
        ("Content-Length: 0x5",),
        ("Transfer-Encoding: identity, chunked",),
        ("Transfer-Encoding: xchunked",),
        ("Bad Header: x",),
        (" folded: x",),
        ("X-Null: a\x00b",),
    ],
)
async def test_lengths_and_headers_that_contradict_are_refused(switch: Api, lines: tuple[str, ...]) -> None:
    """X4: no second request is found in the body of a first one."""
    inside = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    status, _, _ = await raw(switch, head(switch, "POST", "/users", *lines), inside)
    assert status in (400, 401, 422, 501)  # 401: a folded line belongs to the key before it


@pytest.mark.parametrize("chunked", [False, True])
async def test_of_half_a_body_nothing_is_stored(switch: Api, api: httpx.AsyncClient, chunked: bool) -> None:
    before = await names(api)
    whole = json.dumps({"name": "half"}).encode()
    if chunked:
        lines, body = "Transfer-Encoding: chunked", b"%x\r\n%s\r\n" % (len(whole), whole)  # and no last chunk
    else:
        lines, body = f"Content-Length: {len(whole) + 1}", whole
    start = head(switch, "POST", "/users", "Content-Type: application/json", lines)
    await raw(switch, start, body, close=True)
    await asyncio.gather(*(raw(switch, start, body[: len(body) // 2], close=True) for _ in range(20)))
    assert (await api.get("/status")).status_code == 200
    assert await names(api) == before


async def test_a_whole_body_in_small_chunks_is_taken(switch: Api, api: httpx.AsyncClient) -> None:
    body = json.dumps({"name": "chunked"}).encode()
    start = head(switch, "POST", "/users", "Content-Type: application/json", "Transfer-Encoding: chunked")
    status, _, _ = await raw(switch, start, *(b"1\r\n%c\r\n" % each for each in body), b"0\r\n\r\n")
    assert status == 201
    assert "chunked" in await names(api)


# Queries.


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/users?limits=5", "/query/limits"),
        ("/users?limit=5&Limit=6", "/query/Limit"),
        ("/users?a~/b=1", "/query/a~0~1b"),
        ("/cdrs?since=2026-01-01", "/query/since"),
        ("/calls?%00=1", "/query/\x00"),
        ("/recordings/rec_none/content?expiry=5", "/query/expiry"),
        ("/status?verbose", "/query/verbose"),
        ("/calls?limit=0", "/query/limit"),
        ("/calls?limit=501", "/query/limit"),
        ("/calls?limit=1e2", "/query/limit"),
        ("/calls?limit=" + "9" * 5000, "/query/limit"),
        ("/calls?limit=", "/query/limit"),
        ("/users?total=perhaps", "/query/total"),
        ("/cdrs?from=yesterday", "/query/from"),
        ("/cdrs?min_billsec=nan", "/query/min_billsec"),
        ("/calls?cursor=" + "x" * 201, "/query/cursor"),
    ],
)
async def test_a_query_that_makes_no_sense_is_pointed_at(api: httpx.AsyncClient, path: str, pointer: str) -> None:
    reply = await api.get(path)
    assert refused(reply) == (422, "invalid")
    assert pointer in [each["pointer"] for each in reply.json()["errors"]]


async def test_every_parameter_that_is_documented_is_known(switch: Api, api: httpx.AsyncClient) -> None:
    document = (await api.get(f"{switch.facts['http']}/openapi.json")).json()
    asked = 0
    for path, methods in document["paths"].items():
        for parameter in methods.get("get", {}).get("parameters", []):
            if parameter["in"] == "query" and "{" not in path and path != "/api/v1/events":
                reply = await api.get(f"{switch.facts['http']}{path}", params={parameter["name"]: "\x00"})
                assert "there is no such parameter" not in reply.text, (path, parameter["name"])
                asked += 1
    assert asked > 20


async def test_who_is_not_known_learns_nothing_of_parameters(switch: Api) -> None:
    async with switch.client("") as nobody:
        assert refused(await nobody.get("/users?nonsense=1")) == (401, "not_authenticated")


# Headers.


@pytest.mark.parametrize(
    "line",
    ["Authorization: Basic YWRtaW46MTIzNA==", "Authorization: Bearer xs_\xff", "Cookie: __Host-xswitch=\xff", "X: y"],
)
async def test_who_brings_no_proof_is_not_known(switch: Api, line: str) -> None:
    text = f"GET /api/v1/users HTTP/1.1\r\nHost: localhost\r\n{line}\r\n\r\n".encode("latin-1")
    status, headers, body = await raw(switch, text)
    assert (status, headers["www-authenticate"], json.loads(body)["code"]) == (401, "Bearer", "not_authenticated")


@pytest.mark.parametrize("header", ["If-Match", "Idempotency-Key"])
async def test_a_header_without_end_is_refused(api: httpx.AsyncClient, header: str) -> None:
    method, path = ("PATCH", "/users/1000") if header == "If-Match" else ("POST", "/calls")
    wish: dict[str, Any] = {} if header == "If-Match" else {"from": "1000"}
    reply = await api.request(method, path, json=wish, headers={header: "x" * 5000})
    assert refused(reply) == (422, "invalid")
    assert (await api.get("/calls")).json()["items"] == []
