"""Signs of life, figures for Prometheus, and REST of /status; who may have them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.api.office import asking, served
from tests.core.commands.live import live
from tests.core.commands.test_routes import Carriers
from tests.core.commands.test_status import watched
from xswitch_py.api import health, status
from xswitch_py.base import events
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party
from xswitch_py.core.figures import Figures
from xswitch_py.core.watchdog import Watchdog

BASE = "http://localhost"
WHO = Party("", "1000")


@pytest.fixture
def missing() -> list[str]:
    """What is not as it should be."""
    return []


@pytest.fixture
async def app(tmp_path: Path, missing: list[str]) -> AsyncIterator[FastAPI]:
    figures, dog = Figures(), Watchdog()
    for cause in (Cause.USER_BUSY, Cause.NORMAL_CLEARING, Cause.USER_BUSY):
        figures.count(events.CallEnded(CallId("c"), LegId("l"), 1, None, 2, cause, WHO, WHO, None, "", 0, 0, 0))
    figures.count(events.GatewayChanged('odd "name"\n', 1.0, "REGED", ""))
    dog.note(0.125, 1.0)
    async with live(tmp_path) as made:
        made.world.contact("1001")
        made.world.call("1000", "9196")
        await made.world.until("1000 < answer answer opus")
        checks = {name: (lambda name=name: name not in missing) for name in ("media", "calls")}
        desk = watched(replace(made.desk, carriers=Carriers()), figures=figures, watchdog=dog, checks=checks)
        yield served(desk, status.router, beside=health.router)
        await made.desk.switch.drain(0)


async def families(app: FastAPI) -> dict[tuple[str, str], Metric]:
    """Read the figures; by name and type."""
    async with asking(app, "", base=BASE) as client:
        answer = await client.get("/metrics")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return {(each.name, each.type): each for each in text_string_to_metric_families(answer.text)}


def value(metric: Metric, **labels: str) -> float:
    (found,) = [sample.value for sample in metric.samples if sample.labels == labels]
    return found


async def test_the_figures_are_what_prometheus_reads(app: FastAPI) -> None:
    """GET /metrics."""
    found = await families(app)
    assert value(found["xswitch_calls", "gauge"]) == 1
    assert value(found["xswitch_legs", "gauge"]) == 1
    assert value(found["xswitch_registrations", "gauge"]) == 1
    assert value(found["xswitch_ready", "gauge"]) == 1
    assert value(found["xswitch_calls", "counter"], cause="USER_BUSY") == 2
    assert value(found["xswitch_calls", "counter"], cause="NORMAL_CLEARING") == 1
    assert value(found["xswitch_gateway_up", "gauge"], gateway="berlin") == 1
    assert value(found["xswitch_gateway_up", "gauge"], gateway="paris") == 0
    assert value(found["xswitch_gateway_calls", "gauge"], gateway="paris", direction="inbound") == 0
    assert value(found["xswitch_gateway_changes", "counter"], gateway='odd "name"\n', state="REGED") == 1
    assert value(found["xswitch_loop_late_seconds", "gauge"]) == 0.125
    assert value(found["xswitch_loop_held_up", "counter"]) == 1
    assert value(found["xswitch_info", "gauge"], version="1.2.3", node="test") == 1
    assert value(found["process_cpu_seconds", "counter"]) > 0
    assert value(found["process_resident_memory_bytes", "gauge"]) > 10_000_000
    assert value(found["process_open_fds", "gauge"]) > 3


async def test_every_figure_says_what_it_is(app: FastAPI) -> None:
    found = await families(app)
    assert all(each.documentation and each.type in ("gauge", "counter") for each in found.values())
    assert {name for name, _ in found if not name.startswith(("xswitch_", "process_"))} == set()


@pytest.mark.parametrize(
    ("client", "base", "headers", "status"),
    [
        ("127.0.0.1", BASE, {}, 200),
        ("127.8.0.1", "http://127.0.0.1:8081", {}, 200),
        ("::1", "http://[::1]:8081", {}, 200),
        ("192.0.2.1", BASE, {}, 401),
        ("127.0.0.1", BASE, {"X-Forwarded-For": "192.0.2.1"}, 401),
        ("127.0.0.1", BASE, {"Forwarded": "for=127.0.0.1"}, 401),
        ("127.0.0.1", "http://rebound.example", {}, 401),
        ("192.0.2.1", BASE, {"Authorization": "Bearer user"}, 403),
        ("192.0.2.1", BASE, {"Authorization": "Bearer operator"}, 200),
        ("127.0.0.1", BASE, {"Authorization": "Bearer user", "X-Real-IP": "192.0.2.1"}, 403),
        ("no address", BASE, {}, 401),
        ("127.0.0.1", BASE, {"Host": "[::"}, 401),
    ],
)
async def test_figures_are_for_this_computer_and_who_may_read_the_status(
    app: FastAPI, client: str, base: str, headers: dict[str, str], status: int
) -> None:
    async with asking(app, "", client, base) as peer:
        answer = await peer.get("/metrics", headers=headers)
        assert answer.status_code == status
        assert ("xswitch_calls" in answer.text) is (status == 200)


async def test_a_sign_of_life_is_for_everybody(app: FastAPI) -> None:
    """GET /healthz."""
    async with asking(app, "", "192.0.2.1", BASE) as client:
        answer = await client.get("/healthz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": "1.2.3"})
        assert (await client.head("/healthz")).status_code == 200


async def test_who_is_not_ready_says_why(app: FastAPI, missing: list[str]) -> None:
    """GET /readyz."""
    async with asking(app, "", "192.0.2.1", BASE) as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
        missing.append("calls")
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"status": "not ready", "lacking": ["calls"]})
        assert (await client.get("/healthz")).status_code == 200
        await app.state.desk.stores.close()
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["lacking"]) == (503, ["database", "calls"])


async def test_the_status_is_told(app: FastAPI, missing: list[str]) -> None:
    """GET /status."""
    missing.append("media")
    async with asking(app, "operator") as client:
        answer = await client.get("/status")
    shown = answer.json()
    assert answer.status_code == 200
    assert (shown["version"], shown["calls"], shown["lacking"]) == ("1.2.3", 1, ["media"])
    assert shown["gateways"] == {"berlin": "REGED", "paris": "DOWN"}
    assert shown["totals"]["ended"] == {"USER_BUSY": 2, "NORMAL_CLEARING": 1}
    assert shown["loop"] == {"worst_ms": 125.0, "held_up": 1, "held_up_total": 1}


@pytest.mark.parametrize(("role", "status"), [("", 401), ("user", 403), ("operator", 200), ("admin", 200)])
async def test_who_may_see_the_status(app: FastAPI, role: str, status: int) -> None:
    async with asking(app, role) as client:
        assert (await client.get("/status")).status_code == status
