"""Records as a table: what spreadsheets and programs read is what was kept, and nothing is calculated."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.base.address import Address
from xswitch_py.base.cause import Cause
from xswitch_py.base.ids import CallId, LegId
from xswitch_py.base.offer import Party
from xswitch_py.base.records import Cdr
from xswitch_py.core.cdr_csv import HEADER, lines

WAY = {"lost": 2, "loss": 1.5, "jitter": 3.25, "mos": 4.1, "worst": 3.9}
CDR = Cdr(
    7, CallId("c"), LegId("l"), "sip", Address("1000", "x.org"), Party("Ann", "1000"), Party("", "1001"),
    1_700_000_000.125, 1_700_000_002.0, 1_700_000_065.5, Cause.NORMAL_CLEARING, "opus", 10, 11, 2, "inbound",
    {"heard": WAY, "told": None, "rtt": 20.5}, Address("1001", "x.org"),
)  # fmt: skip


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(HEADER + text, newline=""), strict=True))


def test_a_record_is_a_line_with_the_names_of_the_first() -> None:
    assert lines([CDR, CDR]).count("\r\n") == 2
    assert read(lines([CDR])) == [
        {
            "id": "call_c",
            "started": "2023-11-14T22:13:20.125Z",
            "answered": "2023-11-14T22:13:22.000Z",
            "ended": "2023-11-14T22:14:25.500Z",
            "duration": "65.375",
            "billsec": "63.500",
            "cause": "NORMAL_CLEARING",
            "direction": "inbound",
            "door": "sip",
            "user": "1000@x.org",
            "reached": "1001@x.org",
            "caller_name": "Ann",
            "caller_number": "1000",
            "callee_name": "",
            "callee_number": "1001",
            "codec": "opus",
            "packets_in": "10",
            "packets_out": "11",
            "lost": "2",
            "heard_mos": "4.1",
            "heard_loss": "1.5",
            "heard_jitter": "3.25",
            "told_mos": "",
            "told_loss": "",
            "told_jitter": "",
            "rtt": "20.5",
        }
    ]


def test_what_is_not_known_is_empty() -> None:
    (row,) = read(lines([replace(CDR, answered=None, ended=None, cause=None, user=None, reached=None, quality={})]))
    names = ("answered", "ended", "duration", "billsec", "cause", "user", "reached", "heard_mos", "rtt")
    assert {row[name] for name in names} == {""}
    (row,) = read(lines([replace(CDR, answered=None)]))
    assert (row["billsec"], row["duration"]) == ("0.000", "65.375")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x","y")'])
def test_no_text_is_a_formula(name: str) -> None:
    """What callers call themselves must not be calculated by whoever opens the table."""
    (row,) = read(lines([replace(CDR, caller=Party(name, name), user=Address(name, "x.org"))]))
    assert (row["caller_name"], row["caller_number"], row["user"]) == (f"'{name}", f"'{name}", f"'{name}@x.org")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text("=+-@,;\"'\r\n\t a"))
def test_any_name_comes_back_as_it_was(name: str, other: str) -> None:
    (row,) = read(lines([replace(CDR, caller=Party(name, ""), callee=Party(other, "1001"))]))
    assert row["caller_name"].removeprefix("'") == name.removeprefix("'")
    assert row["callee_name"] in (other, f"'{other}")
    assert row["callee_number"] == "1001" and None not in row
    assert not row["callee_name"].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
