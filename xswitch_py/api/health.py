"""Beside the API: signs of life for those who watch over us, and figures for Prometheus."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from xswitch_py.api.operation import AtDesk
from xswitch_py.base.errors import Refused
from xswitch_py.base.problem import Code
from xswitch_py.core.commands import status
from xswitch_py.core.commands.desk import Desk
from xswitch_py.core.figures import Figures
from xswitch_py.models.status import Status

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_READ: Final = ["GET", "HEAD"]
_TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
_SCOPE: Final = "status:read"
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")  # a proxy asks, for somebody else


@router.api_route("/healthz", methods=_READ)
async def healthz(desk: AtDesk) -> dict[str, str]:
    """Say that we live."""
    return {"status": "ok", "version": desk.version}


@router.api_route("/readyz", methods=_READ)
async def readyz(desk: AtDesk) -> JSONResponse:
    """Say whether calls are taken, or else what keeps us from it."""
    missing = await status.lacking(desk)
    if missing:
        return JSONResponse({"status": "not ready", "lacking": missing}, 503, {"Retry-After": "5"})
    return JSONResponse({"status": "ready"})


@router.api_route("/metrics", methods=_READ)
async def metrics(request: Request, desk: AtDesk) -> Response:
    """Give the figures, to programs on this computer, and to who may read the status."""
    if not _is_near(request):
        asker = await request.app.state.gatekeeper.asker(request)
        if not asker.may(_SCOPE):
            raise Refused(Code.FORBIDDEN, f"this needs {_SCOPE}")
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Samples(desk, await status.look(desk)))
    return Response(generate_latest(registry), media_type=_TEXT, headers={"Cache-Control": "no-store"})


class _Samples(Collector):
    """Everything at one moment."""

    def __init__(self, desk: Desk, now: Status) -> None:
        self._desk = desk
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Give all figures of ours."""
        yield from _gauges(self._now)
        yield from _gateways(self._desk)
        yield from _counters(self._now, status.vitals_of(self._desk).figures)


def _gauges(now: Status) -> Iterator[Metric]:
    late = round(now.loop.worst_ms / 1000, 6)
    plain: list[tuple[str, str, float]] = [
        ("xswitch_ready", "Whether calls are taken.", now.ready),
        ("xswitch_uptime_seconds", "Seconds since the start.", now.uptime),
        ("xswitch_calls", "Calls now.", now.calls),
        ("xswitch_legs", "Legs of calls now.", now.legs),
        ("xswitch_registrations", "Places where users can be reached.", now.registrations),
        ("xswitch_recordings", "Recordings that go on.", now.totals.recording),
        ("xswitch_event_subscribers", "Programs that hear what happens.", now.event_subscribers),
        ("xswitch_loop_late_seconds", "How late the event loop was at most in the last minute.", late),
    ]
    for name, help, value in plain:
        yield GaugeMetricFamily(name, help, float(value))
    yield _labelled(
        GaugeMetricFamily("xswitch_info", "The version, and the name of this run.", labels=["version", "node"]),
        [((now.version, now.node), 1)],
    )
    yield _labelled(
        GaugeMetricFamily("xswitch_disk_free_bytes", "Room left in a folder that we write to.", labels=["folder"]),
        [((disk.folder,), disk.free) for disk in now.disks],
    )


def _gateways(desk: Desk) -> Iterator[Metric]:
    standing = desk.carriers.status()
    yield _labelled(
        GaugeMetricFamily("xswitch_gateway_up", "Whether calls go out through a gateway.", labels=["gateway"]),
        [((each.name,), each.up) for each in standing],
    )
    yield _labelled(
        GaugeMetricFamily("xswitch_gateway_calls", "Calls of a gateway now.", labels=["gateway", "direction"]),
        [
            ((each.name, way), calls)
            for each in standing
            for way, calls in (("inbound", each.inbound), ("outbound", each.outbound))
        ],
    )


def _counters(now: Status, figures: Figures) -> Iterator[Metric]:
    plain: list[tuple[str, str, float]] = [
        ("xswitch_calls_answered", "Calls that were answered.", figures.answered),
        ("xswitch_digits", "DTMF digits that were heard.", figures.digits),
        ("xswitch_quality_warnings", "Times that somebody heard badly for some seconds.", figures.poor),
        ("xswitch_blocked", "Sources that were blocked.", figures.blocked),
        ("xswitch_events_lost", "Events that some part of ours was too slow for.", now.events_lost),
        ("xswitch_loop_held_up", "Times that the event loop was held up.", now.loop.held_up_total),
    ]
    for name, help, value in plain:
        yield CounterMetricFamily(name, help, float(value))
    by: list[tuple[str, str, list[str], Iterable[tuple[tuple[str, ...], float]]]] = [
        ("xswitch_calls", "Calls that ended.", ["cause"], _keyed(now.totals.ended)),
        ("xswitch_calls_started", "Calls that began.", ["door"], _keyed(now.totals.started)),
        ("xswitch_recordings_ended", "Recordings that ended.", ["why"], _keyed(now.totals.recorded)),
        ("xswitch_gateway_changes", "Gateways' changes of state.", ["gateway", "state"], figures.gateways.items()),
    ]
    for name, help, labels, rows in by:
        yield _labelled(CounterMetricFamily(name, help, labels=labels), rows)


def _keyed(counts: dict[str, int]) -> list[tuple[tuple[str, ...], float]]:
    return [((name,), count) for name, count in counts.items()]


def _labelled(family: GaugeMetricFamily | CounterMetricFamily, rows: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    for labels, value in rows:
        family.add_metric(list(labels), float(value))
    return family


def _is_near(request: Request) -> bool:
    """Say whether a program on this computer asks for itself: no proxy, and no page of another name's."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    host = request.headers.get("host", "")
    named = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return _is_loopback(request.client.host) and (named == "localhost" or _is_loopback(named))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
