"""Keys in the SDP: which lines are read, which are refused, and what we write."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.media.sdes import SUITES, Crypto, keys, parse, pick, serialise

pytestmark = pytest.mark.item("S72")

KEY = bytes(range(30))
TEXT = base64.b64encode(KEY).decode()
GCM = bytes(range(28))
SHORT = base64.b64encode(GCM).decode()
CM = "AES_CM_128_HMAC_SHA1_80"


@pytest.mark.parametrize(
    ("line", "crypto"),
    [
        (f"1 {CM} inline:{TEXT}", Crypto(1, CM, KEY)),
        (f"2 AES_CM_128_HMAC_SHA1_32 inline:{TEXT}", Crypto(2, "AES_CM_128_HMAC_SHA1_32", KEY)),
        (f"3 AEAD_AES_128_GCM inline:{SHORT}", Crypto(3, "AEAD_AES_128_GCM", GCM)),
        (f"3 AEAD_AES_128_GCM inline:{SHORT.rstrip('=')}", Crypto(3, "AEAD_AES_128_GCM", GCM)),
        (f"1 {CM} inline:{TEXT}|2^20", Crypto(1, CM, KEY)),
        (f"1 {CM} inline:{TEXT}|1048576", Crypto(1, CM, KEY)),
        (f"1 {CM} inline:{TEXT}|2^20|1:4", Crypto(1, CM, KEY, 4)),
        (f"1 {CM} inline:{TEXT}|1:4", Crypto(1, CM, KEY, 4)),
        (f"1  {CM.lower()}  inline:{TEXT} WSH=64", Crypto(1, CM, KEY)),
        (f"1 {CM} inline:{TEXT} -OTHER=1", Crypto(1, CM, KEY)),
        (f"1 {CM} inline:{TEXT} KDR=1", None),
        (f"1 {CM} inline:{TEXT} UNENCRYPTED_SRTP", None),
        (f"1 {CM} inline:{TEXT};inline:{TEXT}", None),
        (f"1 {CM} inline:{TEXT[:-4]}", None),
        (f"1 {CM} inline:{SHORT}", None),
        (f"1 {CM} inline:{TEXT[:-1]}!", None),
        (f"1 {CM} inline:{TEXT}|1:200", None),
        (f"1 AES_CM_256_HMAC_SHA1_80 inline:{TEXT}", None),
        (f"1 F8_128_HMAC_SHA1_80 inline:{TEXT}", None),
        (f"{CM} inline:{TEXT}", None),
        (f"x {CM} inline:{TEXT}", None),
        (f"1 {CM}", None),
        ("", None),
    ],
)
def test_a_line_is_read_or_refused(line: str, crypto: Crypto | None) -> None:
    assert parse(line) == crypto


@given(st.text(max_size=200))
def test_any_text_is_a_line_or_none(text: str) -> None:
    parse(text)
    parse(f"1 {CM} inline:{text}")
    parse(f"1 {CM} inline:{TEXT} {text}")


@given(st.integers(0, 999_999_999), st.sampled_from(sorted(SUITES)), st.data())
def test_what_we_write_is_read_back(tag: int, suite: str, data: st.DataObject) -> None:
    key = data.draw(st.binary(min_size=SUITES[suite], max_size=SUITES[suite]))
    assert parse(serialise(Crypto(tag, suite, key))) == Crypto(tag, suite, key)


def test_the_first_usable_line_is_picked_rather_one_without_a_key_identifier() -> None:
    lines = ("1 OTHER inline:x", f"2 {CM} inline:{TEXT}|1:4", f"3 {CM} inline:{TEXT}", f"4 {CM} inline:{TEXT}")
    assert getattr(pick(lines), "tag", None) == 3
    assert getattr(pick(lines[:2]), "tag", None) == 2
    assert pick(lines[:1]) is None


def test_new_keys_are_new_and_as_long_as_their_suites_want_them() -> None:
    made, other = keys(), keys()
    assert {suite: len(key) for suite, key in made.items()} == SUITES
    assert len({*made.values(), *other.values()}) == 6


def test_a_key_is_never_shown() -> None:
    assert "key" not in repr(Crypto(1, CM, KEY))
