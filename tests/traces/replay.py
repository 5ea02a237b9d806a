"""Play the client's side of a scene against a server, and compare what the server says line by line."""

import asyncio
import json
import re
import ssl
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from tests.peers.light import CANNED_OFFER
from tests.peers.media import FarEnd, only
from tests.peers.server import PASSWORD
from tests.peers.verto import STOCK_DIALOG
from tests.peers.wire import VertoSocket
from tests.sound import has_tone, level
from tests.traces.phone import HZ, Phone
from tests.traces.scene import Step, frame_text

__all__ = ["Mismatch", "Replay"]

_WAIT_S: Final = 8.0
_LABEL: Final = re.compile(r"\$(?:call\d+|sess[A-Z]\w*)")
_XS: Final = re.compile(r"\$xs(\d+)")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BINARY: Final = bytes(range(16))
_BLOCK: Final = "#SPB " + "." * 1023


class Mismatch(AssertionError):
    """The server said something else than the scene."""


class Replay:
    """One run of one scene."""

    def __init__(self, urls: Mapping[str, str], tls: ssl.SSLContext, domain: str) -> None:
        """`urls` has those of `ws` and `wss`, and the `host:port` of `sip`."""
        self._urls = urls
        self._tls = tls
        self._domain = domain
        self._labels: dict[str, str] = {}
        self._sockets: dict[str, VertoSocket] = {}
        self._read: dict[str, int] = {}  # how many received frames of a socket were compared
        self._phone: Phone | None = None
        self._media: dict[str, FarEnd] = {}
        self._all_media: list[FarEnd] = []
        self._offers: dict[str, str] = {}
        self._done: list[str] = []

    async def run(self, steps: Iterable[Step]) -> None:
        """Play all steps.

        Raises:
            Mismatch: the server left the script.
        """
        try:
            for step in steps:
                for _ in range(step.times):
                    await self._play(step)
                self._done.append(str(step))
        finally:
            await asyncio.gather(*(socket.close() for socket in self._sockets.values()))
            await asyncio.gather(*(media.close() for media in self._all_media))
            if self._phone is not None:
                await self._phone.close()

    async def _play(self, step: Step) -> None:
        if step.socket == "SIP":
            await self._play_phone(step)
            return
        match step.act:
            case "open":
                tls = self._tls if step.rest == "wss" else None
                self._sockets[step.socket] = await VertoSocket.open(self._urls[step.rest], tls=tls)
            case "abort":
                await self._sockets[step.socket].abort()
            case "close":
                await self._leave(step.socket)
            case "=":
                await self._listen(step)
            case "<" if step.rest.startswith("digits"):
                await self._newest.connected()
                await self._newest.press(step.rest.split()[1])
            case ">" if step.rest.startswith("digits"):
                await self._pressed(step)
            case "<":
                await self._say(step)
            case ">" if step.rest == "closed":
                await self._closed(step)
            case ">":
                await self._hear(step)
            case _:
                raise ValueError(str(step))

    # The SIP phone.

    async def _play_phone(self, step: Step) -> None:
        if step.act == "open":
            self._phone = await Phone.open(self._urls["sip"], step.rest, PASSWORD, self._domain)
            return
        assert self._phone is not None
        match step.act:
            case "<":
                await self._phone.says(step.rest)
            case ">" | "=":
                await self._ask_phone(step, self._phone)
            case "close":
                phone, self._phone = self._phone, None
                if left := await phone.close():
                    raise self._mismatch(step, "nothing more", "\n    ".join(left))
            case _:
                raise ValueError(str(step))

    async def _ask_phone(self, step: Step, phone: Phone) -> None:
        try:
            said = await (phone.hears if step.act == ">" else phone.listens)(step.rest)
        except TimeoutError:
            said = "nothing"
        if said != step.rest:
            raise self._mismatch(step, step.rest, said)

    # Media.

    @property
    def _newest(self) -> FarEnd:
        return list(self._media.values())[-1]

    async def _listen(self, step: Step) -> None:
        """Hear the phone; `sound CODEC` tells by which codec."""
        sound, rate = await self._newest.hear(0.3, after=0.1)
        codec = self._newest.pc.getTransceivers()[0]._codecs[0].name
        said = f"sound {codec}" if " " in step.rest else "sound"
        if not has_tone(sound, rate, HZ, 0.6) or said != step.rest:
            raise self._mismatch(step, step.rest, f"{said} {level(sound):.0f} dB")

    async def _pressed(self, step: Step) -> None:
        """Compare the digits that came with those of the line; none is what has come by now."""
        wanted = step.rest.removeprefix("digits").strip()
        found = await self._newest.pressed(len(wanted)) if wanted else "".join(self._newest.digits)
        if found != wanted:
            raise self._mismatch(step, step.rest, f"digits {found}")

    # What the client says.

    async def _say(self, step: Step) -> None:
        kind, _, rest = step.rest.partition(" ")
        socket = self._sockets[step.socket]
        if kind == "binary":
            await socket.send(_BINARY)
        elif kind == "text":
            await socket.send(self._filled(json.loads(rest)))
        elif kind == "json":
            await socket.send(json.dumps(json.loads(rest)))
        else:
            number, method, _ = rest.split(" ", 2)
            params = json.loads(self._filled(rest.split(" ", 2)[2]))
            body = {"jsonrpc": "2.0", "method": method, "params": await self._params(method, params), "id": int(number)}
            await socket.send(body)

    async def _params(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        call_id = params.get("dialogParams", {}).get("callID", "")
        if params.get("dialogParams"):
            params["dialogParams"] = {**STOCK_DIALOG, **params["dialogParams"]}
        if word := params.get("sdp"):
            params["sdp"] = await self._sdp(method, word.removeprefix("$"), call_id)
        return params

    async def _sdp(self, method: str, word: str, call_id: str) -> str:
        if offer := self._offers.pop(call_id, None):
            media = self._media[call_id] = self._far_end()
            return await media.answer(offer)
        if method != "verto.invite" or word == "garbage":
            return CANNED_OFFER if word != "garbage" else "this is no SDP"
        media = self._far_end("PCMU" if word == "pcmu" else None)
        sdp = _spoilt(await media.offer(), word)
        if word in ("offer", "pcmu"):
            self._media[call_id] = media
        return sdp

    def _far_end(self, codecs: str | None = None) -> FarEnd:
        self._all_media.append(FarEnd(codecs=codecs))
        return self._all_media[-1]

    # What the server says.

    async def _hear(self, step: Step) -> None:
        message = await self._next(step)
        said = frame_text(message)
        self._learn(step.rest, said)
        if said != (wanted := self._filled(step.rest)):
            raise self._mismatch(step, wanted, said)
        await self._act(message)

    async def _act(self, message: Any) -> None:
        """Do what a phone does with an SDP."""
        params = message.get("params", {}) if isinstance(message, dict) else {}
        sdp, call_id = params.get("sdp"), str(params.get("callID"))
        if sdp and message["method"] in ("verto.invite", "verto.attach"):
            self._offers[call_id] = sdp
            if old := self._media.pop(call_id, None):
                await old.close()
        elif sdp and call_id in self._media:
            await self._media[call_id].accept(sdp)

    async def _next(self, step: Step) -> Any:
        try:
            async with asyncio.timeout(_WAIT_S):
                while not (frames := self._unread(step.socket)):
                    if self._sockets[step.socket].close_code is not None:
                        raise self._mismatch(step, self._filled(step.rest), "closed")
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise self._mismatch(step, self._filled(step.rest), "nothing") from None
        self._read[step.socket] = self._read.get(step.socket, 0) + 1
        return frames[0]

    def _unread(self, name: str) -> Sequence[Any]:
        received = [frame.body for frame in self._sockets[name].frames if not frame.sent]
        return received[self._read.get(name, 0) :]

    async def _closed(self, step: Step) -> None:
        try:
            await self._sockets[step.socket].closed(_WAIT_S)
        except TimeoutError:
            raise self._mismatch(step, "closed", "open") from None
        self._nothing_more(step.socket)

    async def _leave(self, name: str) -> None:
        """Close a socket, once the reply to a last request shows that nothing else was on its way."""
        socket = self._sockets[name]
        reply = socket.pending("last")
        await socket.send({"jsonrpc": "2.0", "method": "verto.ping", "params": {}, "id": "last"})
        async with asyncio.timeout(_WAIT_S):
            last = await reply
        self._nothing_more(name, last)
        await socket.close()

    def _nothing_more(self, name: str, last: Any = None) -> None:
        if more := [message for message in self._unread(name) if message != last]:
            raise self._mismatch(Step(name, ">"), "nothing more", "\n    ".join(map(frame_text, more)))

    # Labels.

    def _filled(self, text: str) -> str:
        """Put the values of this run in the place of labels."""
        text = text.replace("$domain", self._domain).replace("$block", _BLOCK)
        text = _XS.sub(lambda found: "x" * int(found[1]), text)
        return _LABEL.sub(lambda found: self._labels.setdefault(found[0], str(uuid4())), text)

    def _learn(self, wanted: str, said: str) -> None:
        """Take the ids that the server chose where the scene has labels without a value."""
        for label, value in zip(
            re.findall(r"\$call\d+", wanted), _UUID.findall(_without(said, self._labels)), strict=False
        ):
            if label not in self._labels:
                self._labels[label] = value

    def _mismatch(self, step: Step, wanted: str, said: str) -> Mismatch:
        before = "\n    ".join(self._done[-8:])
        names = {value: label for label, value in self._labels.items()} | {self._domain: "$domain"}
        for value, label in names.items():
            wanted, said = wanted.replace(value, label), said.replace(value, label)
        return Mismatch(
            f"\n    {before}\n  wanted: {step.socket} > {wanted[:600]}\n  heard:  {step.socket} > {said[:2000]}"
        )


def _without(text: str, labels: Mapping[str, str]) -> str:
    for label, value in labels.items():
        if label.startswith("$sess"):
            text = text.replace(value, "")
    return text


def _spoilt(sdp: str, word: str) -> str:
    """Make an offer wrong in the way a scene names."""
    match word:
        case "no_codec":
            return re.sub(r"(opus|PCM[UA])/", "nothing/", only(sdp, "opus"))
        case "no_fingerprint":
            return re.sub(r"a=fingerprint:.*\r\n", "", sdp)
        case "no_ice":
            return re.sub(r"a=(ice|candidate|end-of).*\r\n", "", sdp)
        case "plain":
            return re.sub(r"a=(ice|candidate|end-of|fingerprint|setup).*\r\n", "", sdp).replace(
                "UDP/TLS/RTP/SAVPF", "RTP/AVP"
            )
        case _:
            return sdp
