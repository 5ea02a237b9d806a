"""Where a key stands in a TOML text."""

import tomllib
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from xswitch_py import assets
from xswitch_py.config.locate import locate

TRICKY = r'''# top = 1
  a = 1   # b = 2
"quoted key" . b = "x = 1 # no comment \" ]"
long = """
not = "a key" \"""
[nor.a.table]
""""
raw = '''
TRICKY += "'''\nx = 1\n'''''\n"
TRICKY += """list = [
  "x = 1", # ] y = 2
  [1, 2],
]
inline = { c = 1, d = [1] }
[ table . "sub.table" ] # ]
e=2

[[many]]
name = "one"
[many.inner]
f = 1
[[many]]
name = "two"
"""


def test_keys_are_found_and_what_only_looks_like_one_is_not() -> None:
    assert tomllib.loads(TRICKY)
    assert {keys: tuple(place) for keys, place in locate(TRICKY).items()} == {
        ("a",): (2, 3),
        ("quoted key", "b"): (3, 1),
        ("long",): (4, 1),
        ("raw",): (8, 1),
        ("list",): (11, 1),
        ("inline",): (15, 1),
        ("table", "sub.table"): (16, 1),
        ("table", "sub.table", "e"): (17, 1),
        ("many", "0"): (19, 1),
        ("many", "0", "name"): (20, 1),
        ("many", "0", "inner"): (21, 1),
        ("many", "0", "inner", "f"): (22, 1),
        ("many", "1"): (23, 1),
        ("many", "1", "name"): (24, 1),
    }


def test_lines_may_end_with_a_carriage_return() -> None:
    assert locate("a = 1\r\n[b]\r\nc = 2\r\n")["b", "c"] == (3, 1)


@given(st.text(st.sampled_from("abc=[]{}\"'\\#.\n 1,"), max_size=40))
def test_every_key_of_a_valid_text_is_found(text: str) -> None:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    places = locate(text)
    for keys in _leaves(table):
        assert any(keys[:end] in places for end in range(1, len(keys) + 1)), keys


def test_every_key_of_the_shipped_files_is_found() -> None:
    for path in assets.conf().glob("*.toml"):
        places = locate(path.read_text())
        table = tomllib.loads(path.read_text())
        assert {keys[0] for keys in places} == set(table), path


def _leaves(table: dict[str, object], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*at, name))
        elif not (isinstance(value, list) and value and isinstance(value[0], dict)):
            yield (*at, name)
