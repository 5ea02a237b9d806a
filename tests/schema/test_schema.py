"""A few examples of each operation; `python -m tests.schema` has the whole."""

import pytest

from tests.schema.__main__ import ask

EXAMPLES = 2


@pytest.mark.parametrize("key", ["admin"])
async def test_the_api_is_as_documented(key: str) -> None:
    report = await ask(key, EXAMPLES, seed=1, thorough=False)
    assert report.faults == {}, "\n".join(report.lines())
    assert [label for label, each in report.operations.items() if not each.statuses] == []
