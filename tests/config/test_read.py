"""How settings are read: secrets kept in files of their own."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from xswitch_py.config.read import Written, build, readers, settle
from xswitch_py.config.values import key, text


@dataclass(frozen=True, slots=True)
class Relay:
    """A section with a secret."""

    secret: str = key("", text("at least four characters", r".{4,}", secret=True))


@dataclass(frozen=True, slots=True)
class Example:
    """A config with a secret."""

    relay: Relay = field(default_factory=Relay)


def read(*written: Written) -> tuple[Example, list[str]]:
    problems: list[str] = []
    return build(Example, settle(readers(Example), written, problems)), problems


@pytest.mark.parametrize("shell", [False, True])
def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path: Path, shell: bool) -> None:
    (tmp_path / "secret").write_text("täst \n")
    made, problems = read(Written(("relay", "secret_file"), "secret", "here", tmp_path, shell))
    assert not problems
    assert made.relay.secret == "täst "


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    made, problems = read(Written(("relay", "secret"), "abc", "here", tmp_path))
    assert problems == ['here: relay.secret = "...": must be at least four characters']
    made, _ = read(Written(("relay", "secret"), "abcd", "here", tmp_path))
    assert made.relay.secret == "abcd"
    assert "abcd" not in repr(made)


def test_a_secret_file_that_does_not_serve_is_told(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("abc")
    (tmp_path / "bin").write_bytes(b"\xff\xff\xff\xff")
    told = [
        read(Written(("relay", "secret_file"), name, "here", tmp_path))[1] for name in ("none", "short", "bin", 5)
    ]  # fmt: skip
    assert told == [
        ['here: relay.secret_file = "none": cannot be read: No such file or directory'],
        ['here: relay.secret_file = "short": must be at least four characters'],
        ['here: relay.secret_file = "bin": must be at least four characters'],
        ["here: relay.secret_file = 5: must be at least four characters"],
    ]
