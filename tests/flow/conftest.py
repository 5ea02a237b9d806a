"""What tests of flows share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flow import house as houses
from tests.flow.house import House
from xswitch_py.pytest_plugin import fake_call

__all__ = ["fake_call", "house"]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A world in which number 8000 is a flow's."""
    async with houses.house(tmp_path) as made:
        yield made
