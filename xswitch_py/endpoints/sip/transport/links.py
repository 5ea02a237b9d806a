"""All transports of the SIP door as one: they are started and stopped together, and ways are opened here."""

import socket
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import structlog

from xswitch_py.base.errors import ConfigError
from xswitch_py.endpoints.sip.flow import Ears, Flow
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.endpoints.sip.transport.addresses import bind_datagrams, bind_stream, shown, source_for
from xswitch_py.endpoints.sip.transport.intake import Intake
from xswitch_py.endpoints.sip.transport.seal import client_context
from xswitch_py.endpoints.sip.transport.stream import Bounds, StreamFlow
from xswitch_py.endpoints.sip.transport.streams import Streams
from xswitch_py.endpoints.sip.transport.udp import UdpFlow, UdpSocket
from xswitch_py.endpoints.sip.transport.websocket import serve_socket
from xswitch_py.listen.certificate import renew
from xswitch_py.listen.door import Socket

__all__ = ["Wires"]

log = structlog.get_logger("xswitch.sip")


class Wires:
    """The `Links` of the door, and the `SocketDoor` that WebSockets come in by.

    `udp`, `tcp` and `tls` are `host:port`; an empty host is all addresses, port 0 any free one, None leaves one out.
    `certificate` is ours as the TLS server; `authorities` is a file of more CAs to trust when we connect. `in_use` says
    whether a connection is needed by a binding or a dialog; else it may not be silent for long.
    """

    subprotocol = "sip"

    def __init__(
        self,
        settings: Settings,
        *,
        udp: str | None = None,
        tcp: str | None = None,
        tls: str | None = None,
        certificate: ssl.SSLContext | None = None,
        authorities: Path | None = None,
        in_use: Callable[[Flow], bool] = lambda flow: False,
        bounds: Bounds | None = None,
    ) -> None:
        self.addresses: dict[str, str] = {}  # "udp", "tcp" and "tls" -> host:port, the real ones
        self.counts: Counter[str] = Counter()  # messages: "in UDP", "out TLS", "malformed Bad Via"...
        self._settings, self._bounds, self._in_use = settings, bounds or Bounds(), in_use
        self._bind = {"udp": udp, "tcp": tcp, "tls": tls}
        self._certificate, self._authorities = certificate, authorities
        self._contexts: dict[bool, ssl.SSLContext] = {}  # for connections of ours: verified or not
        self._intake: Intake | None = None
        self._streams: Streams | None = None
        self._datagrams: list[UdpSocket] = []

    async def start(self, ears: Ears) -> None:
        """Bind the addresses and listen; all that comes goes to `ears`.

        Raises:
            ConfigError: addresses cannot be used, or the certificate or the authorities.
        """
        if self._bind["tls"] is not None:
            self._contexts = {verify: client_context(self._authorities, verify=verify) for verify in (True, False)}
        ports = self._bound()
        self._intake = intake = Intake(ears, self._settings, self.counts)
        self._streams = streams = Streams(intake, self._bounds, self._in_use)
        for name, port in ports:
            self.addresses[name] = shown(self._bind[name] or "", port)
            if name == "udp":
                self._datagrams.append(UdpSocket(port, intake))
            else:
                await streams.serve(port, self._certificate if name == "tls" else None)

    async def stop(self) -> None:
        """Hear nothing more, and end all connections; what was sent is still given to those who read it."""
        if self._streams is not None:
            await self._streams.stop()
        for datagrams in self._datagrams:
            datagrams.close()
        self._streams, self._datagrams = None, []

    async def serve(self, socket: Socket) -> None:
        """Talk to one WebSocket peer until it leaves."""
        if self._intake is not None:
            await serve_socket(socket, self._intake)

    def open(self, transport: str, host: str, port: int, name: str = "", *, verify: bool = True) -> Flow:
        """Give a way to an IP address, as `Links` says. Without `verify` any certificate will do.

        Raises:
            ConnectionError: we have no such way; WebSockets are never opened by us.
        """
        if self._streams is None:
            raise ConnectionError("not started")
        match transport:
            case "UDP":
                return self._datagram_flow(host, port)
            case "TCP":
                return self._streams.open("TCP", host, port)
            case "TLS":
                return self._streams.open("TLS", host, port, self._contexts.get(verify), name)
            case _:
                raise ConnectionError(f"we open no {transport}")

    def trust(self, flow: Flow) -> None:
        """Somebody proved on this flow who they are; a connection then no longer counts as a stranger's."""
        if self._streams is not None and isinstance(flow, StreamFlow):
            self._streams.trust(flow)

    def renew_certificate(self, path: Path) -> None:
        """Load key and chain anew: for connections that come from now on.

        Raises:
            ConfigError: the file cannot be used; the old one stays.
        """
        if self._certificate is not None:
            renew(self._certificate, path)

    def _bound(self) -> list[tuple[str, socket.socket]]:
        """Bind everything, or nothing: all problems are told at once."""
        problems: list[str] = []
        with ExitStack() as undo:
            ports: list[tuple[str, socket.socket]] = []
            for name, text in self._bind.items():
                if text is None:
                    continue
                try:
                    ports += [(name, undo.enter_context(port)) for port in self._sockets(name, text)]
                except ConfigError as problem:
                    problems += problem.problems
            if problems:
                raise ConfigError(problems)
            undo.pop_all()
        return ports

    def _sockets(self, name: str, text: str) -> list[socket.socket]:
        key = f"listen.sip_{name}"
        if name == "udp":
            return bind_datagrams(key, text)
        if name == "tls" and self._certificate is None:
            raise ConfigError([f"{key} = {text!r}: there is no certificate"])
        return [bind_stream(key, text)]

    def _datagram_flow(self, host: str, port: int) -> UdpFlow:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        fitting = [one for one in self._datagrams if one.family == family]
        if not fitting:
            raise ConnectionError("no UDP socket of this address family")
        if len(fitting) == 1:
            return fitting[0].flow_to(host, port)
        try:
            source = source_for(host)
        except OSError as problem:
            raise ConnectionError("no way leads there") from problem
        return next((one for one in fitting if one.address[0] == source), fitting[0]).flow_to(host, port)
