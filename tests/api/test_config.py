"""REST of /config: api.md's row, and what is refused."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from tests.api.office import asking, served
from tests.core.commands.live import live
from xswitch_py.api import config
from xswitch_py.base.errors import ConfigError
from xswitch_py.config import problems_of


@pytest.fixture
def bad() -> list[str]:
    """What is wrong with the files."""
    return []


@pytest.fixture
async def app(tmp_path: Path, bad: list[str]) -> AsyncIterator[FastAPI]:
    async def reload() -> list[str]:
        if bad:
            raise ConfigError(bad)
        return ["listen"]

    rows = {"domain": {"value": "example.org", "origin": "default"}}
    async with live(tmp_path) as made:
        desk = replace(made.desk, config=lambda: rows, check_config=problems_of, reload=reload)
        yield served(desk, config.router)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(app) as made:
        yield made


async def test_what_is_in_force_is_shown_with_its_origin(client: httpx.AsyncClient) -> None:
    """GET /config."""
    answer = await client.get("/config")
    assert (answer.status_code, answer.json()) == (
        200,
        {"settings": {"domain": {"value": "example.org", "origin": "default"}}},
    )


async def test_a_configuration_is_judged(client: httpx.AsyncClient) -> None:
    """POST /config/validate."""
    good = await client.post("/config/validate", json={"toml": "[call]\nring_timeout = 20"})
    assert (good.status_code, good.json()) == (200, {"good": True, "problems": []})
    poor = (await client.post("/config/validate", json={"toml": "[call]\nring = 20"})).json()
    assert not poor["good"] and "call.ring" in poor["problems"][0]


@pytest.mark.parametrize("body", [{}, {"toml": 7}, {"toml": "x" * 262_145}, {"toml": "", "more": 1}, "toml"])
async def test_what_cannot_be_judged_is_refused(client: httpx.AsyncClient, body: object) -> None:
    answer = await client.post("/config/validate", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_the_files_are_read_again_unless_they_are_bad(client: httpx.AsyncClient, bad: list[str]) -> None:
    """POST /config/reload."""
    good = await client.post("/config/reload")
    assert (good.status_code, good.json()) == (200, {"needs_restart": ["listen"]})
    bad.append("dialplan.toml:3:1: no")
    answer = await client.post("/config/reload")
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["problems"]) == (409, "conflict", bad)


@pytest.mark.parametrize(("role", "status"), [("", 401), ("user", 403), ("operator", 403), ("admin", 200)])
async def test_the_configuration_is_for_administrators(app: FastAPI, role: str, status: int) -> None:
    async with asking(app, role) as client:
        assert (await client.get("/config")).status_code == status
        assert (await client.post("/config/validate", json={"toml": ""})).status_code == status
        assert (await client.post("/config/reload")).status_code == status
