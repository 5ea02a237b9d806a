"""A call of our own through a running switch: logged in by Verto, with sound, to hear a tone and measure it."""

import asyncio
import contextlib
import json
import math
import ssl
import tempfile
import wave
from collections.abc import AsyncIterator, Sequence
from itertools import count, pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from xswitch_py.base.errors import MediaError, XSwitchError
from xswitch_py.base.ids import LegId
from xswitch_py.base.offer import Wish
from xswitch_py.media.api import Connected, Failed, MediaEvent, Recorded, Transport
from xswitch_py.media.plane import Plane

__all__ = ["Heard", "LoopbackError", "listen_to", "pitch"]

_PATIENCE: Final = 10.0  # seconds for each step
_LEG: Final = LegId("doctor")
_WISH: Final = Wish(("PCMU", "PCMA", "opus"))
_FIRST: Final = 25  # packets before the sound is taken as steady
_LISTEN: Final = 1.0  # seconds
_LOOK: Final = 0.02  # seconds between two looks at what tells nobody
_SILENT: Final = 100.0  # of 32768, root mean square
_FULL: Final = 32768.0


class LoopbackError(XSwitchError):
    """The call did not come about; the text says how far it got."""


class Heard(NamedTuple):
    """What was heard: the frequency, how much of the sound that is, 0 to 1, and how loud, in dB below full scale."""

    hz: float
    share: float
    level: float
    codec: str


async def listen_to(url: str, trust: ssl.SSLContext | None, login: str, password: str, number: str, name: str) -> Heard:
    """Call a number over the Verto socket `url`, listen for a second, and hang up.

    Raises:
        LoopbackError: something went wrong.
    """
    plane = Plane(setup_limit=_PATIENCE)
    try:
        await plane.start()
    except OSError as error:
        raise LoopbackError(f"no UDP port can be opened: {error.strerror}") from error
    try:
        async with _socket(url, trust) as socket:
            async with _step("logging in"):
                await socket.ask("login", login=login, passwd=password, loginParams={}, userVariables={})
            return await _call(socket, plane, login, number, name)
    finally:
        await plane.stop()


async def _call(socket: "_Socket", plane: Plane, login: str, number: str, name: str) -> Heard:
    connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def hear(event: MediaEvent) -> None:
        if isinstance(event, Failed) and not connected.done():
            connected.set_exception(LoopbackError(f"no media: {event.text}"))
        elif isinstance(event, Connected) and not connected.done():
            connected.set_result(None)

    plane.open(_LEG, Transport.WEBRTC, hear)
    who = {"destination_number": number, "caller_id_number": login, "caller_id_name": name, "login": login}
    dialog = {"dialogParams": {"callID": str(uuid4()), **who}}
    async with _step(f"calling {number}"):
        await socket.ask("verto.invite", sdp=await plane.make_offer(_LEG, _WISH), **dialog)
        await plane.read_answer(_LEG, await socket.answer())
    try:
        async with _step("connecting the media"):
            await connected
        return await _measured(plane)
    finally:
        with contextlib.suppress(XSwitchError, WebSocketException, TimeoutError):
            await asyncio.wait_for(socket.ask("verto.bye", cause="NORMAL_CLEARING", **dialog), _PATIENCE)


async def _measured(plane: Plane) -> Heard:
    """Record what comes, and say what it was."""
    over: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
    with tempfile.TemporaryDirectory(prefix="xswitch-") as folder:
        file = Path(folder, "heard.wav")
        async with _step("waiting for sound"):
            while plane.stats(_LEG).packets_in < _FIRST:  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(_LOOK)
        recording = plane.record(_LEG, file, over.set_result)
        await asyncio.sleep(_LISTEN + 0.5)
        plane.stop_recording(recording)
        async with _step("recording"):
            await over
        samples, rate = await asyncio.to_thread(_left, file)
    hz, share, level = pitch(samples[-round(rate * _LISTEN) :], rate)
    return Heard(hz, share, level, plane.codec(_LEG))


