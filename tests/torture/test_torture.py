"""What is hard to read is read or refused as RFC 4475 and RFC 5118 ask."""

import re
from typing import Final

import pytest

from tests.torture.messages import GOOD, REFUSED, Good, Refused, simple
from xswitch_py.pysip.auth import credentials_in
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.message import Request, parse, serialise

# The sections of both RFCs that show a message.
RFC_4475: Final = {
    *[f"3.1.1.{number}" for number in range(1, 14)],
    *[f"3.1.2.{number}" for number in range(1, 20)],
    "3.2.1",
    *[f"3.3.{number}" for number in range(1, 16)],
    "3.4.1",
}
RFC_5118: Final = {f"4.{number}" for number in range(1, 11)}


@pytest.mark.item("S4")
@pytest.mark.item("S5")
@pytest.mark.item("S9")
@pytest.mark.item("S10")
@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_it_is_read(case: Good) -> None:
    message = parse(case.data)
    seen = {"m": message, "credentials_in": credentials_in}
    said = {expression: eval(expression, seen) for expression, _ in case.says}
    assert said == dict(case.says)


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_it_is_written_as_it_was_read(case: Good) -> None:
    message = parse(case.data)
    assert parse(serialise(message)) == message


@pytest.mark.item("S4")
@pytest.mark.item("S6")
@pytest.mark.item("S7")
@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_it_is_refused(case: Refused) -> None:
    with pytest.raises(BadMessage) as refused:
        parse(case.data)
    assert refused.value.status == case.status


def test_the_plain_message_of_these_is_good() -> None:
    """So that what is refused is refused for what its name says."""
    assert isinstance(parse(simple()), Request)
    assert len({*[case.name for case in GOOD], *[case.name for case in REFUSED]}) == len(GOOD) + len(REFUSED)


def test_all_messages_of_both_rfcs_are_here() -> None:
    names = " ".join([*[case.name for case in GOOD], *[case.name for case in REFUSED]])
    sections = re.findall(r"\((?:(?:4475|5118) )?([0-9.]+)\)", names)
    assert set(sections) == RFC_4475 | RFC_5118
