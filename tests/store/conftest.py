"""What the tests of the database share."""

from collections.abc import AsyncIterator

import pytest

from xswitch_py.store.open import Store, open_store


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    """Give an empty database in memory."""
    opened = await open_store(":memory:")
    yield opened
    await opened.close()
