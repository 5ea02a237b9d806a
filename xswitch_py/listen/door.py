"""What a door and the WebSocket port see of each other."""

from collections.abc import Mapping
from typing import Protocol

__all__ = ["Socket", "SocketDoor"]


class Socket(Protocol):
    """A WebSocket peer, as a door sees it."""

    @property
    def path(self) -> str:
        """The path that was asked for, without the query."""

    @property
    def query(self) -> str:
        """What stood behind `?`, still percent-encoded."""

    @property
    def remote(self) -> tuple[str, int]:
        """IP address and port of the peer; port 0 if a trusted proxy told the address."""

    @property
    def local(self) -> tuple[str, int]:
        """IP address and port of ours that the peer, or a proxy before it, has come to."""

    @property
    def secure(self) -> bool:
        """Whether the peer uses TLS, with us or with a trusted proxy."""

    @property
    def origin(self) -> str | None:
        """The web page's origin, already checked; browsers always send one."""

    @property
    def subprotocol(self) -> str | None:
        """What was agreed in the handshake."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's headers, names in lower case, without those of the handshake itself."""

    @property
    def code(self) -> int | None:
        """The close code, ours or theirs; None while the socket is open."""

    @property
    def reason(self) -> str:
        """The text that came with the close code."""

    @property
    def slow(self) -> bool:
        """Whether the peer is behind with taking what was sent."""

    async def receive(self) -> str | bytes | None:
        """Wait for the next message: text or binary; None, for ever, once the peer is gone or was closed."""

    def send(self, message: str | bytes, *, urgent: bool = True) -> None:
        """Send a text or a binary message; never waits, and does nothing once closed.

        What is not `urgent` waits while the peer is slow. A peer too slow for either is closed with 1013.
        """

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye; does nothing once closed."""

    def abort(self) -> None:
        """Drop the connection at once, and all that was not sent yet."""


class SocketDoor(Protocol):
    """All that the WebSocket port needs of a door."""

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol a peer must offer to get in here, on whatever path; None for any peer on the door's paths."""

    async def serve(self, socket: Socket) -> None:
        """Talk to one peer until it leaves; the socket is closed on return."""
