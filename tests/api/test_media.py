"""REST of /media: the row of api.md, what is taken, and that nothing else is left behind."""

import asyncio
import base64
import io
import json
import os
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import av
import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from tests.api.office import asking, served
from tests.api.ported import asked_raw, ported
from tests.core.commands.live import Live, live
from tests.sound import tone_wav
from xswitch_py.api import media, upload
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core import sounds
from xswitch_py.core.commands import media as commands
from xswitch_py.media.player import read_wav
from xswitch_py.media.sounds import SoundFacts, check_and_convert


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Live]:
    async with live(tmp_path) as made:
        yield made


@pytest.fixture
def app(at: Live) -> FastAPI:
    return served(at.desk, media.router)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(app) as made:
        yield made


@pytest.fixture
def sound(tmp_path: Path) -> bytes:
    """Half a second of WAV."""
    return tone_wav(tmp_path / "tone", 440, 0.5).read_bytes()


def form(data: bytes, file_name: str = "hello.wav", **fields: str) -> dict[str, Any]:
    return {"files": {"file": (file_name, data)}, "data": fields}


def there(at: Live) -> list[str]:
    """All that is in the folder of sounds, hidden or not."""
    return sorted(os.listdir(at.desk.sounds)) if at.desk.sounds.exists() else []


def code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


async def test_a_sound_is_brought_shown_heard_listed_and_removed(
    client: httpx.AsyncClient, at: Live, sound: bytes
) -> None:
    """GET and POST of /media, GET of its content with Range, DELETE."""
    made = await client.post("/media", **form(sound, name="Grüß Gott"))
    assert (made.status_code, made.headers["location"]) == (201, "/api/v1/media/Gr%C3%BC%C3%9F%20Gott")
    shown = made.json()
    assert shown | {"changed": ""} == {
        "name": "Grüß Gott",
        "source": "file:Grüß Gott",
        "seconds": 0.5,
        "rate": 16000,
        "channels": 1,
        "size": 44 + 16000,
        "changed": "",
    }
    path = made.headers["location"].removeprefix("/api/v1")
    assert (await client.get(path)).json() == shown
    assert (await client.get("/media")).json() == {"items": [shown], "next_cursor": None, "total": None}
    heard = await client.get(f"{path}/content")
    assert (heard.status_code, heard.headers["content-type"], len(heard.content)) == (200, "audio/wav", shown["size"])
    assert heard.headers["content-disposition"] == "inline; filename*=UTF-8''Gr%C3%BC%C3%9F%20Gott.wav"
    assert wave.open(io.BytesIO(heard.content)).getframerate() == 16000
    part = await client.get(f"{path}/content", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    assert (await client.head(f"{path}/content")).headers["content-length"] == str(shown["size"])
    assert code(await client.get(f"{path}/content", headers={"Range": "bytes=99999-"})) == (
        416,
        "range_not_satisfiable",
    )
    assert there(at) == ["Grüß Gott.wav"]
    assert (await client.delete(path)).status_code == 204
    assert [code(await client.request(method, path)) for method in ("GET", "DELETE")] == [(404, "not_found")] * 2
    assert code(await client.get(f"{path}/content")) == (404, "not_found")
    assert there(at) == []
    assert [(entry.command, entry.target, entry.outcome) for entry in at.audit] == [
        ("media.add", "Grüß Gott", "done"),
        ("media.remove", "Grüß Gott", "done"),
        ("media.remove", "Grüß Gott", "not_found"),
    ]


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("hello.wav", "hello"),
        ("Pause Musik.MP3", "Pause Musik"),
        ("C:\\music\\a.b.ogg", "a.b"),
        ("/etc/pass.wav", "pass"),
    ],
)
async def test_without_a_name_a_sound_is_called_as_its_file(
    client: httpx.AsyncClient, sound: bytes, file_name: str, name: str
) -> None:
    made = await client.post("/media", **form(sound, file_name))
    assert (made.status_code, made.json().get("name")) == (201, name)


async def test_a_name_with_the_suffix_of_a_file_is_the_same_name(client: httpx.AsyncClient, sound: bytes) -> None:
    assert (await client.post("/media", **form(sound, name="hello.WAV"))).json()["name"] == "hello"
    assert code(await client.post("/media", **form(sound, name="hello"))) == (409, "taken")
    assert (await client.get("/media/hello.wav")).json()["name"] == "hello"
    assert (await client.delete("/media/hello.wav")).status_code == 204


