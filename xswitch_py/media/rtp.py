"""One leg's way to a peer of plain RTP, or of SRTP with keys from the SDP: ports of its own for each m-line.

A packet goes from the socket to the leg, and back, by plain function calls.
"""

import contextlib
import math
import socket
import time
from collections.abc import Callable
from typing import Final

from xswitch_py.media.aiortc_compat import SrtpError
from xswitch_py.media.latch import Latch
from xswitch_py.media.negotiate_rtp import RtpAgreed, Target
from xswitch_py.media.ports import Pair, Ready, RtpPorts
from xswitch_py.media.ring import Ring
from xswitch_py.media.rtp_out import Send
from xswitch_py.media.srtp import Srtp
from xswitch_py.media.streams import Stream
from xswitch_py.media.webrtc import User

__all__ = ["Rtp"]

_ROOM: Final = 2048
_LARGEST: Final = 1500  # bytes

_Source = tuple[str | int, ...]


class Rtp:
    """The ports of one leg; `ports` goes into our SDP."""

    def __init__(self, ports: RtpPorts, user: User, host: str, *, any_host: bool) -> None:
        """Use ports on `host`, an address of ours; with `any_host` packets may come from where the SDP does not say."""
        self.host = host
        self._ports = ports
        self._user = user
        self._any_host = any_host
        self._lines: dict[str, _Line] = {}

    @property
    def ports(self) -> dict[str, int]:
        """The port of RTP for each medium; RTCP is on the next."""
        return {kind: line.port for kind, line in self._lines.items()}

    def open(self, *kinds: str) -> None:
        """Open the ports for these media, if they are not open.

        Raises:
            MediaError: no port is free.
        """
        for kind in kinds:
            if kind not in self._lines:
                self._lines[kind] = _Line(self._ports.open(self.host), self._ports, self._user, self._any_host)

    def connect(self, agreed: RtpAgreed) -> None:
        """Send where the peer wants it, take what comes from there, and let the user send."""
        for kind, line in self._lines.items():
            stream, target = agreed.stream(kind), agreed.targets.get(kind)
            if stream is None or target is None:
                line.rest()
            else:
                line.aim(target, stream)
        audio = self._lines["audio"]
        video = self._lines.get("video", audio)

        def send_rtcp(packet: bytes) -> None:
            audio.send_rtcp(packet)
            if video is not audio:
                video.send_rtcp(packet)

        self._user.up(audio.sender(), video.keeper(), send_rtcp)

    def resend(self, seq: int) -> bool:
        """Send a kept packet once more, as it was; `False` if it is not there any more."""
        return "video" in self._lines and self._lines["video"].resend(seq)

    def shut(self) -> None:
        """Stop sending and receiving, and free the ports."""
        for line in self._lines.values():
            line.close()
        self._lines.clear()


