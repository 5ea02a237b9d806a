"""Links that are good for a while: only as they were made, only so long, and only of this start."""

import pytest

from xswitch_py.core.signing import Links

NOW = 1_700_000_000.0


def test_a_link_is_good_until_it_is_over() -> None:
    links = Links()
    signature = links.sign("rec_1", "admin", int(NOW) + 300)
    assert links.good("rec_1", "admin", int(NOW) + 300, signature, NOW)
    assert links.good("rec_1", "admin", int(NOW) + 300, signature, NOW + 299.9)
    assert not links.good("rec_1", "admin", int(NOW) + 300, signature, NOW + 300)


@pytest.mark.parametrize(
    ("what", "by", "later"),
    [
        ("rec_2", "admin", 0),
        ("rec_1", "1000", 0),
        ("rec_1", "admin", 1),
        ("", "rec_1admin", 0),
        ("in\nrec_1", "", 0),
    ],
)
def test_nothing_of_a_link_can_be_changed(what: str, by: str, later: int) -> None:
    links = Links()
    signature = links.sign("rec_1", "admin", int(NOW) + 300)
    assert not links.good(what, by, int(NOW) + 300 + later, signature, NOW)


@pytest.mark.parametrize("signature", ["", "0" * 64, "é", "\udc80", "0" * 100_000])
def test_no_other_signature_will_do(signature: str) -> None:
    assert not Links().good("rec_1", "admin", int(NOW) + 300, signature, NOW)


def test_a_link_of_another_start_is_no_good_and_the_secret_is_not_shown() -> None:
    links = Links()
    signature = links.sign("rec_1", "admin", int(NOW) + 300)
    assert not Links().good("rec_1", "admin", int(NOW) + 300, signature, NOW)
    assert "secret" not in repr(links)
