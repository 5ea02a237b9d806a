"""sipp as a telephone, a carrier or a crowd: runs scenes in a child process and tells what went over its wire."""

import asyncio
import re
import socket
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

import numpy as np

from tests.peers.sipp_scene import Scene
from tests.sound import sine

__all__ = ["Message", "Sipp", "free_port", "write_ulaw"]

_LOOK_AGAIN_S: Final = 0.02
_WAIT_S: Final = 20.0
_LOOPBACK: Final = "127.0.0.1"
_TRANSPORTS: Final = {"udp": "u1", "tcp": "t1"}
_BORDER: Final = re.compile(rb"^-{40,} .*\n", re.MULTILINE)
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\d\t\S+\t\d+\.\d+: ")
_HARMLESS: Final = ("The following events occurred", "using the out-of-call scenario", "if there is no Contact")
_SHOWN: Final = 4000  # characters at the end of the messages, in a report


@dataclass(frozen=True, slots=True)
class Message:
    """A SIP message as sipp logged it."""

    sent: bool
    text: str

    @property
    def first(self) -> str:
        """The start line."""
        return self.text.partition("\n")[0]

    def header(self, name: str) -> str:
        """The value of the first header of this name, empty if there is none."""
        found = re.search(rf"^{re.escape(name)} *: *(.*)$", self.text, re.MULTILINE | re.IGNORECASE)
        return found[1].strip() if found else ""


class Sipp:
    """A running sipp."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, port: int, media_port: int) -> None:
        self.process, self.folder, self.port, self.media_port = process, folder, port, media_port

    @classmethod
    async def start(
        cls,
        folder: Path,
        remote: str | None,
        scene: Scene,
        *more: str,
        answering: Scene | None = None,
        transport: str = "udp",
        calls: int = 1,
        port: int = 0,
    ) -> Self:
        """Run a scene against `host:port`, or wait for a call without a remote.

        `answering` is played for each call that comes in while `scene` goes on, over the same socket. What arrives as
        RTP goes back, unless a scene plays something itself. `port` is where it listens, if not anywhere.
        """
        here = folder / f"sipp-{uuid4().hex[:8]}"
        here.mkdir(parents=True)
        media_port, port = free_port(even=True), port or free_port(transport)
        while port in range(media_port, media_port + 4):
            port = free_port(transport)
        plays = scene.plays or (answering is not None and answering.plays)
        words = [*_files(here, scene, answering), "-t", _TRANSPORTS[transport], "-m", str(calls)]
        words += [] if plays else ["-rtp_echo"]
        where = ["-i", _LOOPBACK, "-mi", _LOOPBACK, "-p", str(port), "-mp", str(media_port)]
        with (here / "screen").open("wb") as screen:
            process = await asyncio.create_subprocess_exec(
                "sipp", *([remote] if remote else []), *words, *where, "-nostdin", *more,
                cwd=here, stdin=asyncio.subprocess.DEVNULL, stdout=screen, stderr=screen,
            )  # fmt: skip
        return cls(process, here, port, media_port)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"{_LOOPBACK}:{self.port}"

    def tell(self, word: str) -> None:
        """Let the scene of the latest call that waits for this word go on: by a request that only sipp sees."""
        last = self.messages()[-1]
        lines = [
            f"{word.upper()} sip:sipp SIP/2.0", "Via: SIP/2.0/UDP test.invalid;branch=z9hG4bK-test",
            *(f"{name}: {last.header(name)}" for name in ("From", "To", "Call-ID")), f"CSeq: 1 {word.upper()}",
            "Content-Length: 0", "", "",
        ]  # fmt: skip
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as mouth:
            mouth.sendto("\r\n".join(lines).encode(), (_LOOPBACK, self.port))

    async def ended(self, within: float = _WAIT_S) -> None:
        """Wait until all scenes have been played as written; else fail with what sipp says and the last messages."""
        try:
            async with asyncio.timeout(within):
                code = await self.process.wait()
        except TimeoutError:
            raise AssertionError(f"sipp still runs after {within} s\n{self.report()}") from None
        # The other side may close a TCP connection before sipp has counted the call that just ended.
        good = code == 0 or ("ended" in self.marks() and not self.complaints())
        assert good, f"sipp ended with {code}\n{self.report()}"

    async def reached(self, word: str, times: int = 1, within: float = _WAIT_S) -> None:
        """Wait until a scene has passed this mark, so many times."""
        await self._until(lambda: self.marks().count(word) >= times, within, f"the mark {word!r}")

    async def received(self, pattern: str, count: int = 1, within: float = _WAIT_S) -> Message:
        """Wait for so many messages that match; gives the last of them."""

        def found() -> list[Message]:
            return [each for each in self.messages() if not each.sent and re.search(pattern, each.text, re.MULTILINE)]

        await self._until(lambda: len(found()) >= count, within, f"{count} of {pattern!r}")
        return found()[count - 1]

    def marks(self) -> list[str]:
        """The marks that scenes have passed."""
        return _read(self.folder / "marks").split()

    def messages(self) -> list[Message]:
        """All that was sent and received so far."""
        log = self.folder / "messages"
        parts = _BORDER.split(log.read_bytes() if log.exists() else b"")
        return [_message(part.decode(errors="replace")) for part in parts if part.strip()]

    def complaints(self) -> list[str]:
        """What was not as the scene wanted it."""
        notes = _STAMP.split(_read(self.folder / "errors"))
        return [note for note in notes if note.strip() and not any(each in note for each in _HARMLESS)]

    def report(self) -> str:
        """What a person needs to find the fault."""
        screen = _read(self.folder / "screen")[-600:] if not self.messages() else ""
        wire = "\n".join(f"{'>' if each.sent else '<'} {each.text}" for each in self.messages())
        return "\n".join([*self.complaints()[:10], screen, "the last messages:", wire[-_SHOWN:]])

    async def close(self) -> None:
        """Stop it; safe to repeat."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def _until(self, holds: Callable[[], bool], within: float, wish: str) -> None:
        try:
            async with asyncio.timeout(within):
                while not holds():
                    if self.process.returncode is not None:
                        break
                    await asyncio.sleep(_LOOK_AGAIN_S)
        except TimeoutError:
            pass
        assert holds(), f"sipp: no {wish}\n{self.report()}"


