"""Files over HTTP: which bytes a range is about (RFC 9110 section 14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.api.content import part


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("Bytes= 90-1000", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=99-", (99, 100)),
    ],
)
def test_a_range_is_about_these_bytes(wanted: str, place: tuple[int, int]) -> None:
    assert part(wanted, 100) == place


@pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999999999999999-"])
def test_there_are_no_bytes_behind_the_end(wanted: str) -> None:
    place = part(wanted, 100)
    assert place is not None and place[0] >= place[1]


@pytest.mark.parametrize(
    "wanted",
    ["", "bytes=", "bytes=-", "bytes=5-4", "bytes=1-2,4-5", "lines=1-2", "bytes=a-b", "bytes=0x1-2", "bytes=1", "0-5",
     "bytes=" + "9" * 5000 + "-", "bytes=\u0661-\u0662"],
)  # fmt: skip
def test_what_is_no_range_is_about_everything(wanted: str) -> None:
    assert part(wanted, 100) is None


@given(st.text() | st.from_regex(r"bytes=\d{0,4}-\d{0,4}", fullmatch=True), st.integers(0, 2000))
def test_no_range_leads_out_of_the_file(wanted: str, size: int) -> None:
    place = part(wanted, size)
    if place is not None and place[0] < place[1]:
        assert 0 <= place[0] and place[1] <= size
