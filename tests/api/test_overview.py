"""Routes, configuration, status, figures and documents of a switch that runs."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.api.conftest import Api


async def test_a_route_counts_from_its_making_to_its_end(api: httpx.AsyncClient) -> None:
    async def explained() -> tuple[str, str]:
        found = (await api.post("/routes:explain", json={"number": "9196", "user": "1000"})).json()
        return found["looked_at"][-1]["origin"], found["steps"][0]["action"]

    assert await explained() == ("file", "answer")
    made = (await api.post("/routes", json={"number": "9196", "steps": ["hangup USER_BUSY"]})).json()
    assert await explained() == ("database", "hangup")
    assert (await api.patch(f"/routes/{made['id']}", json={"enabled": False})).status_code == 200
    assert await explained() == ("file", "answer")
    assert (await api.patch(f"/routes/{made['id']}", json={"enabled": True})).status_code == 200
    assert await explained() == ("database", "hangup")
    assert (await api.post("/config/reload")).json() == {"needs_restart": []}
    assert await explained() == ("database", "hangup")
    assert (await api.delete(f"/routes/{made['id']}")).status_code == 204
    assert await explained() == ("file", "answer")


async def test_the_switch_says_how_it_is(switch: Api, api: httpx.AsyncClient) -> None:
    shown = (await api.get("/status")).json()
    assert (shown["ready"], shown["lacking"], shown["version"]) == (True, [], switch.facts["version"])
    assert shown["since"] is not None and 0 < shown["uptime"] < 60
    async with httpx.AsyncClient(base_url=switch.facts["http"], trust_env=False) as stranger:
        assert (await stranger.get("/readyz")).json() == {"status": "ready"}
        figures = (await stranger.get("/metrics")).text
        assert {"xswitch_calls", "xswitch_loop_late_seconds"} <= {
            each.name for each in text_string_to_metric_families(figures)
        }
        assert (await stranger.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"})).status_code == 401


async def test_the_documents_are_served(switch: Api) -> None:
    async with httpx.AsyncClient(base_url=switch.facts["http"], trust_env=False) as stranger:
        document = (await stranger.get("/openapi.json")).json()
        assert "/api/v1/routes:explain" in document["paths"]
        assert "Problem" in document["components"]["schemas"]
        assert any(
            method["name"] == "routes.explain" for method in (await stranger.get("/openrpc.json")).json()["methods"]
        )
        policy = (await stranger.get("/docs/")).headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "unsafe" not in policy


async def test_the_configuration_is_shown_with_origins(api: httpx.AsyncClient) -> None:
    settings = (await api.get("/config")).json()["settings"]
    assert {row["origin"] for row in settings.values()} <= {"default", "file", "environment", "set"}