async def test_a_name_is_taken_unless_it_is_to_be_replaced(
    client: httpx.AsyncClient, at: Live, sound: bytes, tmp_path: Path
) -> None:
    """POST of /media with replace=true."""
    longer = tone_wav(tmp_path / "longer", 440, 1.0).read_bytes()
    assert (await client.post("/media", **form(sound))).status_code == 201
    assert code(await client.post("/media", **form(longer))) == (409, "taken")
    assert (await client.get("/media/hello")).json()["seconds"] == 0.5
    replaced = await client.post("/media", **form(longer, replace="true"))
    assert (replaced.status_code, replaced.json().get("seconds")) == (201, 1.0), replaced.text
    assert (await client.get("/media/hello")).json()["seconds"] == 1.0
    assert there(at) == ["hello.wav"]


async def test_of_two_who_bring_the_same_name_at_once_one_has_it(
    client: httpx.AsyncClient, at: Live, sound: bytes
) -> None:
    replies = await asyncio.gather(*(client.post("/media", **form(sound)) for _ in range(4)))
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409]
    assert there(at) == ["hello.wav"]


@pytest.mark.parametrize(
    "name",
    ["..", ".hidden", "a/b", "../b", "a\\b", "a:b", "a\nb", "\x7f", " a", "x" * 101, "ü" * 101, "漢" * 70, ".wav"],
)
async def test_no_name_leads_out_of_the_folder(client: httpx.AsyncClient, at: Live, sound: bytes, name: str) -> None:
    made = await client.post("/media", **form(sound, name=name))
    assert code(made) == (422, "invalid") and made.json()["errors"][0]["pointer"] == "/name"
    assert there(at) == []
    for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        reply = await client.request(method, _path(name) + path)
        assert reply.status_code in (404, 422), path


def _path(name: str) -> str:
    return "/media/" + "".join(f"%{byte:02x}" for byte in name.encode())


BEHIND = (416, "range_not_satisfiable")
TEXT = b"All work and no play makes Jack a dull boy.\n" * 1000
PLAYLIST = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n"
ZIP = b"PK\x03\x04" + bytes(1000)


@pytest.mark.parametrize(
    "data",
    [b"", TEXT, PLAYLIST, ZIP, b"RIFF\0\0\0\0WAVE", b"OggS" * 50, b"ID3" + bytes(200), b"\xff\xfb\x90\x00" + bytes(99)],
)
async def test_what_is_no_sound_is_refused_and_leaves_nothing(client: httpx.AsyncClient, at: Live, data: bytes) -> None:
    """POST of /media: text, playlists, archives, and what only begins as a sound."""
    reply = await client.post("/media", **form(data))
    assert code(reply) == (422, "invalid")
    assert reply.json()["errors"][0]["pointer"] == "/file"
    assert there(at) == []


async def test_a_sound_that_is_far_longer_than_its_file_is_refused(
    client: httpx.AsyncClient, at: Live, tmp_path: Path
) -> None:
    """A FLAC of half an hour's silence takes next to nothing."""
    assert code(await client.post("/media", **form(_bomb(tmp_path / "bomb.flac")))) == (422, "invalid")
    assert there(at) == []


