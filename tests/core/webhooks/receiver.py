"""A server that takes webhooks, and checks them by the text of Standard Webhooks and nothing of ours."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OK: Final = b"HTTP/1.1 204 No Content\r\n\r\n"

Answer = Callable[["Told"], bytes | None]
"""What to answer; None: nothing at all, for ever."""


@dataclass(frozen=True)
class Told:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def verify(self, secret: str) -> None:
        """Check it as "Verifying signatures" says: the signature, then the time."""
        at = self.headers["webhook-timestamp"]
        content = f"{self.id}.{at}.{self.body.decode()}"
        key = base64.b64decode(secret.split("_")[1])
        expected = base64.b64encode(hmac.new(key, content.encode(), hashlib.sha256).digest()).decode()
        sent = [each.split(",")[1] for each in self.headers["webhook-signature"].split(" ") if each.startswith("v1,")]
        assert any(hmac.compare_digest(expected, each) for each in sent), "the signature is wrong"
        assert abs(time.time() - int(at)) < 300, "the time is too far off"


def status(code: int, *headers: str) -> bytes:
    """Write an answer without a body."""
    return "\r\n".join((f"HTTP/1.1 {code} X", "Content-Length: 0", *headers, "", "")).encode()


class Receiver:
    """Takes requests; `answers` are given one after the other, the last one again and again."""

    def __init__(self, *answers: Answer | bytes | None) -> None:
        self.answers = list(answers or (OK,))
        self.told: list[Told] = []
        self.came = asyncio.Event()
        self.connections = 0
        self.open = 0
        self.most = 0  # requests at a time
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                told = await self.read(reader)
                self.open += 1
                self.most = max(self.most, self.open)
                try:
                    await self.answer(told, writer)
                finally:
                    self.open -= 1
        writer.transport.abort()

    async def read(self, reader: asyncio.StreamReader) -> Told:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = lines[0].split()
        assert method == "POST"
        pairs = (line.partition(": ") for line in lines[1:] if line)
        headers = {name.lower(): value for name, _, value in pairs}
        return Told(path, headers, await reader.readexactly(int(headers["content-length"])))

    async def answer(self, told: Told, writer: asyncio.StreamWriter) -> None:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.told.append(told)
        self.came.set()
        found = answer(told) if callable(answer) else answer
        if found is None:
            await asyncio.Event().wait()
        else:
            writer.write(found)
            await writer.drain()

    async def until(self, count: int) -> list[Told]:
        """Wait until there were so many requests."""
        async with asyncio.timeout(10):
            while len(self.told) < count:
                self.came.clear()
                await self.came.wait()
        return self.told


@contextlib.asynccontextmanager
async def receiving(receiver: Receiver, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Let it listen on loopback."""
    tasks: set[asyncio.Task[None]] = set()

    def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(receiver.serve(reader, writer))
        tasks.add(task)

    server = await asyncio.start_server(met, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports close
