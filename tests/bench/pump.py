"""The C pump, compiled when needed, and the library loaded."""

import asyncio
import ctypes
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Delays", "Missing", "Pump", "Stream", "Totals"]

_SOURCE: Final = Path(__file__).with_name("pump.c")
_NEEDS: Final = "the pump is compiled: apt-get install gcc libc6-dev libsrtp2-dev"


class Missing(Exception):
    """Something that a bench needs is not installed; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Stream:
    """What one leg sends: libsrtp's profile number (0 is plain RTP), its keys with salt, and what is in a packet."""

    profile: int = 0
    key_out: bytes = b""
    key_in: bytes = b""
    payload_type: int = 111
    ssrc: int = 1
    ticks: int = 960  # of the RTP clock in 20 ms
    size: int = 80  # bytes of payload


@dataclass(frozen=True, slots=True)
class Totals:
    """Packets since the last reset, and how many legs received any."""

    sent: int
    received: int
    bad: int
    legs: int


@dataclass(frozen=True, slots=True)
class Delays:
    """One-way delays in microseconds."""

    median: float
    p99: float
    longest: float


class Pump:
    """The pump of this process: legs are added, then it starts; `close` ends it and all its sockets."""

    def __init__(self) -> None:
        """Compile, load and open.

        Raises:
            Missing: there is no compiler or no libsrtp.
        """
        self._lib = _load()
        ours, self._punted = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.setblocking(False)
        self._ours = ours
        self._receivers: dict[int, Callable[[bytes], None]] = {}
        self._said: list[object] = []  # what the pump reads from while it runs
        assert self._lib.pump_open(self._punted.fileno()) == 0
        asyncio.get_running_loop().add_reader(ours.fileno(), self._take)

    def add(self, fd: int, to: tuple[str, int], stream: Stream, other: Callable[[bytes], None]) -> int:
        """Hand over a leg's socket (it is dup'ed); what is no RTP goes to `other`. Gives the leg's number."""
        leg: int = self._lib.pump_add(
            os.dup(fd), to[0].encode(), to[1], stream.profile, stream.key_out, stream.key_in,
            stream.payload_type, ctypes.c_uint32(stream.ssrc), stream.ticks, stream.size,
        )  # fmt: skip
        assert leg >= 0, f"the pump does not take a leg to {to}"
        self._receivers[leg] = other
        return leg

    def say(self, leg: int, frames: Sequence[bytes]) -> None:
        """Let a leg say these payloads over and over; how long they are under way is not measured then."""
        stride = max(map(len, frames))
        data = b"".join(frame.ljust(stride, b"\0") for frame in frames)
        sizes = (ctypes.c_uint16 * len(frames))(*map(len, frames))
        self._said += [data, sizes]
        assert self._lib.pump_say(leg, data, stride, sizes, len(frames)) == 0

    def start(self) -> None:
        """Begin to send and to receive."""
        assert self._lib.pump_start() == 0

    def reset(self) -> None:
        """Count and measure from here."""
        self._lib.pump_reset()

    def totals(self) -> Totals:
        """What went and came."""
        found = (ctypes.c_uint64 * 4)()
        self._lib.pump_totals(found)
        return Totals(*found)

    def delays(self) -> Delays:
        """How long the packets were under way."""
        found = (ctypes.c_double * 3)()
        self._lib.pump_delays(found)
        return Delays(*found)

    def first(self, leg: int) -> float:
        """When a leg's first packet came, in seconds since the epoch; 0 while none did."""
        return float(self._lib.pump_first(leg)) / 1e9

    def silence(self, leg: int) -> None:
        """Let a leg send nothing more."""
        self._lib.pump_silence(leg)

    def close(self) -> None:
        """Stop the thread and close all sockets."""
        self._lib.pump_stop()
        asyncio.get_running_loop().remove_reader(self._ours.fileno())
        self._ours.close()
        self._punted.close()

    def _take(self) -> None:
        try:
            while True:
                data = self._ours.recv(4096)
                self._receivers[int.from_bytes(data[:4], "little")](data[4:])
        except BlockingIOError:
            pass


def _load() -> ctypes.CDLL:
    mark = hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"xswitch-bench-{os.getuid()}" / f"libpump-{mark}.so"
    if not path.exists():
        if not shutil.which("gcc"):
            raise Missing(_NEEDS)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        command = ["gcc", "-O2", "-Wall", "-shared", "-fPIC", str(_SOURCE), "-o", str(path), "-lsrtp2", "-lpthread"]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            raise Missing(f"{_NEEDS}\n{made.stderr}")
    library = ctypes.CDLL(str(path))
    library.pump_first.restype = ctypes.c_int64
    return library
