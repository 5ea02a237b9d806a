"""A page of somebody else with our phone in it, and what its browser fetches for that."""

import asyncio
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from playwright.async_api import BrowserContext, Page, Request

from tests.browser.server import PASSWORD, Server

__all__ = ["Fetched", "bare_sizes", "fetched_from", "open_embedded"]

_ROOT: Final = Path(__file__).parents[2]
_BARE: Final = """
import { bare } from "./tests/web/house.js";
let given = "";
for await (const piece of process.stdin) given += piece;
const trim = (text) => bare(text).replace(/[ \\t]+$/gm, "").replace(/\\n{2,}/g, "\\n");
process.stdout.write(JSON.stringify(JSON.parse(given).map(trim)));
"""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer of the server: where from, how many bytes its body had on the way, and what it was."""

    path: str
    size: int
    body: bytes


def record(context: BrowserContext) -> list[Request]:
    """Keep the requests of all pages of a context."""
    kept: list[Request] = []
    context.on("requestfinished", lambda request: kept.append(request))
    return kept


async def open_embedded(
    context: BrowserContext, server: Server, site: str, user: str = "1000", language: str = "en"
) -> tuple[Page, list[Request]]:
    """Open the page at another origin; it is logged in, and nobody has touched it."""
    kept = record(context)
    given = {"http": server.url("http"), "server": server.url("ws"), "user": user, "token": PASSWORD, "lang": language}
    page = await context.new_page()
    await page.goto(f"{site}/shop.html#{urlencode(given)}")
    await page.wait_for_function("document.querySelector('xswitch-phone').state === 'ready'", timeout=10_000)
    await page.wait_for_load_state("networkidle")
    return page, kept


async def fetched_from(server: Server, kept: list[Request]) -> list[Fetched]:
    """What of the requests went to the server by HTTP, in the order of its ending."""
    host = urlsplit(server.url("http")).netloc
    found = []
    for request in kept:
        parts = urlsplit(request.url)
        response = await request.response()
        if parts.netloc == host and parts.scheme.startswith("http") and response is not None:
            sizes = await request.sizes()
            found.append(Fetched(parts.path, sizes["responseBodySize"], await response.body()))
    return found


async def bare_sizes(found: list[Fetched]) -> dict[str, int]:
    """How many bytes each script would have, packed, if its comments stayed at home."""
    scripts = [each for each in found if each.path.endswith(".js")]
    process = await asyncio.create_subprocess_exec(
        "node", "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--input-type=module", "--eval", _BARE,
        cwd=_ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate(json.dumps([each.body.decode() for each in scripts]).encode())
    assert process.returncode == 0
    return {
        each.path: len(gzip.compress(text.encode(), mtime=0))
        for each, text in zip(scripts, json.loads(out), strict=True)
    }
