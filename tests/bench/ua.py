"""A SIP user agent on one UDP socket, no heavier than it must be: many calls at once, nothing is ever sent twice."""

import asyncio
import itertools
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Final, Self

from xswitch_py.pysip.headers import Address, Via
from xswitch_py.pysip.message import Request, Response, new_branch, new_call_id, new_tag, parse, response_to, serialise
from xswitch_py.pysip.uri import parse_uri

__all__ = ["HOST", "Established", "Ua", "rtp_socket", "sdp"]

HOST: Final = "127.0.0.1"
_WAIT_S: Final = 10.0
_SDP: Final = "application/sdp"
_BUFFER: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Established:
    """A call that was answered."""

    sdp: str
    took: float  # seconds from INVITE to 200
    end: Callable[[], Awaitable[Response]]


class Ua:
    """Places calls, and answers those that come with the SDP that `answer` makes of theirs, or with a refusal."""

    def __init__(self, answer: Callable[[str], str] = lambda offer: "", status: int = 200) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._socket.setblocking(False)
        self._socket.bind((HOST, 0))
        self.port = int(self._socket.getsockname()[1])
        self.contact = Address(uri=parse_uri(f"sip:bench@{HOST}:{self.port}"))
        self._answer = answer
        self._status = status
        self.invited = 0
        self._waiting: dict[str, asyncio.Future[Response]] = {}
        self._numbers = itertools.count(1)
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    async def call(self, to: str, offer: str) -> "Established":
        """Call whoever `host:port` has for us."""
        uri = parse_uri(f"sip:{next(self._numbers)}@{to}")
        own, call_id = self.contact.with_tag(new_tag()), new_call_id()
        start = time.perf_counter()
        invite = Request.new(
            "INVITE", uri, from_=own, to=Address(uri=uri), call_id=call_id, cseq=1, via=self._via(),
            contact=self.contact, body=offer.encode(), content_type=_SDP,
        )  # fmt: skip
        answer = await self.ask(invite, to)
        took = time.perf_counter() - start
        assert answer.status == 200, f"{answer.status} {answer.reason}"
        target, there = answer.contacts[0].uri, answer.to
        ack, bye = (
            Request.new(method, target, from_=own, to=there, call_id=call_id, cseq=number, via=self._via())
            for method, number in (("ACK", 1), ("BYE", 2))
        )
        self.send(serialise(ack), to)
        return Established(answer.body.decode(), took, partial(self.ask, bye, to))

    async def ask(self, request: Request, to: str) -> Response:
        """Send a request and give its final answer."""
        return await self.exchange(request.vias[0].branch, serialise(request), to)

    async def exchange(self, branch: str, data: bytes, to: str) -> Response:
        """Send a request that is written already, and give its final answer."""
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting[branch] = future
        self.send(data, to)
        try:
            async with asyncio.timeout(_WAIT_S):
                return await future
        finally:
            del self._waiting[branch]

    def send(self, data: bytes, to: str) -> None:
        """Send a datagram to `host:port`."""
        host, _, port = to.rpartition(":")
        self._socket.sendto(data, (host, int(port)))

    def _via(self) -> Via:
        return Via("UDP", HOST, self.port, new_branch(), rport=0)

    def _readable(self) -> None:
        try:
            while True:
                data, source = self._socket.recvfrom(65_535)
                self._take(parse(data), f"{source[0]}:{source[1]}")
        except BlockingIOError:
            pass

    def _take(self, message: Request | Response, source: str) -> None:
        if isinstance(message, Response):
            future = self._waiting.get(message.vias[0].branch)
            if message.status >= 200 and future is not None and not future.done():
                future.set_result(message)
        elif message.method == "INVITE" and self._status >= 300:
            self.invited += 1
            self.send(serialise(response_to(message, self._status, to_tag=new_tag())), source)
        elif message.method == "INVITE":
            self.invited += 1
            body = self._answer(message.body.decode()).encode()
            answer = response_to(message, 200, to_tag=new_tag(), contact=self.contact, body=body, content_type=_SDP)
            self.send(serialise(answer), source)
        elif message.method != "ACK":
            self.send(serialise(response_to(message, 200, to_tag=new_tag())), source)


def rtp_socket() -> socket.socket:
    """Open a socket for RTP on an even port, where the next one is free for RTCP."""
    while True:
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.bind((HOST, 0))
            port = int(made.getsockname()[1])
            try:
                if port % 2 == 0:
                    probe.bind((HOST, port + 1))
                    return made
            except OSError:
                pass
            made.close()


def sdp(at: socket.socket, *maps: str) -> str:
    """Describe a socket that takes RTP of these formats, such as `0 PCMU/8000`."""
    numbers = " ".join(each.partition(" ")[0] for each in maps)
    head = f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
    lines = "".join(f"a=rtpmap:{each}\r\n" for each in maps)
    return f"{head}m=audio {at.getsockname()[1]} RTP/AVP {numbers}\r\n{lines}a=sendrecv\r\n"
