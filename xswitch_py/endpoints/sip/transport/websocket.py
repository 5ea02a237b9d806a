"""SIP over WebSockets: a message is a WebSocket message, and nobody is ever called back otherwise (RFC 7118)."""

from typing import Final

import structlog

from xswitch_py.endpoints.sip.flow import HostPort
from xswitch_py.endpoints.sip.transport.addresses import near
from xswitch_py.endpoints.sip.transport.intake import Intake
from xswitch_py.listen.door import Socket
from xswitch_py.pysip.framing import PONG, is_ping
from xswitch_py.pysip.limits import Limits

__all__ = ["WsFlow", "serve_socket"]

log = structlog.get_logger("xswitch.sip")

BUFFER: Final = 1 << 20  # bytes sent to a peer while it is slow
TOO_BIG: Final = 1009
TRY_LATER: Final = 1013


class WsFlow:
    """One WebSocket; it is the only way to its peer."""

    __slots__ = ("_behind", "_intake", "_socket", "near", "remote", "transport")

    def __init__(self, socket: Socket, intake: Intake) -> None:
        self.transport = "WSS" if socket.secure else "WS"
        self.remote: HostPort = socket.remote
        self.near: HostPort = near(intake.settings, socket.local, socket.remote[0])
        self._socket, self._intake = socket, intake
        self._behind = 0

    @property
    def alive(self) -> bool:
        return self._socket.code is None

    def send(self, data: bytes) -> None:
        """Send a message: as text, or as binary if it is no UTF-8.

        Raises:
            ConnectionError: the socket has ended, or the peer is too slow, which ends it.
        """
        self._behind = self._behind + len(data) if self._socket.slow else 0
        if self._behind > BUFFER:
            self._socket.close(TRY_LATER, "too slow")
        self._socket.send(_text(data))
        if self._socket.code is not None:
            raise ConnectionError("the socket has ended")
        self._intake.counts["out " + self.transport] += 1

    def take(self, message: str | bytes) -> None:
        """Take what the peer sent."""
        data = message.encode() if isinstance(message, str) else message
        if is_ping(data):
            self._socket.send(PONG.decode(), urgent=False)
        elif data.strip(b"\r\n\0") and self._intake.admits(self.remote[0], self.transport):
            self._intake.read(data, self)
            if len(data) > Limits.STREAM:
                self._socket.close(TOO_BIG, "message too big")


async def serve_socket(socket: Socket, intake: Intake) -> None:
    """Talk to one peer until it leaves."""
    flow = WsFlow(socket, intake)
    try:
        while (message := await socket.receive()) is not None:
            flow.take(message)
    finally:
        socket.close()
        intake.lost(flow)


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
