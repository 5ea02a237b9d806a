"""The OpenRPC document says what there is, in the form that the specification asks for."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.rpc.desk import Script
from xswitch_py.core.access import Asker
from xswitch_py.jsonrpc import dump
from xswitch_py.rpc.discover import OPENRPC
from xswitch_py.rpc.methods import LATER, METHODS, NEVER, described

DOCUMENT = described("1.2.3")
BY_NAME = {method["name"]: method for method in DOCUMENT["methods"]}
# The main rules of the meta-schema of OpenRPC 1.3.
CONTENT = {
    "type": "object",
    "required": ["name", "schema"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "summary": {"type": "string"},
        "description": {"type": "string"},
        "required": {"type": "boolean"},
        "schema": {"type": ["object", "boolean"]},
        "deprecated": {"type": "boolean"},
    },
    "patternProperties": {"^x-": {}},
    "additionalProperties": False,
}
REFERENCE = {"type": "object", "required": ["$ref"], "properties": {"$ref": {"type": "string"}}}
META = {
    "type": "object",
    "required": ["openrpc", "info", "methods"],
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "properties": {
        "openrpc": {"pattern": r"^1\.3\.\d+$"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "properties": {name: {"type": "string"} for name in ("title", "version", "description")},
            "additionalProperties": False,
        },
        "methods": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "params", "result"],
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "summary": {"type": "string"},
                    "description": {"type": "string"},
                    "paramStructure": {"enum": ["by-name", "by-position", "either"]},
                    "params": {"type": "array", "items": CONTENT},
                    "result": CONTENT,
                    "tags": {"type": "array", "items": {"type": "object", "required": ["name"]}},
                    "errors": {"type": "array", "items": REFERENCE},
                },
                "patternProperties": {"^x-": {}},
                "additionalProperties": False,
            },
        },
        "components": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "schemas": {"type": "object"},
                "errors": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "required": ["code", "message"],
                        "properties": {"code": {"type": "integer"}, "message": {"type": "string"}, "data": {}},
                        "patternProperties": {"^x-": {}},
                        "additionalProperties": False,
                    },
                },
            },
        },
    },
}


def references(value: Any) -> Iterator[str]:
    """Give all references in a document."""
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from references(each)
    if isinstance(value, dict) and isinstance(value.get("$ref"), str):
        yield value["$ref"]


def schemas() -> Iterator[tuple[str, Any]]:
    """Give all schemas in the document, and where they are."""
    yield from DOCUMENT["components"]["schemas"].items()
    for method in DOCUMENT["methods"]:
        yield method["name"], method["result"]["schema"]
        for param in method["params"]:
            yield f"{method['name']} {param['name']}", param["schema"]


def test_the_document_is_as_openrpc_wants_it() -> None:
    Draft202012Validator(META).validate(DOCUMENT)
    assert DOCUMENT["openrpc"] == OPENRPC
    dump(DOCUMENT)


def test_every_method_is_in_it_once_and_what_is_refused_is_not() -> None:
    assert [method["name"] for method in DOCUMENT["methods"]] == list(METHODS)
    assert set(DOCUMENT["x-not-offered"]) == LATER | set(NEVER)
    assert all(DOCUMENT["x-not-offered"].values())
    assert not set(BY_NAME) & set(DOCUMENT["x-not-offered"])


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert found
    for reference in found:
        place: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            place = place[part.replace("~1", "/").replace("~0", "~")]


def test_every_schema_is_one() -> None:
    for _, schema in schemas():
        Draft202012Validator.check_schema(schema)


def test_names_and_error_codes_are_unique() -> None:
    for method in DOCUMENT["methods"]:
        names = [param["name"] for param in method["params"]]
        assert len(names) == len(set(names)), method["name"]
        needed = [param["required"] for param in method["params"]]
        assert needed == sorted(needed, reverse=True), method["name"]  # as the specification has it
    codes = [error["code"] for error in DOCUMENT["components"]["errors"].values()]
    assert len(codes) == len(set(codes))


def test_parameters_are_described_with_their_bounds() -> None:
    dial = BY_NAME["XNode.Dial"]
    assert [(param["name"], param["required"]) for param in dial["params"]] == [("destination", True), ("apps", False)]
    assert (dial["x-scope"], dial["x-own"], dial["summary"][:20]) == ("calls:write", True, "Make a channel: ring")
    originate = {param["name"]: param for param in BY_NAME["calls.originate"]["params"]}
    assert "from" in originate
    assert originate["from"]["required"] is True
    uuid = BY_NAME["XNode.Play"]["params"][0]
    assert (uuid["name"], uuid["schema"]["maxLength"]) == ("uuid", 128)


@pytest.mark.parametrize("name", ["rpc.discover", "events.subscribe", "events.unsubscribe", "calls.list"])
def test_what_is_ours_is_described(name: str) -> None:
    assert BY_NAME[name]["summary"]


async def test_who_is_known_may_ask_for_it(at: Script) -> None:
    found = await at.result("rpc.discover", Asker("1001", "user", frozenset()))
    assert found == DOCUMENT
