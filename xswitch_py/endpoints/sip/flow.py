"""A flow: what the other side can really be reached through (RFC 5626), and who hears what comes on it.

The flow, not a host name, is where messages go: a binding, a dialog and a transaction each remember theirs.
"""

from typing import Final, Protocol

from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.headers import Address, Via
from xswitch_py.pysip.message import Request, Response, new_branch
from xswitch_py.pysip.uri import Uri

__all__ = ["RELIABLE", "SECURE", "Ears", "Flow", "HostPort", "Links", "contact_of", "via_of"]

HostPort = tuple[str, int]  # an IP address without brackets, and a port

RELIABLE: Final = frozenset({"TCP", "TLS", "WS", "WSS"})
SECURE: Final = frozenset({"TLS", "WSS"})


class Flow(Protocol):
    """One way to one peer; hashable, and equal to another of the same socket and the same remote address."""

    def __hash__(self) -> int: ...

    @property
    def transport(self) -> str:
        """`UDP`, `TCP`, `TLS`, `WS` or `WSS`, as in a Via."""

    @property
    def remote(self) -> HostPort:
        """Where the peer is; port 0 if a trusted proxy told the address."""

    @property
    def near(self) -> HostPort:
        """What we tell the peer of ourselves in Via and Contact: the listener's address, or the one outside."""

    @property
    def alive(self) -> bool:
        """Whether a message sent now has a chance; a UDP flow always lives."""

    def send(self, data: bytes) -> None:
        """Send one message; never waits.

        Raises:
            ConnectionError: the flow has ended. The same is told to `Ears.lost`, once.
        """


class Ears(Protocol):
    """Who hears what comes in. None of these wait, or raise."""

    def admits(self, host: str) -> bool:
        """Say whether a message from this address shall be read at all: asked before it is parsed."""

    def received(self, message: Request | Response, flow: Flow) -> None:
        """A message has come; the top Via of a request tells where from (`note_source`)."""

    def malformed(self, bad: BadMessage, flow: Flow) -> None:
        """Something came that is no message; `bad.status` is the answer that it deserves, if any."""

    def lost(self, flow: Flow) -> None:
        """A connection has ended, or could not be made; or a datagram to this flow came back undelivered (ICMP)."""


class Links(Protocol):
    """The transports, as whoever places requests sees them."""

    def open(self, transport: str, host: str, port: int, name: str = "") -> Flow:
        """Give a way to an IP address: our UDP socket, a connection that is there already, or a new one.

        A new connection is made meanwhile and what is sent is kept for it. `name` is what the certificate must be for.

        Raises:
            ConnectionError: we do not speak this transport, or have no socket of this address family. WebSockets are
                never opened by us.
        """


def via_of(flow: Flow) -> Via:
    """Make the Via of a request of ours, with a new branch; on UDP it asks where the answer came from (RFC 3581)."""
    host, port = flow.near
    return Via(flow.transport, host, port, new_branch(), rport=0 if flow.transport == "UDP" else None)


def contact_of(flow: Flow, user: str = "gw") -> Address:
    """Make the Contact that brings a peer's requests back to us."""
    host, port = flow.near
    said = _PARAMETER[flow.transport]
    return Address(uri=Uri(user=user, host=host, port=port, parameters={"transport": said} if said else {}))


# The `transport` parameter of our URIs (RFC 3261 section 19.1.1, RFC 7118 section 5.2); UDP goes without saying.
_PARAMETER: Final = {"UDP": "", "TCP": "tcp", "TLS": "tls", "WS": "ws", "WSS": "ws"}
