"""RTCP packets, checked against aiortc's own parser and against arbitrary bytes."""

import pytest
from aiortc import rtp
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.media import rtcp
from xswitch_py.media.rtcp import Block, Bye, Feedback, Report

U32 = st.integers(0, 0xFFFFFFFF)
BLOCKS = st.builds(Block, U32, st.integers(0, 255), st.integers(-0x800000, 0x7FFFFF), U32, U32, U32, U32)


@given(U32, st.integers(0, 2**64 - 1), U32, U32, U32, st.lists(BLOCKS, max_size=5))
def test_a_sender_report_is_read_as_it_was_written(
    ssrc: int, ntp: int, timestamp: int, packets: int, octets: int, blocks: list[Block]
) -> None:
    data = rtcp.sender_report(ssrc, ntp, timestamp, packets, octets, blocks)
    assert list(rtcp.parse(data)) == [Report(ssrc, tuple(blocks), ntp, timestamp, packets, octets)]


@given(U32, st.lists(BLOCKS, max_size=31))
def test_a_receiver_report_is_read_as_it_was_written(ssrc: int, blocks: list[Block]) -> None:
    assert list(rtcp.parse(rtcp.receiver_report(ssrc, blocks))) == [Report(ssrc, tuple(blocks))]


@given(st.binary(max_size=200))
def test_any_bytes_give_items_or_nothing(data: bytes) -> None:
    """X15: short and malformed RTCP."""
    for item in rtcp.parse(data):
        if isinstance(item, Feedback):
            list(rtcp.lost_packets(item.fci))
            rtcp.receive_bandwidth(item.fci)


@given(st.binary(max_size=60))
def test_feedback_of_any_bytes_is_read_without_an_error(fci: bytes) -> None:
    list(rtcp.lost_packets(fci))
    rtcp.receive_bandwidth(fci)
    rtcp.receive_bandwidth(b"REMB" + fci)


def test_another_parser_reads_our_reports_the_same() -> None:
    block = Block(5, 26, -3, 70_000, 12, 1, 2)
    data = rtcp.sender_report(1, 2, 3, 4, 5, [block]) + rtcp.description([1, 9], "name") + rtcp.bye([1, 9])
    report, description, bye = rtp.RtcpPacket.parse(data)
    assert isinstance(report, rtp.RtcpSrPacket)
    assert report.sender_info == rtp.RtcpSenderInfo(2, 3, 4, 5)
    assert report.reports == [rtp.RtcpReceiverInfo(5, 26, -3, 70_000, 12, 1, 2)]
    assert isinstance(description, rtp.RtcpSdesPacket)
    assert [(chunk.ssrc, chunk.items) for chunk in description.chunks] == [(1, [(1, b"name")]), (9, [(1, b"name")])]
    assert isinstance(bye, rtp.RtcpByePacket) and bye.sources == [1, 9]


def test_another_parser_reads_our_wishes_the_same() -> None:
    pli, fir, remb = rtp.RtcpPacket.parse(
        rtcp.picture_loss(1, 2) + rtcp.full_intra_request(1, 2, 300) + rtcp.remb(1, 3_000_000, [2, 3])
    )
    assert isinstance(pli, rtp.RtcpPsfbPacket) and (pli.fmt, pli.ssrc, pli.media_ssrc) == (1, 1, 2)
    assert isinstance(fir, rtp.RtcpPsfbPacket) and (fir.fmt, fir.fci) == (4, b"\0\0\0\2" + bytes([300 & 255, 0, 0, 0]))
    assert isinstance(remb, rtp.RtcpPsfbPacket)
    bitrate, ssrcs = rtp.unpack_remb_fci(remb.fci)
    assert ssrcs == [2, 3] and abs(bitrate - 3_000_000) < 32


@pytest.mark.parametrize(
    "seqs", [[], [1], [1, 2, 17], [1, 18], [65_535, 0, 15], [65_530, 5, 9], list(range(100)), [7, 7, 8]]
)
def test_lost_packets_are_listed_compactly_and_found_again(seqs: list[int]) -> None:
    data = rtcp.nack(1, 2, seqs)
    [item] = rtcp.parse(data)
    assert isinstance(item, Feedback) and (item.what, item.sender, item.media) == ("nack", 1, 2)
    assert sorted(rtcp.lost_packets(item.fci)) == sorted(set(seqs))
    assert len(item.fci) <= 4 * len(seqs)


@given(st.integers(0, 2**40))
def test_a_bandwidth_keeps_its_first_18_bits(bitrate: int) -> None:
    [item] = rtcp.parse(rtcp.remb(1, bitrate, [2]))
    assert isinstance(item, Feedback) and item.what == "remb"
    found = rtcp.receive_bandwidth(item.fci)
    assert found is not None and found[1] == (2,)
    assert found[0] <= bitrate and bitrate - found[0] <= bitrate >> 17


def test_padding_and_packets_of_no_interest_are_skipped() -> None:
    padded = bytearray(rtcp.bye([4]) + b"\0\0\0\4")
    padded[0] |= 32
    padded[3] += 1
    unknown = b"\x80\xcc\x00\x01name"
    assert list(rtcp.parse(unknown + bytes(padded) + rtcp.bye([5]))) == [Bye((4,)), Bye((5,))]


@pytest.mark.parametrize(
    "data", [b"", b"\x81", rtcp.bye([1])[:-1], b"\x41\xcb\x00\x01abcd", b"\xa1\xcb\x00\x01abc\xff"]
)
def test_what_is_cut_off_or_malformed_gives_nothing(data: bytes) -> None:
    assert list(rtcp.parse(data)) == []
