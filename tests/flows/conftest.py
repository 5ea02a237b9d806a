"""The real server for the flows: one for the tests of a file."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.peers.server import Server, running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A demo that the tests of one file share."""
    async with running(tmp_path_factory.mktemp("server")) as started:
        yield started
