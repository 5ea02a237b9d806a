"""A desk for each test that asks for one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.rpc.desk import Script, script


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Script]:
    """A script at a desk."""
    async with script(tmp_path) as made:
        yield made
