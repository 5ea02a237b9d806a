"""What is hard to read is read or refused as RFC 4475 and RFC 5118 ask (S4 to S10)."""

import pytest

from tests.torture.messages import GOOD, REFUSED, Good, Refused
from xswitch_py.pysip.auth import credentials_in
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.message import Request, parse, serialise


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


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_it_is_refused(case: Refused) -> None:
    with pytest.raises(BadMessage) as refused:
        parse(case.data)
    assert refused.value.status == case.status


def test_the_plain_message_of_these_is_good() -> None:
    """So that what is refused is refused for what its name says."""
    assert isinstance(parse(GOOD[5].data), Request)
    assert len({*[case.name for case in GOOD], *[case.name for case in REFUSED]}) == len(GOOD) + len(REFUSED)