def _bomb(path: Path) -> bytes:
    with av.open(str(path), "w", format="flac") as container:
        stream: Any = container.add_stream("flac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        for number in range(1800 * 8000 // 4096):
            frame.pts = number * 4096
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert path.stat().st_size < 500_000
    return path.read_bytes()


async def test_a_file_that_is_too_large_is_refused_as_it_comes(
    client: httpx.AsyncClient, at: Live, sound: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sounds, "LARGEST", len(sound) - 1)
    for size in (len(sound), 100_000):
        assert code(await client.post("/media", **form(sound + bytes(size - len(sound))))) == (413, "too_large")
    monkeypatch.setattr(sounds, "LARGEST", len(sound))
    assert (await client.post("/media", **form(sound))).status_code == 201
    assert there(at) == ["hello.wav"]


async def test_the_folder_has_a_quota(
    client: httpx.AsyncClient, at: Live, sound: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.post("/media", **form(sound, name="one"))).status_code == 201
    monkeypatch.setattr(sounds, "QUOTA", 2 * 16044 - 1)
    full = await client.post("/media", **form(sound, name="two"))
    assert code(full) == (409, "conflict") and full.json()["state"] == {"bytes": 16044, "sounds": 1}
    monkeypatch.setattr(sounds, "QUOTA", 2 * 16044)
    assert (await client.post("/media", **form(sound, name="two"))).status_code == 201
    assert code(await client.post("/media", **form(sound, name="three"))) == (409, "conflict")
    monkeypatch.setattr(sounds, "QUOTA", 1 << 30)
    monkeypatch.setattr(sounds, "MOST", 2)
    assert code(await client.post("/media", **form(sound, name="three"))) == (409, "conflict")
    assert there(at) == ["one.wav", "two.wav"]


async def test_only_so_many_are_brought_at_a_time(
    client: httpx.AsyncClient, at: Live, sound: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sounds, "TOGETHER", 1)
    async with sounds.workplace(at.desk.sounds):
        refused = await client.post("/media", **form(sound))
        assert code(refused) == (429, "too_many_requests") and refused.headers["retry-after"] == "5"
    old = at.desk.sounds / ".brought-old"
    old.mkdir()
    (old / "brought").write_bytes(b"x")
    os.utime(old, (1, 1))  # of a switch that was killed
    assert (await client.post("/media", **form(sound))).status_code == 201
    assert there(at) == ["hello.wav"]


async def test_two_are_converted_at_a_time(
    client: httpx.AsyncClient, sound: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, most, go_on = list[int](), list[int](), Event()

    def slow(source: Path, target: Path) -> SoundFacts:
        going.append(1)
        most.append(len(going))
        go_on.wait(5)
        going.pop()
        return check_and_convert(source, target)

    monkeypatch.setattr(sounds, "check_and_convert", slow)
    tasks = [asyncio.create_task(client.post("/media", **form(sound, name=f"s{number}"))) for number in range(5)]
    await until(lambda: len(going) == 2)
    go_on.set()
    assert [reply.status_code for reply in await asyncio.gather(*tasks)] == [201] * 5
    assert max(most) == 2


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_who_gives_up_while_it_is_converted_leaves_nothing(
    at: Live, sound: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go_on = Event(), Event()

    def slow(source: Path, target: Path) -> SoundFacts:
        started.set()
        go_on.wait(5)
        target.parent.mkdir(exist_ok=True)  # whatever a thread that goes on may write
        target.write_bytes(b"late")
        raise AssertionError

    monkeypatch.setattr(sounds, "check_and_convert", slow)
    wish = {"name": "late", "content": base64.b64encode(sound).decode()}
    task = asyncio.create_task(commands.add.ask(at.desk, at.asker("admin"), wish))
    await until(started.is_set)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await until(lambda: there(at) == [])
    assert at.audit[-1].outcome == "failed"


async def test_a_form_that_breaks_off_leaves_nothing(at: Live, sound: bytes) -> None:
    """POST of /media on a real port: the client goes away in the middle."""
    async with ported(at.desk, media.router) as client:
        head = ("Content-Type: multipart/form-data; boundary=b", "Content-Length: 100000")
        _, writer = await asked_raw(client, "POST /media", *head)
        writer.write(b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + sound)
        await until(lambda: any(path.stat().st_size for path in at.desk.sounds.glob("*/brought")))
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()
        await until(lambda: there(at) == [])
        assert (await client.post("/media", **form(sound))).status_code == 201
    assert there(at) == ["hello.wav"]


async def test_who_is_too_slow_is_waited_for_no_longer(at: Live, sound: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "PATIENCE", 0.1)
    async with ported(at.desk, media.router) as client:
        head = ("Content-Type: multipart/form-data; boundary=b", "Content-Length: 100000")
        reader, writer = await asked_raw(client, "POST /media", *head)
        assert b" 400 " in await asyncio.wait_for(reader.readline(), 5)
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()
    assert there(at) == []


def part(name: str, data: bytes = b"x", more: str = "") -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + data + b"\r\n"


FILE = part("file", TEXT, '; filename="a.wav"')
MULTIPART = "multipart/form-data; boundary=b"


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b'{"file": "/etc/passwd"}', 415),
        ("", b"", 415),
        ("multipart/form-data", FILE + b"--b--\r\n", 415),
        ("multipart/mixed; boundary=b", FILE + b"--b--\r\n", 415),
        ("multipart/form-data; boundary=" + "b" * 300, b"", 400),
        (MULTIPART, b"", 400),
        (MULTIPART, b"nothing like a form", 400),
        (MULTIPART, FILE, 400),  # not complete
        (MULTIPART, b"--b--\r\n", 422),
        (MULTIPART, part("name", b"a") + b"--b--\r\n", 422),
        (MULTIPART, FILE + FILE + b"--b--\r\n", 422),
        (MULTIPART, FILE + part("path", b"/etc/passwd") + b"--b--\r\n", 422),
        (MULTIPART, FILE + part("name", b"a") + part("name", b"b") + b"--b--\r\n", 422),
        (MULTIPART, FILE + part("name", b"\xff") + b"--b--\r\n", 422),
        (MULTIPART, FILE + part("name", b"a" * 2000) + b"--b--\r\n", 422),
        (MULTIPART, FILE + part("replace", b"perhaps") + b"--b--\r\n", 422),
        (MULTIPART, b"--b\r\nX-A: b\r\n\r\nx\r\n--b--\r\n", 422),
        (MULTIPART, b"--b\r\n" + b"X-A: b\r\n" * 20 + b"\r\nx\r\n--b--\r\n", 400),
        (MULTIPART, b"--b\r\nX-A: " + b"b" * 9000 + b"\r\n\r\nx\r\n--b--\r\n", 400),
    ],
)
async def test_a_form_of_another_kind_is_refused(
    client: httpx.AsyncClient, at: Live, kind: str, body: bytes, status: int
) -> None:
    reply = await client.post("/media", content=body, headers={"Content-Type": kind} if kind else {})
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    assert there(at) == []


