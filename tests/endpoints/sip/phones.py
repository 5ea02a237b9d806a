"""Phones that write their requests as they stand on the wire, and the flows that they come on."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from xswitch_py.pysip.auth import challenges_in
from xswitch_py.pysip.login import answer
from xswitch_py.pysip.message import Request, Response, parse

__all__ = ["DOMAIN", "TestFlow", "credentials", "request"]

DOMAIN: Final = "pbx.test"
_BRANCHES: Final = count(1)


@dataclass(frozen=True)
class TestFlow:
    """A way to a phone; what is sent on it is kept."""

    __test__ = False

    transport: str = "UDP"
    remote: tuple[str, int] = ("198.51.100.7", 5070)
    number: int = 0  # of the connection
    near: tuple[str, int] = ("192.0.2.1", 5060)
    alive: bool = field(default=True, compare=False)
    sent: list[bytes] = field(default_factory=list, compare=False)

    def send(self, data: bytes) -> None:
        """See `Flow`."""
        self.sent.append(data)


def request(
    method: str = "REGISTER",
    *lines: str,
    uri: str = f"sip:{DOMAIN}",
    user: str = "1001",
    to: str = "",
    call_id: str = "r1",
    cseq: int = 1,
    branch: str = "",
) -> Request:
    """A request of a user, to itself unless `to` says otherwise; `lines` are further header lines."""
    text = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP 198.51.100.7:5070;rport;branch={branch or f'z9hG4bK{next(_BRANCHES)}'}",
        "Max-Forwards: 70",
        f"From: <sip:{user}@{DOMAIN}>;tag=f1",
        f"To: <sip:{to or user}@{DOMAIN}>",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
        *lines,
        "Content-Length: 0",
        "",
        "",
    ]
    message = parse("\r\n".join(text).encode())
    assert isinstance(message, Request)
    return message


def credentials(
    challenge: Response, to: Request, password: str, username: str = "1001", uris: Iterable[str] = (), uses: int = 1
) -> str:
    """The header line that answers a challenge for a request; `uris`: another one for the digest."""
    name = "WWW-Authenticate" if challenge.status == 401 else "Proxy-Authenticate"
    (asked,) = challenges_in(challenge.headers, name)
    uri = next(iter(uris), str(to.uri))
    given = answer(asked, username, password, to.method, uri, uses)
    return f"{'Authorization' if challenge.status == 401 else 'Proxy-Authorization'}: {given}"
