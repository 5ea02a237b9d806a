"""The range of ports for plain RTP: which pairs are used, and what costs none."""

import contextlib
import random
import socket

import pytest

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import MediaError
from xswitch_py.media.ports import RtpPorts

__all__ = ["free"]

HOST = "127.0.0.1"


def free(count: int) -> int:
    """Find so many ports in a row that nobody uses, beginning at an even one."""
    while True:
        low = random.randrange(20000, 30000, 2)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(low, low + count):
                stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind((HOST, port))
            return low


async def test_a_port_that_others_use_is_passed_over() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        low = free(4)
        taken.bind((HOST, low + 1))
        pool = RtpPorts(low, low + 3)
        pair = pool.open(HOST)
        assert pair.port == low + 2
        pair.rtp.close()
        pair.rtcp.close()
        pool._epoll.close()


async def test_where_no_socket_can_be_had_at_all_no_port_is_spent() -> None:
    pool = RtpPorts(low := free(4), low + 3)
    with pytest.raises(MediaError) as refused:
        pool.open("192.0.2.77")  # not ours
    assert refused.value.cause is Cause.NETWORK_OUT_OF_ORDER
    pairs = [pool.open(HOST), pool.open(HOST)]
    assert {pair.port for pair in pairs} == {low, low + 2}
    for pair in pairs:
        pair.rtp.close()
        pair.rtcp.close()
    pool._epoll.close()


@pytest.mark.parametrize("wrong", [(0, 5), (2, 2), (5, 6), (100, 70000), (30, 20)])
def test_a_range_without_a_pair_is_an_error(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no pair"):
        RtpPorts(*wrong)
