"""One demo that runs, for all who ask it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Shell, running

Facts = dict[str, Any]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facts]:
    """What the demo says of itself."""
    with running(tmp_path_factory.mktemp("demo")) as facts:
        yield facts


@pytest.fixture
def nowhere(tmp_path: Path) -> Shell:
    """A shell in which nothing is set."""
    unset = ("XSWITCH_URL", "XSWITCH_KEY", "XSWITCH_KEY_FILE", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
    return Shell({**dict.fromkeys(unset), "HOME": str(tmp_path)})


@pytest.fixture
def shell(demo: Facts, nowhere: Shell) -> Shell:
    """A shell of the administrator of the demo."""
    return Shell({**nowhere.environ, "XSWITCH_URL": demo["http"], "XSWITCH_KEY": demo["api_key"]})
