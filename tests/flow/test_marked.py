"""The decorator."""

from typing import Any

import pytest

from xswitch_py.flow import Call, flow
from xswitch_py.flow.marked import Flow


async def reception(call: Call) -> None:
    """Do nothing."""


def test_a_flow_has_what_the_decorator_says() -> None:
    made = flow(number="80(..)", context="inside", name="front-desk", deadline=60, at_once=5)(reception)
    assert isinstance(made, Flow) and made.number is not None
    assert made.number.fullmatch("8001") and not made.number.fullmatch("18001")
    assert (made.name, made.context, made.deadline, made.at_once) == ("front-desk", "inside", 60, 5)
    assert made.file == __file__


def test_a_flow_without_a_number_has_the_name_of_its_function() -> None:
    made = flow()(reception)
    assert (made.name, made.number, made.deadline, made.at_once) == ("reception", None, 14_400, 100)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"number": "80("}, "no regular expression"),
        ({"name": "front desk"}, "no name for a flow"),
        ({"name": "x" * 65}, "no name for a flow"),
        ({"deadline": 0}, "more than nothing"),
        ({"at_once": 0}, "more than nothing"),
    ],
)
def test_what_cannot_be_used_is_refused_at_once(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        flow(**settings)(reception)


def test_a_plain_function_is_no_flow() -> None:
    def plain(call: Call) -> None:
        pass

    with pytest.raises(ValueError, match="async function"):
        flow()(plain)  # type: ignore[arg-type]  # which is the point
