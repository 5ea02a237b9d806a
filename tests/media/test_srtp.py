"""Keys that are used, that stay and that change, and what is counted under them."""

import os
import struct

import pytest
from pylibsrtp import Error

from xswitch_py.media.sdes import SUITES, Crypto
from xswitch_py.media.srtp import Srtp

CM, SHORT = "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"


def crypto(suite: str = CM, mki: int = 0) -> Crypto:
    return Crypto(1, suite, os.urandom(SUITES[suite]), mki)


def packet(seq: int) -> bytes:
    return struct.pack("!BBHII", 0x80, 0, seq & 0xFFFF, seq * 160, 7) + b"sound"


def pass_on(one: Srtp, other: Srtp, seq: int) -> None:
    """Let a packet go from one end to the other."""
    assert one.protect is not None and other.unprotect is not None
    assert other.unprotect(one.protect(packet(seq))) == packet(seq)


def both(ours: Crypto) -> tuple[Srtp, Srtp]:
    one, other = Srtp(), Srtp()
    one.use(ours, crypto())
    other.use(crypto(), ours)
    return one, other


@pytest.mark.parametrize("suite", SUITES)
def test_what_one_end_encrypts_the_other_decrypts_once(suite: str) -> None:
    one, other = both(crypto(suite))
    pass_on(one, other, 1)
    assert one.protect is not None and other.unprotect is not None
    again = one.protect(packet(2))
    other.unprotect(again)
    with pytest.raises(Error):
        other.unprotect(again)
    report = b"\x80\xc9\0\1" + bytes(4)
    assert one.protect_rtcp is not None and other.unprotect_rtcp is not None
    assert other.unprotect_rtcp(one.protect_rtcp(report)) == report


def test_without_keys_packets_stay_as_they_are() -> None:
    end = Srtp()
    assert end.protect is end.protect_rtcp is end.unprotect is end.unprotect_rtcp is None
    end.forget(7)
    end.use(crypto(), crypto())
    end.use(None, None)
    assert end.protect is end.protect_rtcp is end.unprotect is end.unprotect_rtcp is None


def test_a_key_that_stays_counts_on() -> None:
    ours = crypto()
    one, other = both(ours)
    for seq in range(0xFFFE, 0x10002):
        pass_on(one, other, seq)
    one.use(ours, crypto())
    other.use(crypto(), ours)
    pass_on(one, other, 0x10002)


def test_another_key_begins_to_count_anew() -> None:
    one, other = both(crypto())
    for seq in range(0xFFFE, 0x10002):
        pass_on(one, other, seq)
    new = crypto()
    one.use(new, crypto())
    fresh = Srtp()
    fresh.use(crypto(), new)
    pass_on(one, fresh, 0x10002)


def test_a_key_of_the_same_offer_that_comes_back_was_not_forgotten() -> None:
    """Two packets under one count would be encrypted alike."""
    first, second = crypto(), crypto(SHORT)
    one, other = both(first)
    for seq in range(0xFFFE, 0x10002):
        pass_on(one, other, seq)
    one.use(second, crypto())
    one.use(first, crypto())
    pass_on(one, other, 0x10003)


@pytest.mark.parametrize(("suite", "tag"), [(CM, 10), (SHORT, 4), ("AEAD_AES_128_GCM", 0)])
def test_a_key_identifier_is_passed_over(suite: str, tag: int) -> None:
    ours = crypto(suite)
    one, other = Srtp(), Srtp()
    one.use(ours, crypto())
    other.use(crypto(), Crypto(1, suite, ours.key, 4))
    assert one.protect is not None and other.unprotect is not None
    data = one.protect(packet(1))
    end = len(data) - tag
    assert other.unprotect(data[:end] + b"\0\0\0\1" + data[end:]) == packet(1)
    with pytest.raises(Error):
        other.unprotect(b"\x80")
