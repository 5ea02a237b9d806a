"""Where the files lie that travel with the code: `conf/` and `web/`."""

from pathlib import Path

__all__ = ["conf", "web"]


def conf(name: str = "") -> Path:
    """Give the path of a file in the shipped `conf/`, or of that folder."""
    return _folder("conf") / name


def web(name: str = "") -> Path:
    """Give the path of a file in the shipped `web/`, or of that folder."""
    return _folder("web") / name


def _folder(name: str) -> Path:
    package = Path(__file__).resolve().parent
    inside = package / name  # in a wheel; a source checkout has it beside the package
    return inside if inside.is_dir() else package.parent / name
