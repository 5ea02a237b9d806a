"""A user's phone secret: kept as digests, checked without telling more than yes or no."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.base.address import Address
from xswitch_py.base.passwords import ha1, ha1_pair
from xswitch_py.base.user import NOBODY, User

MD5, SHA = ha1_pair("1000", "example.org", "s3cret")


def user(md5: str | None = MD5, sha: str | None = SHA) -> User:
    return User("1000", "example.org", ha1_md5=md5, ha1_sha256=sha)


def test_digests_are_those_of_rfc_7616() -> None:
    """X7: RFC 7616 section 3.9.1."""
    assert ha1("MD5", "Mufasa", "http-auth@example.org", "Circle of Life") == "3d78807defe7de2157e2b0b6573a855f"
    assert (
        ha1("SHA-256", "Mufasa", "http-auth@example.org", "Circle of Life")
        == "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"
    )
    with pytest.raises(ValueError, match="SHA-1"):
        ha1("SHA-1", "", "", "")


@pytest.mark.parametrize(
    ("known", "verdict"),
    [
        (user(), True),
        (user(sha=None), True),
        (user(md5=None), True),
        (user(sha=None, md5=None), False),
        (user(sha="0" * 64), False),
        (user(md5="0" * 32), False),
        (User("1001", "example.org", ha1_md5=MD5, ha1_sha256=SHA), False),
        (User("1000", "example.net", ha1_md5=MD5, ha1_sha256=SHA), False),
        (NOBODY, False),
    ],
)
def test_only_the_right_secret_of_the_right_user_fits(known: User, verdict: bool) -> None:
    assert known.check_phone("s3cret") is verdict
    assert not known.check_phone("S3cret")


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_can_be_tried(password: str) -> None:
    assert user().check_phone(password) is (password == "s3cret")
    assert not NOBODY.check_phone(password)


def test_secrets_are_not_printed() -> None:
    """X22."""
    assert MD5 not in repr(user()) and SHA not in repr(user())
    assert user().address == Address("1000", "example.org")
