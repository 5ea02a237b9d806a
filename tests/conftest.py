"""What all tests share."""

from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

BROWSER: Final = Path(__file__).parent / "browser"
FIRST: Final = frozenset(  # half of the work
    f"test_{name}.py" for name in "axe calls endings nginx phone_core phone_element stock updates ways".split()
)

settings.register_profile("check", deadline=None, derandomize=True, database=None, print_blob=False)
settings.register_profile("search", deadline=None, max_examples=2000)  # pytest --hypothesis-profile=search
settings.load_profile("check")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a file's tests run in one process, and those with browsers in two: browsers are dear to start."""
    for item in items:
        browser = item.path.is_relative_to(BROWSER) or item.get_closest_marker("browser")
        group = f"browser {item.path.name in FIRST}" if browser else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
