"""The packets of a stream as they were sent of late: those that the peer missed are sent again (RFC 4585)."""

from typing import Final

__all__ = ["Ring"]

_PACKETS: Final = 512


class Ring:
    """What was sent, by sequence number; memory is taken with the first packet."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: list[bytes] = []

    def keep(self, packet: bytes) -> None:
        """Remember a packet, in place of one long before."""
        if not self._kept:
            self._kept = [b""] * _PACKETS
        self._kept[int.from_bytes(packet[2:4], "big") % _PACKETS] = packet

    def find(self, seq: int) -> bytes:
        """Give the packet of this number; `b""` if it is not there any more."""
        packet = self._kept[seq % _PACKETS] if self._kept else b""
        return packet if packet[2:4] == seq.to_bytes(2, "big") else b""
