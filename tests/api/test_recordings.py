"""REST of /recordings: the row of api.md, who may hear what, and how it is heard."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI

from tests.api.office import asking, served
from tests.api.ported import asked_raw, ported
from tests.core.commands.live import Live, live
from xswitch_py.api import content, recordings
from xswitch_py.base.address import Address
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.records import Recording
from xswitch_py.core.commands import recordings as commands

ANN, BOB = "1000@example.org", "1001@example.org"  # who asks as a user is Ann
AT = 1_700_000_000.0
SOUND = bytes(range(256)) * 1000


def recording(number: int, call: str, *users: str, over: bool = True) -> Recording:
    ended = AT + 10 if over else None
    return Recording(
        f"rec_{number}", CallId(call), LegId("l"), f"{number}.wav", AT, users, ended, 10.0, len(SOUND),
        "hangup" if over else "",
    )  # fmt: skip


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path) as made:
        for row in (
            recording(1, "a", ANN),
            recording(2, "a", BOB),
            recording(3, "b", ANN, BOB),
            recording(4, "c", ANN, over=False),
        ):
            await made.desk.stores.recordings.begin(row)
            (made.desk.recordings / row.file).write_bytes(SOUND)
        yield made


@pytest.fixture
def app(at: Live) -> FastAPI:
    return served(at.desk, recordings.router)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(app) as made:
        yield made


def ids(reply: httpx.Response) -> str:
    """The recordings that were given, a digit each."""
    assert reply.status_code == 200, reply.text
    return "".join(item["id"].removeprefix("rec_") for item in reply.json()["items"])


async def test_recordings_are_listed_page_by_page(client: httpx.AsyncClient) -> None:
    """GET of /recordings."""
    first = await client.get("/recordings", params={"limit": 3})
    assert ids(first) == "432"
    second = await client.get("/recordings", params={"limit": 3, "cursor": first.json()["next_cursor"]})
    assert (ids(second), second.json()["next_cursor"]) == ("1", None)
    assert ids(await client.get("/recordings", params={"call": "call_a"})) == "21"
    assert ids(await client.get("/recordings", params={"user": BOB})) == "32"
    assert ids(await client.get("/recordings", params={"user": ANN, "call": "call_a"})) == "1"
    assert ids(await client.get("/recordings", params={"call": "call_nothing"})) == ""


@pytest.mark.parametrize("wish", [{"limit": 501}, {"limit": "x"}, {"cursor": "x" * 201}, {"user": "x" * 101}])
async def test_what_cannot_be_meant_is_refused(client: httpx.AsyncClient, wish: dict[str, str]) -> None:
    reply = await client.get("/recordings", params=wish)
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid")


async def test_a_recording_is_shown_without_its_file_name(client: httpx.AsyncClient) -> None:
    """GET of /recordings/{id}."""
    assert (await client.get("/recordings/rec_1")).json() == {
        "id": "rec_1",
        "call": "call_a",
        "leg": "l",
        "started": "2023-11-14T22:13:20Z",
        "ended": "2023-11-14T22:13:30Z",
        "seconds": 10.0,
        "size": len(SOUND),
        "why": "hangup",
        "users": [ANN],
    }
    going_on = (await client.get("/recordings/rec_4")).json()
    assert (going_on["ended"], going_on["why"]) == (None, "")


async def test_a_recording_is_heard_whole_and_in_part(client: httpx.AsyncClient) -> None:
    """GET of /recordings/{id}/content with Range: 200, 206, 416, HEAD, ETag."""
    path = "/recordings/rec_1/content"
    whole = await client.get(path)
    assert (whole.status_code, whole.content) == (200, SOUND)
    assert (whole.headers["content-type"], whole.headers["accept-ranges"]) == ("audio/wav", "bytes")
    assert whole.headers["content-length"] == str(len(SOUND))
    part = await client.get(path, headers={"Range": "bytes=255-70000"})
    assert (part.status_code, part.content) == (206, SOUND[255:70001])
    assert part.headers["content-range"] == f"bytes 255-70000/{len(SOUND)}"
    assert (await client.get(path, headers={"Range": "bytes=0-"})).status_code == 206
    assert (await client.get(path, headers={"Range": "bytes=-2"})).content == SOUND[-2:]
    assert (await client.get(path, headers={"Range": "bytes=1-2,5-6"})).status_code == 200
    behind = await client.get(path, headers={"Range": f"bytes={len(SOUND)}-"})
    assert (behind.status_code, behind.json()["code"]) == (416, "range_not_satisfiable")
    assert behind.headers["content-range"] == f"bytes */{len(SOUND)}"
    head = await client.head(path)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(SOUND)))
    assert head.headers["etag"] == whole.headers["etag"]
    assert (await client.head(path, headers={"Range": "bytes=0-9"})).status_code == 206


async def test_what_has_not_changed_is_not_sent_again(client: httpx.AsyncClient, at: Live) -> None:
    path, headers = "/recordings/rec_1/content", {"Range": "bytes=0-9"}
    tag = (await client.get(path)).headers["etag"]
    same = await client.get(path, headers={"If-None-Match": f'"x", W/{tag}'})
    assert (same.status_code, same.content) == (304, b"")
    assert len((await client.get(path, headers=headers | {"If-Range": tag})).content) == 10
    file = at.desk.recordings / "1.wav"
    file.write_bytes(SOUND + b"more")
    assert len((await client.get(path, headers=headers | {"If-Range": tag})).content) == len(SOUND) + 4
    assert (await client.get(path, headers={"If-None-Match": tag})).status_code == 200


@pytest.mark.parametrize("name", ["rec_9", "1.wav", "..%2f1.wav", "%2e%2e", "rec_1%00", "x" * 80])
async def test_no_name_leads_to_another_file(client: httpx.AsyncClient, name: str) -> None:
    for method, path in (("GET", ""), ("GET", "/content"), ("HEAD", "/content"), ("POST", "/link"), ("DELETE", "")):
        assert (await client.request(method, f"/recordings/{name}{path}")).status_code == 404


async def test_a_row_that_names_a_file_elsewhere_is_not_followed(client: httpx.AsyncClient, at: Live) -> None:
    outside = at.desk.recordings.parent / "outside.wav"
    outside.write_bytes(b"secret")
    row = Recording("rec_x", CallId("a"), LegId("l"), "../outside.wav", AT, (), AT + 1)
    await at.desk.stores.recordings.begin(row)
    for method, path in (("GET", "/content"), ("DELETE", "")):
        assert (await client.request(method, f"/recordings/rec_x{path}")).status_code == 404
    assert outside.exists()


async def test_a_user_hears_their_own_only(app: FastAPI) -> None:
    """Of /recordings the role user reaches those of their own calls; operators all, to hear and not to remove."""
    async with asking(app, "user") as ann:
        assert ids(await ann.get("/recordings")) == "431"
        assert ids(await ann.get("/recordings", params={"user": BOB})) == ""
        for method, path in (("GET", ""), ("GET", "/content"), ("HEAD", "/content"), ("POST", "/link")):
            assert (await ann.request(method, f"/recordings/rec_2{path}")).status_code == 404
            assert (await ann.request(method, f"/recordings/rec_3{path}")).is_success
        assert (await ann.delete("/recordings/rec_1")).status_code == 403
    async with asking(app, "operator") as operator:
        assert ids(await operator.get("/recordings")) == "4321"
        assert (await operator.get("/recordings/rec_2/content")).content == SOUND
        assert (await operator.delete("/recordings/rec_1")).status_code == 403
    async with asking(app, "") as nobody:
        for method, path in (("GET", ""), ("GET", "/rec_1"), ("GET", "/rec_1/content"), ("POST", "/rec_1/link")):
            assert (await nobody.request(method, f"/recordings{path}")).status_code == 401


async def test_a_link_is_heard_by_whoever_has_it(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """POST of /recordings/{id}/link: without a key or a session, for five minutes, that one recording."""
    async with asking(app, "user") as ann:
        made = await ann.post("/recordings/rec_1/link")
    assert (made.status_code, made.headers["location"]) == (201, made.json()["url"])
    url = made.json()["url"].removeprefix("/api/v1")
    proof = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert set(proof) == {"expires", "by", "signature"}
    async with asking(app, "") as nobody:
        assert (await nobody.get(url)).content == SOUND
        part = await nobody.get(url, headers={"Range": "bytes=5-9"})
        assert (part.status_code, part.content) == (206, SOUND[5:10])
        assert (await nobody.head(url)).status_code == 200
        assert (await nobody.get(url.replace("rec_1", "rec_2"))).status_code == 401
        assert (await nobody.get(url.partition("/content")[0])).status_code == 401
        for name, wrong in (("expires", int(proof["expires"]) + 1), ("by", "admin"), ("signature", "0" * 64)):
            changed = await nobody.get("/recordings/rec_1/content", params=proof | {name: wrong})
            assert (changed.status_code, changed.json()["code"]) == (401, "not_authenticated"), name
        monkeypatch.setattr(time, "time", lambda: float(proof["expires"]))
        assert (await nobody.get(url)).status_code == 401
    async with asking(app, "user") as ann:
        assert (await ann.get(url)).status_code == 200  # a link that is over takes nobody's rights away


async def test_a_link_ends_with_its_recording(app: FastAPI, client: httpx.AsyncClient) -> None:
    url = (await client.post("/recordings/rec_1/link")).json()["url"].removeprefix("/api/v1")
    assert (await client.delete("/recordings/rec_1")).status_code == 204
    async with asking(app, "") as nobody:
        assert (await nobody.get(url)).status_code == 404


async def test_a_recording_is_removed_with_its_file_unless_it_goes_on(client: httpx.AsyncClient, at: Live) -> None:
    """DELETE of /recordings/{id}."""
    assert (await client.delete("/recordings/rec_1")).status_code == 204
    assert not (at.desk.recordings / "1.wav").exists()
    assert (await client.get("/recordings/rec_1")).status_code == 404
    refused = await client.delete("/recordings/rec_4")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert (at.desk.recordings / "4.wav").exists()
    removed = [(entry.target, entry.outcome) for entry in at.audit]
    assert removed == [("rec_1", "done"), ("rec_4", "conflict")]


async def test_a_recording_without_a_file_can_be_removed_and_not_heard(client: httpx.AsyncClient, at: Live) -> None:
    (at.desk.recordings / "1.wav").unlink()
    gone = await client.get("/recordings/rec_1/content")
    assert (gone.status_code, gone.json()["detail"]) == (404, "the file is gone")
    assert (await client.delete("/recordings/rec_1")).status_code == 204


async def test_a_file_that_cannot_be_removed_keeps_its_record(client: httpx.AsyncClient, at: Live) -> None:
    file = at.desk.recordings / "1.wav"
    file.unlink()
    file.mkdir()  # as a disk that can only be read: no file that can be unlinked
    refused = await client.delete("/recordings/rec_1")
    assert (refused.status_code, refused.json()["detail"]) == (503, "the file cannot be removed")
    assert (await client.get("/recordings/rec_1")).status_code == 200


async def test_who_goes_away_leaves_no_file_open(at: Live) -> None:
    """GET of /recordings/{id}/content, on a real port: a part of a large file is read, and then no more."""
    file = at.desk.recordings / "1.wav"
    with file.open("r+b") as large:
        large.truncate(50_000_000)
    async with ported(at.desk, recordings.router) as client:
        part = await client.get("/recordings/rec_1/content", headers={"Range": "bytes=49999990-"})
        assert (part.status_code, part.content) == (206, bytes(10))
        head = await client.head("/recordings/rec_1/content")
        assert (head.headers["content-length"], head.content) == ("50000000", b"")
        reader, writer = await asked_raw(client, "GET /recordings/rec_1/content")
        assert b" 200 " in await reader.readline()
        assert opened(file) == 1
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()
        async with asyncio.timeout(5):
            while opened(file):
                await asyncio.sleep(0.01)


def opened(path: Path) -> int:
    """Count how often this process has a file open."""
    found = 0
    for each in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found += os.readlink(f"/proc/self/fd/{each}") == str(path)
    return found


async def test_commands_take_the_words_of_json(at: Live) -> None:
    """As JSON-RPC, flows and the command line ask."""
    ann = at.asker("user", "1000")
    assert ann.user == Address.parse(ANN)
    listed = await commands.list_recordings.ask(at.desk, ann, {"call": "call_a", "limit": 5})
    assert [each["id"] for each in listed["items"]] == ["rec_1"]
    assert (await commands.get.ask(at.desk, ann, {"recording": "rec_1"}))["why"] == "hangup"
    assert (await commands.link.ask(at.desk, ann, {"recording": "rec_1"}))["url"].startswith(
        "/api/v1/recordings/rec_1/"
    )
    assert await commands.remove.ask(at.desk, at.asker("admin"), {"recording": "rec_2"}) is None
    assert content.PIECE < len(SOUND)  # so that more than one piece is sent above
