"""A plugin for pytest: the fixture `fake_call` runs call flows without a network.

async def test_who_presses_1_reaches_the_office(fake_call):
    await fake_call.presses("1").answers("user/1001").run(reception)
    assert fake_call.said == ["answer", "play file:welcome.wav", "bridge user/1001"]
    assert fake_call.cause == "NORMAL_CLEARING"
"""

import importlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xswitch_py.flow.testing import FakeCall

__all__ = ["fake_call"]


@pytest.fixture
def fake_call() -> "FakeCall":
    """Somebody who calls: see `xswitch_py.flow.testing`."""
    # Every run of pytest loads its plugins, but only these tests shall wait for a switch to be imported.
    made: FakeCall = importlib.import_module("xswitch_py.flow.testing").FakeCall()
    return made
