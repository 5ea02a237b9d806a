"""Load the flows of one file of the operator's."""

import importlib.util
import os
import stat
import sys
from importlib.abc import SourceLoader
from pathlib import Path
from typing import Final

from xswitch_py.base.errors import ConfigError
from xswitch_py.flow.marked import Flow
from xswitch_py.flow.run import line_of

__all__ = ["load", "writable"]

_LARGEST: Final = 1_000_000  # bytes
_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


def load(path: Path) -> tuple[Flow, ...]:
    """Run a file as a module that nobody can import, and give the flows that it makes; for a thread.

    Raises:
        ConfigError: it is not ours alone to write, cannot be read, or fails: with its name and line.
    """
    name = f"_xswitch_flow_{path.stem}"
    spec = importlib.util.spec_from_loader(name, _Text(path, _read(path)), origin=str(path))
    assert spec is not None and spec.loader is not None
    module, before = importlib.util.module_from_spec(spec), sys.modules.get(name)
    sys.modules[name] = module  # where dataclasses look for it
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
        raise ConfigError([f"{line_of(error, str(path))}: {type(error).__name__}: {error}"]) from error
    made = [each for each in vars(module).values() if isinstance(each, Flow) and each.function.__module__ == name]
    return tuple(dict.fromkeys(made))  # one that has two names is one


def writable(path: Path, info: os.stat_result) -> str:
    """Say what is wrong if others than the owner may write: they could run what they like as us."""
    mode = stat.S_IMODE(info.st_mode)
    return f"{path.name}: others may write to it (mode {mode:03o}); chmod go-w {path}" if mode & _OTHERS else ""


class _Text(SourceLoader):
    """A source that was read already. Nothing is kept as bytecode, which would be found again by the second only."""

    def __init__(self, path: Path, text: bytes) -> None:
        self._path = path
        self._text = text

    def get_filename(self, fullname: str) -> str:
        return str(self._path)

    def get_data(self, path: str | bytes) -> bytes:
        return self._text


def _read(path: Path) -> bytes:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            info = os.fstat(file.fileno())
            if problem := writable(path, info):
                raise ConfigError([problem])
            if not stat.S_ISREG(info.st_mode) or info.st_size > _LARGEST:
                raise ConfigError([f"{path.name}: no file, or too large"])
            return file.read(_LARGEST)
    except OSError as error:
        raise ConfigError([f"{path.name}: {error.strerror}"]) from None