class _Line:
    """One m-line: its sockets, where they send, and whom they hear.

    Packets come to a socket that takes them from anywhere, until the source is settled: then to one of its own.
    """

    __slots__ = (
        "_any_host", "_dropped", "_hand", "_latch", "_named", "_narrow", "_pair", "_pts", "_put", "_receive",
        "_receive_rtcp", "_ring", "_rtcp_to", "_srtp", "_target", "_to", "_user",
    )  # fmt: skip

    def __init__(self, pair: Pair, ports: RtpPorts, user: User, any_host: bool) -> None:
        self._any_host = any_host
        self._dropped = ports.dropped
        self._pair = pair
        self._user = user
        self._latch = Latch()
        self._srtp = Srtp()
        self._target: Target | None = None
        self._pts: frozenset[int] = frozenset()  # what the peer may send; nothing before the answer
        self._named = ("", 0, 0)  # where the peer's SDP wants packets: host, ports of RTP and RTCP
        self._to: _Source = ()  # where they go; empty: nowhere
        self._rtcp_to: _Source = ()
        self._ring = Ring()
        self._narrow: socket.socket | None = None  # that of the settled source
        self._hand = user.receive
        self._receive, self._receive_rtcp = pair.rtp.recvfrom, pair.rtcp.recvfrom
        self._put: Callable[[bytes], object] = self._put_widely
        pair.listen(self._rtp, self._rtcp)

    @property
    def port(self) -> int:
        return self._pair.port

    def aim(self, target: Target, stream: Stream) -> None:
        """Use what was agreed on. Packets go where they went if the peer's address did not change."""
        self._target = target
        self._pts = frozenset(form.pt for form in (*stream.formats, *stream.events, stream.digits) if form)
        named = target.host, target.port, target.rtcp_port
        if target.host and self._named != named:
            self._named, self._to, self._rtcp_to = named, named[:2], (target.host, target.rtcp_port)
        self._srtp.use(target.ours, target.theirs)
        self._unsettle()
        self._latch.aim(self._named[:2], any_host=self._any_host, now=time.monotonic())

    def rest(self) -> None:
        """The m-line was refused: nothing passes."""
        self._unsettle()
        self._target, self._pts, self._named, self._to, self._rtcp_to = None, frozenset(), ("", 0, 0), (), ()
        self._latch = Latch()

    def close(self) -> None:
        self._unsettle()
        self._pair.close()

    def _settle(self, source: _Source) -> None:
        """Nobody else may take over any more: let the source have a socket of its own."""
        self._narrow = made = self._pair.narrow(source, self._reader)
        if made is None:
            self._latch.settles_at = math.inf
            return
        if source[:2] == self._to[:2]:
            self._put = made.send
        # What came before it was connected may be from anywhere.
        with contextlib.suppress(OSError):
            while True:
                made.recv(_ROOM)

    def _unsettle(self) -> None:
        if self._narrow is not None:
            self._pair.widen(self._narrow)
            self._narrow, self._put = None, self._put_widely

    def _put_widely(self, data: bytes) -> object:
        return self._pair.rtp.sendto(data, self._to)

    # What is sent.

    def sender(self) -> Send:
        """Make the function that sends a packet."""
        line, dropped, protect = self, self._dropped, self._srtp.protect

        def send(packet: bytes) -> None:
            try:
                line._put(packet)
            except (OSError, TypeError):  # no room in the buffer, no way there, or nowhere to go
                dropped["send"] += 1

        def send_secure(packet: bytes) -> None:
            assert protect is not None
            try:
                line._put(protect(packet))
            except (OSError, TypeError, SrtpError, ValueError):  # or the packet is too large
                dropped["send"] += 1

        return send if protect is None else send_secure

    def keeper(self) -> Send:
        """Make the function that sends a packet and keeps it, to be sent again."""
        dropped, protect, keep = self._dropped, self._srtp.protect, self._ring.keep

        def send_kept(packet: bytes) -> None:
            try:
                data = packet if protect is None else protect(packet)
                keep(data)
                self._put(data)
            except (OSError, TypeError, SrtpError, ValueError):
                dropped["send"] += 1

        return send_kept

    def resend(self, seq: int) -> bool:
        data = self._ring.find(seq)
        if not data or not self._to:
            return False
        try:
            self._put(data)
        except OSError:
            self._dropped["send"] += 1
        return True

    def send_rtcp(self, packet: bytes) -> None:
        if self._target is None or not self._rtcp_to:
            return
        protect, sock = self._srtp.protect_rtcp, self._pair.rtp if self._target.mux else self._pair.rtcp
        try:
            sock.sendto(packet if protect is None else protect(packet), self._rtcp_to)
        except (OSError, SrtpError, ValueError):
            self._dropped["send"] += 1

    # What comes.

    def _reader(self, receive: Callable[[int], bytes]) -> Ready:
        """Make the function that reads from the socket of the settled source: the way of nearly all packets."""
        user, hand, latch, plain = self._user, self._hand, self._latch, self._srtp.unprotect is None

        def read(now: float) -> None:
            try:
                data = receive(_ROOM)
            except OSError:  # nothing there any more, or the peer's host wants nothing of us
                return
            size = len(data)
            if size < 12 or size > _LARGEST or data[0] & 0xC0 != 0x80:
                user.dropped += 1
            elif 63 < data[1] & 127 < 96:  # RFC 5761 section 4
                self._control(data, latch.source or (), now, muxed=True)
            elif plain and user.allowance >= 1:  # `_take`, in short
                user.allowance -= 1
                latch.heard_at, latch.last = now, data
                hand(data, now)
            else:
                self._take(data, now)

        return read

    def _rtp(self, now: float) -> None:
        """Read from the socket of everybody."""
        try:
            data, address = self._receive(_ROOM)
        except OSError:  # nothing there any more
            return
        latch = self._latch
        if not 11 < len(data) <= _LARGEST or data[0] & 0xC0 != 0x80:
            self._user.dropped += 1
        elif 63 < data[1] & 127 < 96:
            self._control(data, address, now, muxed=True)
        elif address == latch.source:
            if now >= latch.settles_at and self._narrow is None:
                self._settle(address)
            self._take(data, now)
        elif data[1] & 127 in self._pts and latch.allows(address, data[8:12], now):
            self._take(data, now, address)
        else:
            self._user.dropped += 1

    def _take(self, data: bytes, now: float, stranger: _Source = ()) -> None:
        """Hand a packet of the peer on, if it is authentic and not one too many; a stranger is the source then."""
        user, unprotect = self._user, self._srtp.unprotect
        user.allowance -= 1
        if user.allowance < 0:
            user.dropped += 1
            return
        if unprotect is not None:
            try:
                data = unprotect(data)
            except SrtpError:  # or a replay
                user.dropped += 1
                return
        latch = self._latch
        if stranger and not latch.is_late(stranger, now):
            self._move(stranger, now)
        latch.heard_at, latch.last = now, data
        if not self._hand(data, now) and unprotect is not None:
            self._srtp.forget(int.from_bytes(data[8:12], "big"))

    def _move(self, source: _Source, now: float) -> None:
        """Hear another source, and send to it."""
        self._unsettle()
        self._latch.take(source, now)
        self._user.milestone("rtp", f"port {self.port} hears {source[0]} port {source[1]}")
        if self._any_host:
            self._to = source
            self._follow_rtcp(source)

    def _rtcp(self, now: float) -> None:
        try:
            data, address = self._receive_rtcp(_ROOM)
        except OSError:
            return
        self._control(data, address, now, muxed=False)

    def _control(self, data: bytes, address: _Source, now: float, *, muxed: bool) -> None:
        """Take RTCP from the host that is heard, or that the SDP names while none is."""
        user = self._user
        target, source = self._target, self._latch.source
        host = source[0] if source else self._named[0]
        if target is None or address[0] != host or not 7 < len(data) <= _LARGEST or data[0] & 0xC0 != 0x80:
            user.dropped += 1
            return
        user.allowance -= 1
        if user.allowance < 0:
            user.dropped += 1
            return
        if self._srtp.unprotect_rtcp is not None:
            try:
                data = self._srtp.unprotect_rtcp(data)
            except SrtpError:
                user.dropped += 1
                return
        if muxed is target.mux:
            self._rtcp_to = address
        user.receive_rtcp(data, now)

    def _follow_rtcp(self, source: _Source) -> None:
        """Reports go to the host that is heard, at the port that the SDP names until some come from another."""
        host, port, rtcp_port = self._named
        if self._target is not None and self._target.mux:
            self._rtcp_to = source
        elif source[:1] != self._rtcp_to[:1]:
            # Ports that are neighbours often are still behind an address translator.
            beside = source[0] != host and rtcp_port in (0, port + 1)
            self._rtcp_to = source[0], min(int(source[1]) + 1, 65535) if beside else rtcp_port