def free_port(transport: str = "udp", even: bool = False) -> int:
    """A port that nobody has just now; an even one with a free odd one above it, for RTP and RTCP."""
    kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
    while True:
        with closing(socket.socket(socket.AF_INET, kind)) as probe:
            probe.bind((_LOOPBACK, 0))
            port = int(probe.getsockname()[1])
        if not even or port % 2 == 0:
            return port


def write_ulaw(path: Path, hz: float) -> Path:
    """Write a second of a tone as a scene can play it: G.711 u-law without a head."""
    sound = sine(hz, 1.0, 8000).astype(np.int32)
    size = np.abs(sound) + 132
    exponent = np.floor(np.log2(size)).astype(np.int32) - 7
    coded = np.where(sound < 0, 0x80, 0) | exponent << 4 | (size >> (exponent + 3)) & 15
    path.write_bytes((~coded & 0xFF).astype(np.uint8).tobytes())
    return path


def _files(folder: Path, scene: Scene, answering: Scene | None) -> Sequence[str]:
    """Write the scenes; gives the words that name them, and the logs we read."""
    (folder / "scene.xml").write_text(scene.xml())
    words = ["-sf", "scene.xml", "-trace_msg", "-message_file", "messages", "-trace_err", "-error_file", "errors"]
    words += ["-trace_logs", "-log_file", "marks"]
    if answering is None:
        return words
    (folder / "answering.xml").write_text(answering.xml())
    return [*words, "-oocsf", "answering.xml"]


def _message(logged: str) -> Message:
    head, _, text = logged.partition("\n")
    return Message("sent" in head, text.replace("\r", "").strip("\n"))


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
