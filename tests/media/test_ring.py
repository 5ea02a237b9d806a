"""Packets that are kept to be sent again."""

import pytest

from xswitch_py.media.ring import Ring


def packet(seq: int) -> bytes:
    return b"\x80\x60" + (seq & 0xFFFF).to_bytes(2, "big") + bytes(8)


@pytest.mark.parametrize("first", [0, 65_000, 65_535])
def test_the_last_512_packets_are_there_and_no_other(first: int) -> None:
    ring = Ring()
    assert ring.find(0) == b""
    for seq in range(first, first + 600):
        ring.keep(packet(seq))
    for seq in range(first - 100, first + 700):
        there = first + 600 - 512 <= seq < first + 600
        assert ring.find(seq & 0xFFFF) == (packet(seq) if there else b"")