async def test_sounds_are_listed_by_name_page_by_page(client: httpx.AsyncClient, at: Live) -> None:
    """GET of /media with limit and cursor."""
    at.desk.sounds.mkdir()
    for name in ("b", "a", "d", "c"):
        tone_wav(at.desk.sounds / f"{name}.wav", 440, 0.1)
    (at.desk.sounds / "broken.wav").write_text("no sound")
    (at.desk.sounds / ".hidden.wav").write_text("no sound")
    (at.desk.sounds / "notes.txt").write_text("no sound")
    first = (await client.get("/media", params={"limit": 3})).json()
    assert ([item["name"] for item in first["items"]], first["next_cursor"]) == (["a", "b", "c"], "c")
    second = (await client.get("/media", params={"limit": 3, "cursor": "c"})).json()
    assert ([item["name"] for item in second["items"]], second["next_cursor"]) == (["d"], None)
    assert code(await client.get("/media", params={"limit": 501})) == (422, "invalid")
    assert (await client.get("/media/broken")).status_code == 404


async def test_a_folder_that_is_not_there_is_empty(client: httpx.AsyncClient) -> None:
    assert (await client.get("/media")).json()["items"] == []
    assert (await client.get("/media/a")).status_code == 404


async def test_rights(app: FastAPI, at: Live, sound: bytes) -> None:
    """Operators hear sounds, users do not see them; only who may write is let bring one, before it is read."""
    async with asking(app) as admin:
        await admin.post("/media", **form(sound))
    async with asking(app, "operator") as operator:
        assert (await operator.get("/media/hello/content")).status_code == 200
        assert code(await operator.post("/media", content=b"no form")) == (403, "forbidden")
        assert code(await operator.delete("/media/hello")) == (403, "forbidden")
    assert [(entry.command, entry.outcome) for entry in at.audit[-2:]] == [
        ("media.add", "forbidden"),
        ("media.remove", "forbidden"),
    ]
    async with asking(app, "user") as user:
        for path in ("", "/hello", "/hello/content"):
            assert code(await user.get(f"/media{path}")) == (403, "forbidden")
    async with asking(app, "") as nobody:
        assert (await nobody.get("/media/hello/content")).status_code == 401
        assert (await nobody.post("/media", **form(sound))).status_code == 401


async def test_commands_take_the_words_of_json_and_no_path(at: Live, sound: bytes) -> None:
    """As JSON-RPC, flows and the command line ask: a sound comes in base64, never as a path of ours."""
    admin = at.asker("admin")
    wish = {"name": "hello", "content": base64.b64encode(sound).decode()}
    made = await commands.add.ask(at.desk, admin, wish)
    assert json.dumps(made) and read_wav(at.desk.sounds / "hello.wav")[1] == 16000
    assert (await commands.list_media.ask(at.desk, admin, {"limit": 5}))["items"] == [made]
    assert await commands.get.ask(at.desk, admin, {"name": "hello"}) == made
    for bad, pointer in (
        ({"file": "/etc/passwd"}, "/file"),
        ({"content": ""}, "/content"),
        ({"content": "AAAA" * 400_000}, "/content"),
        ({"content": base64.b64encode(TEXT).decode()}, "/content"),
        ({"name": "../x"}, "/name"),
    ):
        with pytest.raises(Refused) as refused:
            await commands.add.ask(at.desk, admin, wish | {"replace": True} | bad)
        assert refused.value.code is Code.INVALID
        assert [error["pointer"] for error in refused.value.facts["errors"]] == [pointer]
    assert await commands.remove.ask(at.desk, admin, {"name": "hello"}) is None
    assert there(at) == []


async def test_a_folder_that_cannot_be_written_is_said_to_be(at: Live, client: httpx.AsyncClient, sound: bytes) -> None:
    at.desk.sounds.write_text("a file where the folder should be")
    assert code(await client.post("/media", **form(sound))) == (503, "unavailable")
