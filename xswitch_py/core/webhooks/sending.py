"""One attempt to tell something to a URL, which is not trusted: it may lead inside, answer slowly, or never end."""

import asyncio
import socket
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import httpx
import structlog

from xswitch_py.core.webhooks.places import Network, permitted, port_of, problem

__all__ = ["Outcome", "Resolve", "Sender"]

log = structlog.get_logger("xswitch.webhooks")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From host and port to IP addresses; raises OSError."""

PATIENCE: Final = 15.0  # seconds for all of it
ANSWER: Final = 65_536  # bytes of an answer that are read
PLACES: Final = 128  # servers to which connections are kept
TRIES: Final = 3  # addresses of one name
_LIMITS: Final = httpx.Limits(max_connections=32, max_keepalive_connections=8, keepalive_expiry=10.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt: the HTTP status of the answer, or why there was none."""

    code: int | None = None
    error: str = ""

    @property
    def delivered(self) -> bool:
        """Whether it arrived."""
        return self.code is not None and 200 <= self.code < 300


class Sender:
    """Sends, without proxies, cookies or redirects, and only to addresses that were checked.

    Connections are kept by the server's name, since a certificate was checked for that name alone; the name is looked
    up for each attempt, and what is connected to is an address that was looked at, not the name once more.
    """

    def __init__(
        self,
        allowed: Collection[Network] = (),
        *,
        agent: str = "xswitch",
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """`allowed` are networks besides the Internet; `tls` says whose certificates are trusted."""
        self._allowed, self._agent, self._patience = tuple(allowed), agent, patience
        self._resolve = resolve or self._look_up
        self._tls = tls
        self._names = ThreadPoolExecutor(4, "webhook-names")  # a slow name server shall hold up nobody else
        self._kept: OrderedDict[tuple[str, str, int], httpx.AsyncHTTPTransport] = OrderedDict()

    def problem(self, url: str) -> str:
        """Say why events cannot be told to a URL; "" if nothing is known that speaks against it."""
        return problem(url, self._allowed)

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Tell something; never fails, and ends in bounded time."""
        if why := self.problem(url):
            return Outcome(error=why)
        answer = _Answer()
        try:
            async with asyncio.timeout(self._patience):
                await self._try(httpx.URL(url), headers, body, answer)
        except TimeoutError:
            answer.error = "no answer in time"
        except (httpx.HTTPError, OSError, UnicodeError) as error:
            answer.error = _words(error)
        except Exception:
            log.exception("sending failed")
            answer.error = "an error of ours"
        return Outcome(answer.code, answer.error if answer.code is None else "")

    async def close(self) -> None:
        """Close all connections."""
        while self._kept:
            await self._kept.popitem()[1].aclose()
        self._names.shutdown(wait=False, cancel_futures=True)

    async def _try(self, url: httpx.URL, headers: Mapping[str, str], body: bytes, answer: "_Answer") -> None:
        """Ask the addresses of a URL one after the other until one takes the connection."""
        found = await self._resolve(url.host, port_of(url))
        plain = url.scheme == "http"
        addresses = [each for each in dict.fromkeys(found) if permitted(each, self._allowed, plain=plain)][:TRIES]
        answer.error = "this address is not allowed" if found else "there is no such host"
        transport = await self._transport(url)
        for address in addresses:
            try:
                await self._ask(transport, self._request(url, address, headers, body), answer)
                return
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                answer.error = _words(error)

    async def _ask(self, transport: httpx.AsyncHTTPTransport, request: httpx.Request, answer: "_Answer") -> None:
        response = await transport.handle_async_request(request)
        answer.code = response.status_code
        try:
            size = 0
            async for piece in response.stream:  # type: ignore[union-attr]  # it is the asynchronous one
                size += len(piece)
                if size > ANSWER:
                    break
        finally:
            with suppress(httpx.HTTPError):
                await response.aclose()

    def _request(self, url: httpx.URL, address: str, headers: Mapping[str, str], body: bytes) -> httpx.Request:
        own = {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": self._agent,
            "Content-Type": "application/json",
            "Accept": "*/*",
        }
        extensions = {
            "timeout": httpx.Timeout(self._patience, connect=self._patience / TRIES).as_dict(),
            "sni_hostname": url.host,
        }
        there = url.copy_with(host=address)
        return httpx.Request("POST", there, headers={**own, **headers}, content=body, extensions=extensions)

    async def _transport(self, url: httpx.URL) -> httpx.AsyncHTTPTransport:
        if self._tls is None and url.scheme == "https":
            self._tls = await asyncio.to_thread(httpx.create_ssl_context, trust_env=False)
        place = url.scheme, url.host, port_of(url)
        if place not in self._kept:
            verify = self._tls if self._tls is not None else False  # False: nothing is checked where nothing is sealed
            self._kept[place] = httpx.AsyncHTTPTransport(verify=verify, trust_env=False, limits=_LIMITS)
        self._kept.move_to_end(place)
        if len(self._kept) > PLACES:
            await self._kept.popitem(last=False)[1].aclose()
        return self._kept[place]

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._names, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        return [str(each[4][0]) for each in found]


@dataclass(slots=True)
class _Answer:
    """What is known so far."""

    code: int | None = None
    error: str = ""


def _words(error: BaseException) -> str:
    """Say what went wrong, in words of ours."""
    cause: BaseException | None = error
    for _ in range(10):
        if cause is None:
            break
        for kind, words in _WORDS:
            if isinstance(cause, kind):
                return words
        cause = cause.__cause__ or cause.__context__
    return "the connection failed"


_WORDS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (socket.gaierror, "there is no such host"),
    (UnicodeError, "there is no such host"),
    (ssl.SSLCertVerificationError, "the certificate is not trusted"),
    (ssl.SSLError, "TLS failed"),
    (ConnectionRefusedError, "the connection was refused"),
    (httpx.TimeoutException, "no answer in time"),
    (httpx.ProtocolError, "the answer is no HTTP"),
)
