"""A Verto door for each test that asks for one."""

from collections.abc import AsyncIterator

import pytest

from tests.endpoints.verto.world import World
from xswitch_py.endpoints.verto.endpoint import Limits


@pytest.fixture
def limits() -> Limits:
    """What the door grants; tests about it have their own."""
    return Limits()


@pytest.fixture
async def world(limits: Limits) -> AsyncIterator[World]:
    """A door, and the core behind it."""
    world = World(limits)
    yield world
    await world.close()
