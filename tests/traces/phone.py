"""The SIP phone of a scene, on UDP: it registers, calls, answers, plays a tone, and keeps all that it is told."""

import asyncio
import struct
from collections.abc import Callable
from typing import Final, Self

from tests.media.phone import Phone as Sound
from tests.peers.media import EVENTS
from xswitch_py.pysip.dialog import Dialog, dialog_of_request, dialog_of_response
from xswitch_py.pysip.headers import Address, Via
from xswitch_py.pysip.login import Login
from xswitch_py.pysip.message import (
    Request,
    Response,
    new_branch,
    new_call_id,
    new_tag,
    parse,
    response_to,
    serialise,
)
from xswitch_py.pysip.uri import Uri
from xswitch_py.pysip.usage import Fields

__all__ = ["HZ", "Phone"]

HZ: Final = 1000  # what it plays, as soon as it may
_THEIRS: Final = 440  # what the others play
_WAIT_S: Final = 8.0
_PCMU: Final = 0
_EVENT: Final = 101
_END: Final = 1 << 16
_AGENT: Final[Fields] = (("Allow", "INVITE, ACK, BYE, CANCEL"),)


class Voice(Sound):
    """The RTP of one call: a tone, and digits both ways."""

    def __init__(self) -> None:
        super().__init__(_PCMU, _EVENT, hz=HZ)
        self._taken = 0

    async def press(self, digits: str) -> None:
        """Send each digit for 100 ms (RFC 4733): its end three times, the next one 60 ms later."""
        for digit in digits:
            stamp, event = self.ts, EVENTS.index(digit)
            for ticks in (160, 320, 480, 640, 800, 800 | _END, 800 | _END, 800 | _END):
                self.seq = self.seq + 1 & 0xFFFF
                head = struct.pack("!BBHII", 0x80, _EVENT | (ticks == 160) << 7, self.seq, stamp, self.ssrc)
                body = struct.pack("!BBH", event, 10 | (0x80 if ticks & _END else 0), ticks & 0xFFFF)
                self.rtp.sendto(head + body, self.to)  # type: ignore[arg-type]  # set by then
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.06)

    def pressed(self) -> str:
        """Give the digits whose end came, and that were not taken yet."""
        events = [packet for packet in self.packets if packet[1] & 127 == _EVENT and packet[13] & 0x80]
        return "".join({packet[4:8]: EVENTS[packet[12]] for packet in events}.values())[self._taken :]

    def take(self) -> str:
        """Take them."""
        found = self.pressed()
        self._taken += len(found)
        return found


