"""`key=value` words become what a command takes."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch_py.cli.words import Methods, spelled

SCHEMAS: Final[dict[str, Any]] = {
    "text": {"type": "string"},
    "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    "number": {"type": "integer"},
    "flag": {"type": "boolean"},
    "list": {"type": "array", "items": {"type": "string"}},
    "shape": {"$ref": "#/components/schemas/Shape"},
    "word": {"$ref": "#/components/schemas/Word"},
    "round": {"$ref": "#/components/schemas/Round"},
    "any": {},
}
METHODS: Final = Methods(
    {
        "methods": [
            {"name": "a.do", "params": [{"name": name, "schema": each} for name, each in SCHEMAS.items()]},
            {"name": "a.get", "params": [{"name": "id", "required": True, "schema": {"type": "string"}}]},
            {"name": "b.get", "params": []},
        ],
        "components": {
            "schemas": {
                "Shape": {"type": "object"},
                "Word": {"type": "string", "enum": ["one"]},
                "Round": {"$ref": "#/components/schemas/Round"},
            }
        },
    }
)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("text=1001", "1001"),
        ("text=true", "true"),
        ("text=", ""),
        ("text=a=b", "a=b"),
        ('text="quoted"', "quoted"),
        ("text=null", "null"),
        ("maybe=null", None),
        ("maybe=1001", "1001"),
        ("word=one", "one"),
        ("number=7", 7),
        ("number=seven", "seven"),  # the switch says what is wrong with it
        ("flag=true", True),
        ("list=a,b", ["a", "b"]),
        ('list=["a"]', ["a"]),
        ('shape={"a": 1}', {"a": 1}),
        ("any=7", 7),
        ("round=7", 7),
        ("unknown=7", 7),
        ("unknown=x", "x"),
    ],
)
def test_a_value_is_text_where_text_is_taken(word: str, value: Any) -> None:
    assert list(METHODS.params("a.do", [word]).values()) == [value]


@pytest.mark.parametrize("word", ["", "text", "=x"])
def test_a_word_that_is_no_pair_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="write it as key=value"):
        METHODS.params("a.do", [word])


def test_a_value_may_lie_in_a_file() -> None:
    assert METHODS.params("a.do", ["text=@name", 'maybe="@name"'], str.upper) == {"text": "NAME", "maybe": "@name"}
    assert METHODS.params("a.do", ["text=@name"]) == {"text": "@name"}


def test_a_method_that_is_not_there_is_told_with_those_that_are() -> None:
    METHODS.check("a.get")
    with pytest.raises(ValueError, match=r"no command a\.nope; known are a\.do, a\.get$"):
        METHODS.check("a.nope")
    with pytest.raises(ValueError, match=r"no command c\.get; known are [ab]\.get"):
        METHODS.check("c.get")
    with pytest.raises(ValueError, match=r"they begin with a, b$"):
        METHODS.check("zzzzzzz")


def test_usage_tells_what_is_needed_from_what_may_be_given() -> None:
    assert METHODS.usage("a.get") == "a.get id=..."
    assert METHODS.usage("a.do").startswith("a.do [text=...] [maybe=...]")


@given(st.text())
def test_any_text_is_a_value(text: str) -> None:
    assert METHODS.params("a.do", [f"text={text}"]).keys() == {"text"}
    spelled(text)
