"""An independent Verto phone: `websockets` for the signalling, aiortc for sound."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from websockets.asyncio.client import ClientConnection

from tests.peers.media import FarEnd
from tests.peers.wire import Message, VertoSocket

__all__ = ["STOCK_DIALOG", "Call", "VertoPeer"]

STOCK_DIALOG: Final[Mapping[str, Any]] = {  # what the stock client puts into every dialogParams, odd types included
    "useVideo": False, "useStereo": False, "screenShare": False, "useCamera": False, "useMic": "any", "useSpeak": "any",
    "tag": "audio", "localTag": None, "videoParams": {}, "outgoingBandwidth": "default", "incomingBandwidth": "default",
    "remote_caller_id_name": "Outbound Call",
}  # fmt: skip


class Call:
    """One call of a peer."""

    def __init__(self, peer: "VertoPeer", call_id: str, number: str, media: FarEnd) -> None:
        self.peer = peer
        self.id = call_id
        self.number = number
        self.media = media

    @property
    def dialog(self) -> Message:
        """The dialogParams of this call's messages."""
        user = self.peer.user
        mine = {"callID": self.id, "destination_number": self.number, "caller_id_number": user}
        return {**STOCK_DIALOG, "login": user, "caller_id_name": f"User {user}", **mine}

    async def answered(self) -> Message:
        """Wait for the far end to answer; takes the SDP of that, or of early media before it."""
        answer = await self.expect("verto.answer", within=25)
        for message in (*self.peer.waiting("verto.media", callID=self.id), answer):
            await self._take(message.get("sdp"))
        await self.media.connected()
        return answer

    async def early(self) -> Message:
        """Wait for early media and hear it."""
        message = await self.expect("verto.media")
        await self._take(message["sdp"])
        await self.media.connected()
        return message

    async def expect(self, method: str, within: float = 10.0, **match: Any) -> Message:
        """Wait for a message of this call."""
        return await self.peer.expect(method, within, callID=self.id, **match)

    async def bye(self, cause: str | None = "NORMAL_CLEARING") -> Message:
        """Hang up and stop the media."""
        await self.media.close()
        return await self.peer.request("verto.bye", {"dialogParams": self.dialog} | ({"cause": cause} if cause else {}))

    async def ended(self) -> Message:
        """Wait for the server's bye and stop the media."""
        message = await self.expect("verto.bye")
        await self.media.close()
        return message

    async def info(self, **params: Any) -> Message:
        """Send a `verto.info`, such as `dtmf="5"`."""
        return await self.peer.request("verto.info", {"dialogParams": self.dialog, **params})

    async def modify(self, action: str, **params: Any) -> Message:
        """Send a `verto.modify`."""
        return await self.peer.request("verto.modify", {"dialogParams": self.dialog, "action": action, **params})

    async def _take(self, sdp: str | None) -> None:
        if sdp and self.media.pc.signalingState == "have-local-offer":
            await self.media.accept(sdp)


class VertoPeer(VertoSocket):
    """A phone: a Verto socket whose calls have sound."""

    def __init__(self, link: ClientConnection, sessid: str, polite: bool = True) -> None:
        super().__init__(link, sessid, polite)
        self.user = ""
        self._calls: list[Call] = []  # whose media is closed with the peer, at the latest

    async def login(self, user: str, password: str = "1234", **params: Any) -> Message:
        """Log in as the stock client does its second time, and be ready."""
        self.user = user.partition("@")[0]
        return await super().login(user, password, **params)

    async def invite(self, number: str, hz: float = 440.0, codecs: str | None = None, **dialog: Any) -> Call:
        """Place a call; returns once the server has taken it."""
        call = Call(self, str(uuid4()), number, FarEnd(hz, codecs))
        sdp = await call.media.offer()
        self._calls.append(call)
        await self.request("verto.invite", {"sdp": sdp, "dialogParams": {**call.dialog, **dialog}})
        return call

    async def ringing(self, within: float = 10.0) -> Message:
        """Wait for an incoming call; gives its params."""
        return await self.expect("verto.invite", within)

    async def answer(self, invite: Message, hz: float = 660.0) -> Call:
        """Answer an incoming call."""
        return await self._answer("verto.answer", invite, hz)

    async def attach(self, offer: Message, hz: float = 440.0) -> Call:
        """Take a call back that the server attached to this socket (verto.md 10.2)."""
        return await self._answer("verto.attach", offer, hz)

    async def refuse(self, invite: Message, cause: str = "USER_BUSY") -> Message:
        """Decline an incoming call."""
        return await self.request("verto.bye", {"dialogParams": {"callID": invite["callID"]}, "cause": cause})

    async def close(self) -> None:
        """Leave, and stop the media of all calls."""
        await super().close()
        await asyncio.gather(*(call.media.close() for call in self._calls))

    async def _answer(self, method: str, offer: Message, hz: float) -> Call:
        call = Call(self, offer["callID"], offer.get("callee_id_number", ""), FarEnd(hz))
        self._calls.append(call)
        sdp = await call.media.answer(offer["sdp"])
        await self.request(method, {"sdp": sdp, "dialogParams": call.dialog})
        await call.media.connected()
        return call