class Phone(asyncio.DatagramProtocol):
    """One phone with one call at a time. What comes reads `INVITE from 1000 to 1005 sdp`, `180 INVITE`, `BYE REASON`.

    By itself it acknowledges finals, says 200 to all requests within calls and 487 to what is cancelled, and proves who
    it is when asked.
    """

    def __init__(self, user: str, password: str, domain: str) -> None:
        self.heard: list[str] = []  # what came, until somebody takes it
        self._user = user
        self._domain = domain
        self._password = password
        self._login = Login(user, password)  # for the request that is on its way
        self._me = Address(uri=Uri(user=user, host=domain))
        self._got: set[bytes] = set()
        self._invite: Request | None = None  # that began the call, whoever sent it
        self._tag = ""
        self._dialog: Dialog | None = None
        self._sdp = b""  # the last that came
        self._voices: list[Voice] = []
        self._link: asyncio.DatagramTransport
        self._host: tuple[str, int]
        self._finals: asyncio.Queue[Response] = asyncio.Queue()  # to REGISTER

    @classmethod
    async def open(cls, address: str, user: str, password: str, domain: str) -> Self:
        """Register with the server at `host:port`."""
        host, _, port = address.rpartition(":")
        phone = cls(user, password, domain)
        loop = asyncio.get_running_loop()
        phone._link, _ = await loop.create_datagram_endpoint(lambda: phone, remote_addr=(host, int(port)))
        phone._host = phone._link.get_extra_info("sockname")
        try:
            await phone._register(600)
        except BaseException:
            await phone._shut()
            raise
        return phone

    async def close(self) -> list[str]:
        """Unregister, and give what nobody took of what came before."""
        try:
            await self._register(0)
            return [*self.heard, *(f"digit {digit}" for voice in self._voices for digit in voice.pressed())]
        finally:
            await self._shut()

    # What it does.

    async def says(self, what: str) -> None:
        """Do what a scene says: a request, a status with or without `sdp`, or digits."""
        word, _, rest = what.partition(" ")
        if word.isdigit():
            self._answer(int(word), self.voice.sdp() if rest else "")
        elif word == "digits":
            await self.voice.press(rest)
        else:
            {"INVITE": self._call, "CANCEL": self._cancel, "BYE": self._bye}[word](rest)

    async def hears(self, what: str) -> str:
        """Wait for the next message, or for as many digits as `what` names."""
        word, _, rest = what.partition(" ")
        if word == "digits":
            await _until(lambda: len(self.voice.pressed()) >= len(rest))
            return f"digits {self.voice.take()}"
        await _until(lambda: bool(self.heard))
        return self.heard.pop(0)

    async def listens(self, what: str) -> str:
        """Wait for some `packets`, or for the `sound` of a client; give what was waited for."""
        if what == "packets":
            await self.voice.gets(20)
        else:
            await self.voice.hears(_THEIRS)
            assert {packet[1] & 127 for packet in self.voice.packets} <= {_PCMU, _EVENT}
        return what

    # The wire.

    def datagram_received(self, data: bytes, address: object) -> None:
        """See `asyncio`; repeats count for nothing."""
        if data not in self._got:
            self._got.add(data)
            message = parse(data)
            if isinstance(message, Request):
                self._asked(message)
            else:
                self._answered(message)

    def _asked(self, request: Request) -> None:
        if request.method == "INVITE":
            party = f" from {request.from_.uri.user} to {request.to.uri.user}"
            self._invite, self._tag = request, new_tag()
            self._voices.append(Voice())
            self._dialog = dialog_of_request(request, self._tag, self._contact, 1)
        else:
            party = ""
        self._keep(request, f"{request.method}{party}")
        if request.method not in ("INVITE", "ACK"):
            self._send(response_to(request, 200))
        if request.method == "CANCEL":
            self._answer(487, "")

    def _answered(self, response: Response) -> None:
        method, status = response.cseq.method, response.status
        if method == "INVITE" and status >= 200:
            self._acknowledge(response)
        if method == "REGISTER":
            self._finals.put_nowait(response)
        elif status == 407 and self._login.challenged(response):
            assert self._invite is not None
            self._prove(self._invite)
        elif status > 100:  # which is only said where nothing else is said soon
            self._keep(response, f"{status} {method}")

    def _keep(self, message: Request | Response, text: str) -> None:
        if message.body:
            text += " sdp again" if message.body == self._sdp else " sdp"
            self._sdp = message.body
        self.heard.append(f"{text} {message.headers.get('Reason') or ''}".rstrip())
        if isinstance(message, Response) and message.body:
            self._talk()

    def _send(self, message: Request | Response) -> None:
        self._link.sendto(serialise(message))

    async def _shut(self) -> None:
        self._link.close()
        for voice in self._voices:
            await voice.__aexit__(None, None, None)
        await asyncio.sleep(0)  # the socket closes in the next turn of the loop

    # Requests.

    async def _register(self, seconds: int) -> None:
        request = self._request("REGISTER", Uri(host=self._domain), self._me, (("Expires", str(seconds)),))
        self._send(request)
        async with asyncio.timeout(_WAIT_S):
            if (response := await self._finals.get()).status == 401 and self._login.challenged(response):
                self._prove(request)
                response = await self._finals.get()
        assert response.status == 200, response.status

    def _call(self, number: str) -> None:
        self._voices.append(Voice())
        to = Address(uri=Uri(user=number, host=self._domain))
        self._invite = self._request("INVITE", to.uri, to, _AGENT, self.voice.sdp())
        self._send(self._invite)

    def _cancel(self, _: str) -> None:
        self._send(self._beside("CANCEL", self._began.to))

    def _bye(self, _: str) -> None:
        assert self._dialog is not None
        self._send(self._dialog.request("BYE", self._via()))

    def _request(self, method: str, uri: Uri, to: Address, fields: Fields, body: str = "") -> Request:
        self._login = Login(self._user, self._password)
        return Request.new(
            method,
            uri,
            from_=self._me.with_tag(new_tag()),
            to=to,
            call_id=new_call_id(),
            cseq=1,
            via=self._via(),
            contact=self._contact,
            fields=fields,
            body=body.encode(),
            content_type="application/sdp" if body else "",
        )

    def _prove(self, request: Request) -> None:
        """Send a request again with the digest."""
        request.headers.set("Via", str(self._via()))
        request.headers.set("CSeq", f"{request.cseq.number + 1} {request.method}")
        for name, value in self._login.fields(request.method, str(request.uri)):
            request.headers.set(name, value)
        self._send(request)

    def _acknowledge(self, response: Response) -> None:
        if response.status >= 300:
            self._send(self._beside("ACK", response.to))
            return
        self._dialog = dialog_of_response(self._began, response)
        self._dialog.confirm(response)
        self._send(self._dialog.ack(response.cseq.number, self._via()))

    def _beside(self, method: str, to: Address) -> Request:
        """Make the CANCEL, or the ACK of a refusal, of the INVITE."""
        invite = self._began
        return Request.new(
            method,
            invite.uri,
            from_=invite.from_,
            to=to,
            call_id=invite.call_id,
            cseq=invite.cseq.number,
            via=invite.vias[0],
        )

    @property
    def _contact(self) -> Address:
        host, port = self._host
        return Address(uri=Uri(user=self._user, host=host, port=port))

    @property
    def _began(self) -> Request:
        assert self._invite is not None
        return self._invite

    def _via(self) -> Via:
        return Via("UDP", *self._host, new_branch(), rport=0)

    # Answers and sound.

    def _answer(self, status: int, sdp: str) -> None:
        good = 100 < status < 300
        response = response_to(
            self._began,
            status,
            to_tag=self._tag,
            contact=self._contact if good else None,
            fields=_AGENT if good else (),
            body=sdp.encode(),
            content_type="application/sdp" if sdp else "",
        )
        self._send(response)
        if status == 200 and self._dialog is not None:
            self._dialog.confirm()
        if sdp:
            self._talk()

    @property
    def voice(self) -> Voice:
        """That of the newest call."""
        return self._voices[-1]

    def _talk(self) -> None:
        self.voice.aim(self._sdp.decode())
        self.voice.talk()


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_WAIT_S):
        while not holds():
            await asyncio.sleep(0.005)
