"""Where we listen, and for whom."""

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog

from xswitch_py import app_settings
from xswitch_py.api.app import closed
from xswitch_py.api.reach import Reach
from xswitch_py.config import Config, HostPort
from xswitch_py.endpoints.sip.endpoint import Sip
from xswitch_py.endpoints.sip.flow import Flow
from xswitch_py.endpoints.sip.transport.links import Wires
from xswitch_py.endpoints.verto.endpoint import Verto
from xswitch_py.listen import certificate
from xswitch_py.listen.admission import origin_allowed
from xswitch_py.listen.door import SocketDoor
from xswitch_py.listen.gate import Limits
from xswitch_py.listen.listener import Listener

__all__ = ["Seal", "make_listeners", "make_wires", "reach", "sealed"]

log = structlog.get_logger("xswitch.app")

_VERTO: Final = ("/", "/ws")  # the paths where it is spoken
_SIP: Final = ("/sip", "/sips")  # and SIP; "/sips" is kept for old page configurations
_SIP_ALONE: Final = ("/", "/sip", "/ws-sip")  # on ports where there is nothing else


class Seal(NamedTuple):
    """Our certificate: what TLS needs of it, its public part, and where it lies, unless it is a demo's."""

    context: ssl.SSLContext | None = None
    authority: str = ""
    path: Path | None = None


def sealed(config: Config, *, keep: bool) -> Seal:
    """Load the certificate if a port needs it, made when missing; one that is not to `keep` never stays on disk.

    Raises:
        ConfigError: it cannot be used.
    """
    listen = config.listen
    if all(at is None for at in (listen.https, listen.sip_tls, listen.sip_wss)):
        return Seal()
    path, names = listen.certificate, (config.domain, socket.gethostname())
    if not keep and not path.name:
        return Seal(*certificate.temporary_context(*names))
    path = path if path.name else config.store.path.parent / "wss.pem"
    if certificate.ensure(path, *names):
        log.info("certificate made", path=str(path))
    return Seal(certificate.ssl_context(path), certificate.public_part(path), path)


def make_wires(config: Config, tls: ssl.SSLContext | None, in_use: Callable[[Flow], bool]) -> Wires:
    """Make the SIP door's transports."""
    listen, sip = config.listen, config.sip
    names = ("sip_udp", "sip_tcp", "sip_tls")
    udp, tcp, secure = (None if at is None else str(at) for at in (getattr(listen, name) for name in names))
    return Wires(
        app_settings.sip_settings(config),
        udp=udp,
        tcp=tcp,
        tls=secure,
        certificate=tls,
        authorities=sip.authorities if sip.authorities.name else None,
        in_use=in_use,
    )


def reach(config: Config, secure: Callable[[], str]) -> Reach:
    """Make what judges pages as the sockets do; `secure` gives where wss is, as host:port, or nothing."""
    allowed = frozenset(origin.lower() for origin in config.listen.origins)

    def port() -> int | None:
        text = secure().rpartition(":")[2]
        return int(text) if text else None

    return Reach(lambda origin, host: origin_allowed(origin, host, allowed), port)


def make_listeners(
    config: Config, tls: ssl.SSLContext | None, app: Any, verto: Verto, sip: Sip, more: Mapping[str, SocketDoor]
) -> Iterator[Listener]:
    """Make the HTTP and WebSocket ports; `more` are doors by their paths."""
    listen = config.listen
    everything: dict[str, SocketDoor] = {**dict.fromkeys(_VERTO, verto), **dict.fromkeys(_SIP, sip), **more}
    alone: dict[str, SocketDoor] = dict.fromkeys(_SIP_ALONE, sip)
    ports: list[tuple[HostPort | None, HostPort | None, dict[str, SocketDoor], Any, Limits]] = [
        (listen.http, listen.https, everything, app, app_settings.socket_limits(config)),
        (listen.sip_ws, listen.sip_wss, alone, closed, app_settings.sip_socket_limits(config)),
    ]
    for http, https, doors, pages, limits in ports:
        if http is not None or https is not None:
            yield Listener(
                pages,
                doors,
                http=str(http) if http is not None else None,
                https=str(https) if https is not None else None,
                tls=tls,
                origins=frozenset(listen.origins),
                proxies=frozenset(listen.proxies),
                limits=limits,
            )
