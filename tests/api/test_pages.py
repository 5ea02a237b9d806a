"""The pages: packed, tagged, read anew when they change, and nothing but what is for browsers."""

import gzip
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from tests.api.office import asking
from xswitch_py import assets
from xswitch_py.api import pages, problems
from xswitch_py.api.front import Front

SCRIPT = "export const a = 1;\n" * 100
FILES = {
    "admin/index.html": "<!DOCTYPE html><title>Admin</title>",
    "admin/admin.js": SCRIPT,
    "admin/admin.css": "a { color: red; }",
    "admin/icon.svg": "<svg/>",
    "admin/site.webmanifest": "{}",
    "admin/notes.txt": "not for browsers",
    "admin/.hidden": "nor this",
    "admin/server.py": "nor this",
    "demo/index.html": "<!DOCTYPE html><title>Demo</title>",
    "docs/index.html": "<!DOCTYPE html><title>Docs</title>",
    "docs/docs.js": SCRIPT,
    "phone.js": SCRIPT,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of pages, with things beside it that are none."""
    web = tmp_path / "web"
    for name, text in FILES.items():
        (web / name).parent.mkdir(parents=True, exist_ok=True)
        (web / name).write_text(text)
    (tmp_path / "secret.js").write_text("secret")
    (tmp_path / "website").mkdir()
    (tmp_path / "website" / "secret.js").write_text("secret")
    (web / "way_out.js").symlink_to(tmp_path / "secret.js")
    return web


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    problems.install(app)
    pages.install(app, folder)
    app.add_middleware(Front)
    async with asking(app, "", base="http://localhost") as made:
        made.headers["Accept-Encoding"] = "identity"
        yield made


@pytest.mark.parametrize(
    ("path", "file", "kind"),
    [
        ("/", "admin/index.html", "text/html; charset=utf-8"),
        ("/demo/", "demo/index.html", "text/html; charset=utf-8"),
        ("/docs/", "docs/index.html", "text/html; charset=utf-8"),
        ("/docs/docs.js", "docs/docs.js", "text/javascript; charset=utf-8"),
        ("/static/phone.js", "phone.js", "text/javascript; charset=utf-8"),
        ("/static/admin/admin.js", "admin/admin.js", "text/javascript; charset=utf-8"),
        ("/static/admin/admin.css", "admin/admin.css", "text/css; charset=utf-8"),
        ("/static/admin/icon.svg", "admin/icon.svg", "image/svg+xml"),
        ("/static/admin/site.webmanifest", "admin/site.webmanifest", "application/manifest+json"),
        ("/static/demo/", "demo/index.html", "text/html; charset=utf-8"),
    ],
)
async def test_each_file_is_where_it_should_be_and_what_it_is(
    client: httpx.AsyncClient, path: str, file: str, kind: str
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, FILES[file], kind)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (answer.headers["cache-control"], answer.headers["vary"]) == ("no-cache", "Accept-Encoding")
    head = await client.head(path)
    assert (head.status_code, head.headers["etag"]) == (200, answer.headers["etag"])


@pytest.mark.parametrize("folder_path", ["/static", "/demo", "/docs"])
async def test_a_folder_without_its_slash_leads_to_itself(client: httpx.AsyncClient, folder_path: str) -> None:
    answer = await client.get(f"{folder_path}?lang=zh")
    assert (answer.status_code, answer.headers["location"]) == (307, f"{folder_path}/?lang=zh")


@pytest.mark.parametrize("accepted", ["gzip", "gzip, deflate, br, zstd"])
async def test_they_are_packed_for_who_takes_that(client: httpx.AsyncClient, accepted: str) -> None:
    plain = await client.get("/static/phone.js")
    packed = await client.get("/static/phone.js", headers={"Accept-Encoding": accepted})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(SCRIPT) / 10
    assert packed.text == plain.text == SCRIPT


async def test_who_has_it_already_gets_nothing_twice(client: httpx.AsyncClient) -> None:
    tag = (await client.get("/static/phone.js")).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        answer = await client.get("/static/phone.js", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert answer.headers["access-control-allow-origin"] == "*", "or a foreign page could not use what it has"
    page = (await client.get("/")).headers["etag"]
    again = await client.get("/", headers={"If-None-Match": page})
    assert (again.status_code, "default-src" in again.headers["content-security-policy"]) == (304, True)
    other = await client.get("/static/phone.js", headers={"If-None-Match": page})
    assert (other.status_code, other.text) == (200, SCRIPT)


async def test_a_file_that_changed_is_read_anew(client: httpx.AsyncClient, folder: Path) -> None:
    before = (await client.get("/static/phone.js")).headers["etag"]
    (folder / "phone.js").write_text("changed")
    os.utime(folder / "phone.js", ns=(1, 1))
    answer = await client.get("/static/phone.js", headers={"If-None-Match": before, "Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.text) == (200, "changed")
    (folder / "phone.js").write_text("changeD")  # as long as before: the time tells
    assert (await client.get("/static/phone.js")).text == "changeD"
    (folder / "phone.js").unlink()
    assert (await client.get("/static/phone.js")).status_code == 404


async def test_a_page_may_run_and_load_only_what_is_ours(client: httpx.AsyncClient) -> None:
    """X5."""
    for path in ("/", "/demo/", "/docs/"):
        headers = (await client.get(path)).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
        assert "unsafe" not in headers["content-security-policy"] and "*" not in headers["content-security-policy"]
        assert "microphone=(self)" in headers["permissions-policy"]
        assert headers["referrer-policy"] == "no-referrer"


async def test_the_phone_is_for_pages_of_others_and_nothing_else_is(client: httpx.AsyncClient) -> None:
    phone = (await client.get("/static/phone.js", headers={"Origin": "https://elsewhere.example"})).headers
    assert phone["access-control-allow-origin"] == "*"
    assert phone["cross-origin-resource-policy"] == "cross-origin"
    assert "access-control-allow-credentials" not in phone
    for path in ("/", "/demo/", "/docs/docs.js"):
        headers = (await client.get(path, headers={"Origin": "https://elsewhere.example"})).headers
        assert "access-control-allow-origin" not in headers, path


@pytest.mark.parametrize(
    "path",
    [
        "/static/nothing.js",
        "/static/admin",
        "/static/admin/notes.txt",
        "/static/admin/.hidden",
        "/static/admin/server.py",
        "/static/admin/index.html/",
        "/static/",
        "/static/../secret.js",
        "/static/%2e%2e/secret.js",
        "/static/..%2fsecret.js",
        "/static/..%2fwebsite/secret.js",
        "/static/way_out.js",
        "/demo/..%2f..%2fsecret.js",
        "/demo/%2e%2e/%2e%2e/secret.js",
        "/static/%2fetc%2fpasswd",
        "/static/%00",
        "/static/phone.js%00",
        "/static/" + "a" * 5000 + ".js",
        "/static/" + "a/" * 2000 + "a.js",
        "/static/PHONE.JS",
        "/index.html",
    ],
)
async def test_nothing_else_is_there(client: httpx.AsyncClient, path: str) -> None:
    request = client.build_request("GET", "http://localhost/")
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = await client.send(request)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert json.loads(answer.content)["code"] == "not_found"
    assert b"secret" not in answer.content.replace(b"secret.js", b"")


async def test_the_real_site_is_packed_as_it_lies_there(folder: Path) -> None:
    """Every file that a browser may want is of a kind that is served."""
    shelf, web = pages.Shelf(assets.web()), assets.web()
    files = [path.relative_to(web).as_posix() for path in web.rglob("*") if path.is_file() and path.suffix != ".md"]
    assert len(files) > 20
    for name in files:
        found = shelf.find(name)
        assert found is not None, name
        assert gzip.decompress(found.packed) == found.body == (web / name).read_bytes()


def test_a_file_is_kept_once_by_whatever_name_it_is_asked_for(folder: Path) -> None:
    shelf = pages.Shelf(folder)
    found = {shelf.find("docs/../" * count + "docs/docs.js") for count in range(50)}
    assert len(found) == 1
    assert len(shelf._files) == 1
