"""Makes of phones call each other, each of them once or twice. All pairs: `python -m tests.matrix`."""

from collections.abc import AsyncIterator
from itertools import chain
from typing import Final

import pytest
import pytest_asyncio

from tests.matrix.pairing import call
from tests.matrix.phones import KINDS, Desk, desk

pytestmark = pytest.mark.browser

PAIRS: Final = (
    ("verto", "jssip-ws"),
    ("jssip-wss", "vertojs"),
    ("jssip-ws", "jssip-wss"),
    ("baresip-udp-rtp", "verto"),
    ("vertojs", "baresip-tcp-sdes"),
    ("jssip-ws", "baresip-tls-dtls"),
    ("baresip-tls-rtp", "jssip-wss"),
    ("baresip-udp-sdes", "baresip-udp-dtls"),
    ("baresip-tcp-dtls", "sipp-udp"),
    ("sipp-udp", "jssip-ws"),
    ("sipp-tcp", "baresip-tls-sdes"),
    ("baresip-tcp-rtp", "sipp-tcp"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ready(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A server and two browsers."""
    async with desk(tmp_path_factory.mktemp("matrix")) as each:
        yield each


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.item("S71")
@pytest.mark.item("S72")
@pytest.mark.item("S73")
@pytest.mark.parametrize(("caller", "callee"), PAIRS)
async def test_each_hears_the_other(caller: str, callee: str, ready: Desk) -> None:
    assert await call(ready, caller, callee) > 0


def test_no_make_is_left_out() -> None:
    assert {*chain.from_iterable(PAIRS)} == {*KINDS}
