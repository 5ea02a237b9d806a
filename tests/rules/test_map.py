"""The map in `xswitch_py/README.md` is the tree."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parents[2] / "xswitch_py"
NAME: Final = re.compile(r"[\w.-]+(?:\.(?:py|sql|md|typed|toml)|/),?")


def mapped(text: str) -> Iterator[str]:
    """Give the files that the map's first code block names: a line is names, then blanks, then what they are for."""
    (block,) = re.findall(r"^```\w*\n(xswitch_py/.*?)^```", text, re.DOTALL | re.MULTILINE)[:1]
    folders: list[tuple[int, str]] = []
    for line in block.splitlines()[1:]:
        indent = len(line) - len(line.lstrip())
        folders = [(depth, folder) for depth, folder in folders if depth < indent]
        for word in line.split():
            if not NAME.fullmatch(word):
                break
            path = (folders[-1][1] if folders and folders[-1][0] < indent else "") + word.rstrip(",")
            if path.endswith("/"):
                folders.append((indent, path))
            else:
                yield path


def test_the_map_names_every_file_and_no_other() -> None:
    shown = list(mapped((PACKAGE / "README.md").read_text("utf-8")))
    files = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*") if path.suffix in (".py", ".sql")}
    assert sorted(shown) == sorted(set(shown))
    # The map may leave out an `__init__.py` that says nothing, and itself.
    silent = {name for name in files if name.endswith("__init__.py")} | {"README.md", "py.typed"}
    assert sorted(set(shown) - files - silent) == []
    assert sorted(files - set(shown) - silent) == []


def test_the_map_is_read_as_people_read_it() -> None:
    text = """
```
xswitch_py/
  app.py           where parts meet, see base/ids.py
  cli/, __main__.py  commands
    out.py
  base/            words
    ids.py address.py   ids
                   and more text
  endpoints/
    verto/
      wire.py
    sip/
      wire.py
  logs.py
```
"""
    assert list(mapped(text)) == [
        "app.py", "__main__.py", "cli/out.py", "base/ids.py", "base/address.py", "endpoints/verto/wire.py",
        "endpoints/sip/wire.py", "logs.py",
    ]  # fmt: skip
