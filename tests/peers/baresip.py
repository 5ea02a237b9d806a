"""baresip as a telephone: a child process over UDP, TCP or TLS, with a tone of its own as its voice.

Version 1.0 stops writing down what it hears once a call has been offered anew, by whichever side: a hold is to be
judged at the other end.
"""

import asyncio
import json
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

import numpy as np

from tests.peers.sipp import free_port
from tests.sound import Pcm, has_tone, is_silent

__all__ = ["MEDIA", "Baresip", "Event"]

MEDIA: Final[Mapping[str, str]] = {  # what goes into the account for each way of sending sound
    "rtp": ";audio_codecs=PCMU/8000/1,PCMA/8000/1",
    "sdes": ";mediaenc=srtp-mand;audio_codecs=PCMU/8000/1,PCMA/8000/1",
    "dtls": ";mediaenc=dtls_srtp;medianat=ice;audio_codecs=opus/48000/2,PCMU/8000/1",
}

Event = dict[str, Any]

_LOOPBACK: Final = "127.0.0.1"
_WAIT_S: Final = 10.0
_LOOK_AGAIN_S: Final = 0.02
_LISTENINGS: Final = 20  # of 0.3 s each
_MODULES: Final = (
    "g711.so", "opus.so", "ausine.so", "aufile.so", "sndfile.so", "stun.so", "ice.so", "srtp.so", "dtls_srtp.so",
    "uuid.so",
)  # fmt: skip
_CONFIG: Final = """\
sip_listen {host}:0
net_interface {host}
audio_source ausine,{hz}
audio_player aufile,/dev/null
audio_alert aufile,/dev/null
ausrc_srate 48000
ausrc_channels 2
auplay_srate 8000
auplay_channels 1
rtp_ports 31000-31998
rtcp_mux yes
snd_path {folder}
module_path {modules}
{module_lines}
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""


class Baresip:
    """One phone of one user."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, user: str, hz: float, account: str) -> None:
        self.process, self.folder, self.user, self.hz, self.account = process, folder, user, hz, account
        self.events: list[Event] = []
        self._taken = 0  # of the events, those that were waited for
        self._replies: dict[str, asyncio.Future[Event]] = {}
        self._news = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    @classmethod
    async def start(
        cls,
        folder: Path,
        user: str = "1000",
        outbound: str = "",
        *,
        password: str = "1234",
        domain: str = "localhost",
        transport: str = "udp",
        media: str = "rtp",
        hz: int = 440,
        ca: str = "",
        host: str = _LOOPBACK,
        more: str = "",
    ) -> Self:
        """Start a phone that is not registered yet.

        `outbound` is the server's `host:port`, and without one calls go to addresses; `ca` is the PEM that the server
        is trusted by; `more` is added to the account.
        """
        here = folder / f"baresip-{user}-{uuid4().hex[:8]}"
        here.mkdir(parents=True)
        control = free_port("tcp")
        (here / "config").write_text(_config(here, host, hz, control, ca))
        (here / "accounts").write_text("# none yet\n")
        with (here / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                "baresip", "-f", str(here), cwd=here, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        proxy = f';outbound="sip:{outbound};transport={transport}"' if outbound else ""
        account = f"<sip:{user}@{domain};transport={transport}>;auth_pass={password}{proxy};answermode=manual"
        phone = cls(process, here, user, hz, account + MEDIA[media] + more)
        try:
            await phone._connect(control)
            if not outbound:
                await phone.command("uanew", f"{phone.account};regint=0")
        except BaseException:
            await phone.close()
            raise
        return phone

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    # What a user does.

    async def register(self, seconds: int = 120) -> None:
        """Register and wait until the server agreed."""
        await self.command("uanew", f"{self.account};regint={seconds}")
        event = await self.expect("REGISTER_OK", "REGISTER_FAIL")
        assert event["type"] == "REGISTER_OK", self.report()

    async def unregister(self) -> None:
        """Say that we leave, and wait until the server agreed."""
        await self.command("uadel", self.account.partition(";")[0].strip("<"))
        await self.expect("UNREGISTERING")

    async def dial(self, number: str) -> None:
        """Call a number or a SIP address."""
        await self.command("dial", number)

    async def ringing(self) -> Event:
        """Wait for a call."""
        return await self.expect("CALL_INCOMING")

    async def accept(self) -> None:
        """Answer, and wait until the call is up."""
        await self.command("accept")
        await self.established()

    async def established(self) -> Event:
        """Wait until the call is up."""
        event = await self.expect("CALL_ESTABLISHED", "CALL_CLOSED")
        assert event["type"] == "CALL_ESTABLISHED", f"{event}\n{self.report()}"
        return event

    async def closed(self) -> str:
        """Wait for the end of the call; gives the reason as baresip words it, such as `486 Busy Here`."""
        return str((await self.expect("CALL_CLOSED"))["param"])

    async def hangup(self) -> None:
        """End the call, or decline it."""
        await self.command("hangup")

    async def press(self, digits: str) -> None:
        """Send digits as RFC 4733."""
        for digit in digits:
            await self.command("sndcode", digit)
            await asyncio.sleep(0.16)
            await self.command("sndcode", "\x04")  # the key is let go
            await asyncio.sleep(0.08)

    async def pressed(self, count: int) -> str:
        """Wait for so many digits of the other side, and give them."""

        def found() -> list[str]:
            return [each["param"] for each in self.events if each["type"] == "CALL_DTMF_START"]

        await self._until(lambda: len(found()) >= count, f"{count} digits")
        return "".join(found())

    # The control socket.

    async def command(self, command: str, params: str = "") -> str:
        """Run one of baresip's commands, such as `dial`, `accept`, `hold`, `resume`, `transfer`, `listcalls`."""
        assert self._writer is not None
        token = uuid4().hex
        self._replies[token] = asyncio.get_running_loop().create_future()
        raw = json.dumps({"command": command, "params": params, "token": token}).encode()
        self._writer.write(b"%d:%s," % (len(raw), raw))
        async with asyncio.timeout(_WAIT_S):
            reply = await self._replies[token]
        assert reply["ok"], f"{command} {params}: {reply}\n{self.report()}"
        return str(reply["data"])

    async def expect(self, *kinds: str, within: float = _WAIT_S) -> Event:
        """Wait for the next event of these types, leaving out what came between."""

        def found() -> int | None:
            later = range(self._taken, len(self.events))
            return next((at for at in later if self.events[at]["type"] in kinds), None)

        await self._until(lambda: found() is not None, f"event {kinds}", within)
        at = found()
        assert at is not None
        self._taken = at + 1
        return self.events[at]

    # Sound.

    async def listen(self, seconds: float = 0.3) -> tuple[Pcm, int]:
        """What it hears in the next `seconds`, and the rate; nothing at all if no packets come."""
        path = self._dump()
        start = path.stat().st_size if path else 0
        await asyncio.sleep(seconds)
        if path is None or path != self._dump():
            return np.zeros(0, dtype=np.int16), 8000
        channels, rate = _format(path)
        with path.open("rb") as file:
            file.seek(max(start, _HEAD))
            raw = file.read()
        whole = len(raw) - len(raw) % (2 * channels)
        return np.frombuffer(raw[:whole], dtype="<i2")[::channels], rate

    async def hear(self, hz: float) -> None:
        """Listen until there is a clear tone of `hz`; fails if none comes."""
        await self._listen_for(f"{hz} Hz", lambda sound, rate: has_tone(sound, rate, hz, 0.5))

    async def lose(self, hz: float) -> None:
        """Listen until the tone of `hz` is gone; fails if it stays."""
        await self._listen_for(f"an end of {hz} Hz", lambda sound, rate: not has_tone(sound, rate, hz, 0.05))

    async def hear_something(self) -> None:
        """Listen until it is not silent."""
        await self._listen_for("any sound", lambda sound, rate: sound.size > 0 and not is_silent(sound))

    def report(self) -> str:
        """What a person needs to find the fault."""
        log = (self.folder / "log").read_text(errors="replace").partition("baresip is ready.")[2]
        lines = [line for line in re.split(r"[\r\n]+", log) if line.strip() and "(bit/s)" not in line]
        events = [(each["type"], each.get("param")) for each in self.events]
        return "\n".join([f"{self.user}: events {events}", *lines[-30:]])

    async def close(self) -> None:
        """End its calls and stop it; safe to repeat."""
        if self._writer is not None:
            self._writer.close()
        if self.process.returncode is None:
            self.process.terminate()
            try:
                async with asyncio.timeout(2):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
        await self.process.wait()
        if self._reader is not None:
            await self._reader

    # Inside.

    async def _connect(self, port: int) -> None:
        async with asyncio.timeout(_WAIT_S):
            while self._writer is None:
                assert self.process.returncode is None, self.report()
                try:
                    reader, self._writer = await asyncio.open_connection(_LOOPBACK, port)
                except OSError:
                    await asyncio.sleep(_LOOK_AGAIN_S)
        self._reader = asyncio.create_task(self._read(reader), name="baresip events")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while size := await reader.readuntil(b":"):
                self._take(json.loads((await reader.readexactly(int(size[:-1]) + 1))[:-1]))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    def _take(self, message: Event) -> None:
        if message.get("event"):
            self.events.append(message)
            self._news.set()
        elif reply := self._replies.get(message.get("token", "")):
            reply.set_result(message)

    async def _until(self, holds: Callable[[], bool], wish: str, within: float = _WAIT_S) -> None:
        try:
            async with asyncio.timeout(within):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {wish}\n{self.report()}") from None

    async def _listen_for(self, wish: str, good: Callable[[Pcm, int], bool]) -> None:
        for _ in range(_LISTENINGS):
            if good(*(heard := await self.listen())):
                return
        sound, rate = heard
        peak = _peak(sound, rate)
        raise AssertionError(f"{self.user} waited for {wish} and heard {peak}\n{self.report()}")

    def _dump(self) -> Path | None:
        """The file with what it hears in its latest call."""
        dumps = sorted(self.folder.glob("dump-*-dec.wav"), key=lambda path: path.stat().st_mtime_ns)
        return dumps[-1] if dumps else None


_HEAD: Final = 44  # bytes before the samples


def _config(folder: Path, host: str, hz: float, control: int, ca: str) -> str:
    lines = "\n".join(f"module {each}" for each in _MODULES)
    text = _CONFIG.format(host=host, hz=hz, folder=folder, modules=_module_path(), module_lines=lines, control=control)
    if ca:
        (folder / "ca.pem").write_text(ca)
        text += f"sip_cafile {folder / 'ca.pem'}\n"
    return text


@cache
def _module_path() -> str:
    assert shutil.which("baresip"), "no baresip here: install the package `baresip-core`"
    listed = subprocess.run(["dpkg", "-L", "baresip-core"], capture_output=True, text=True, check=True).stdout
    return next(line for line in listed.splitlines() if line.endswith("/g711.so")).removesuffix("/g711.so")


def _format(path: Path) -> tuple[int, int]:
    """Channels and rate of a WAV file that may still be growing."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    assert head[36:40] == b"data", head
    return struct.unpack_from("<HL", head, 22)


def _peak(sound: Pcm, rate: int) -> str:
    if sound.size < 2 or is_silent(sound):
        return f"silence ({sound.size} samples)"
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(sound.size)))
    return f"{int(np.argmax(spectrum)) * rate / sound.size:.0f} Hz"