def pitch(samples: Sequence[int], rate: int) -> tuple[float, float, float]:
    """Measure a sound: the frequency at which it crosses zero, how much of its power is there, and its level in dB."""
    power = sum(sample * sample for sample in samples) / max(len(samples), 1)
    if power < _SILENT**2:
        return 0.0, 0.0, -200.0 if power == 0 else 10 * math.log10(power / (_FULL**2 / 2))
    hz = _crossings(samples, rate)
    turn = 2 * math.pi * hz / rate
    real = sum(sample * math.cos(turn * place) for place, sample in enumerate(samples))
    imaginary = sum(sample * math.sin(turn * place) for place, sample in enumerate(samples))
    share = 2 * (real**2 + imaginary**2) / (len(samples) ** 2 * power)
    return hz, min(1.0, share), 10 * math.log10(power / (_FULL**2 / 2))


def _crossings(samples: Sequence[int], rate: int) -> float:
    """Give the frequency of the upward crossings of zero, from the first to the last."""
    ups = [
        place + before / (before - after)
        for place, (before, after) in enumerate(pairwise(samples))
        if before < 0 <= after
    ]
    return (len(ups) - 1) * rate / (ups[-1] - ups[0]) if len(ups) > 1 else 0.0


def _left(file: Path) -> tuple[list[int], int]:
    """Read the left side of a WAV file: what the peer said."""
    with wave.open(str(file), "rb") as sound:
        data = memoryview(sound.readframes(sound.getnframes())).cast("h")
        return list(data[:: sound.getnchannels()]), sound.getframerate()


@contextlib.asynccontextmanager
async def _step(what: str) -> AsyncIterator[None]:
    """Let a step end in time, and say at which one we failed."""
    try:
        async with asyncio.timeout(_PATIENCE):
            yield
    except TimeoutError:
        raise LoopbackError(f"{what}: nothing happened for {_PATIENCE:g} s") from None
    except MediaError as error:
        raise LoopbackError(f"{what}: {error}") from error
    except WebSocketException:
        raise LoopbackError(f"{what}: the socket was closed") from None


@contextlib.asynccontextmanager
async def _socket(url: str, trust: ssl.SSLContext | None) -> AsyncIterator["_Socket"]:
    try:
        link = await connect(url, ssl=trust, proxy=None, open_timeout=_PATIENCE, max_size=1 << 20)
    except (OSError, TimeoutError, InvalidHandshake) as error:
        raise LoopbackError(f"no WebSocket at {url}: {error}") from error
    async with link:
        yield _Socket(link)


class _Socket:
    """One Verto socket, as much of it as one call needs."""

    def __init__(self, link: ClientConnection) -> None:
        self._link = link
        self._sessid = str(uuid4())
        self._numbers = count(1)
        self._sdp = ""  # of the answer, or of early media before it
        self._answered = False

    async def ask(self, method: str, **params: Any) -> Any:
        """Ask, and wait for the result."""
        number = next(self._numbers)
        body = {"jsonrpc": "2.0", "id": number, "method": method, "params": {**params, "sessid": self._sessid}}
        await self._link.send(json.dumps(body))
        while True:
            message = await self._read()
            if message.get("id") != number or "method" in message:
                continue
            if "error" in message:
                raise LoopbackError(f"{method} was refused: {message['error'].get('message', '')}")
            return message["result"]

    async def answer(self) -> str:
        """Wait for the call to be answered; gives the SDP."""
        while not self._answered:
            await self._read()
        return self._sdp

    async def _read(self) -> dict[str, Any]:
        """Read a message; the switch's requests are replied to."""
        message: dict[str, Any] = json.loads(await self._link.recv())
        if (method := message.get("method")) is None:
            return message
        params = message.get("params", {})
        await self._link.send(json.dumps({"jsonrpc": "2.0", "id": message.get("id"), "result": {"method": method}}))
        self._sdp = params.get("sdp") or self._sdp
        if method == "verto.bye":
            raise LoopbackError(f"the switch ended the call: {params.get('cause', 'it says nothing more')}")
        self._answered = self._answered or method == "verto.answer"
        return message
