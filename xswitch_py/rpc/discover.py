"""The OpenRPC document (version 1.3), made of the table of methods."""

from collections.abc import Mapping
from functools import cache
from itertools import groupby
from typing import Any, Final

from pydantic import TypeAdapter

from xswitch_py.base.problem import PROBLEMS, Code
from xswitch_py.rpc.method import Method

__all__ = ["OPENRPC", "document"]

OPENRPC: Final = "1.3.2"

Json = dict[str, Any]

_REF: Final = "#/components/schemas/{model}"
_ELSEWHERE: Final = frozenset(  # refusals that only HTTP knows
    {Code.CSRF, Code.IDEMPOTENCY, Code.NOT_ACCEPTABLE, Code.PRECONDITION, Code.RANGE, Code.UNSUPPORTED, Code.TOO_LARGE}
)
_ABOUT: Final = (
    "Methods for scripts, on the WebSocket `/ws` beside Verto's and by `POST /rpc`. Parameters have names. Batches may "
    "have up to 32 members, answered in order; on the socket none of them may be Verto's. A socket has at most 64 "
    "requests under way, and the reply to each comes when it is done. `error.data.code` is a word that never changes. "
    "How an `XNode.` command went is told by the `code` of its result, which is as of HTTP."
)


def document(methods: Mapping[str, Method], version: str) -> Json:
    """Describe methods."""
    return _document(tuple(methods.values()), version)


@cache
def _document(methods: tuple[Method, ...], version: str) -> Json:
    kinds: list[tuple[Any, Any, TypeAdapter[Any]]] = []
    for method in methods:
        kinds.append(((method.name, "params"), "validation", TypeAdapter(method.params())))
        kinds.append(((method.name, "result"), "serialization", method.result()))
    found, defined = TypeAdapter.json_schemas(kinds, ref_template=_REF)
    schemas: Json = defined.get("$defs", {})
    whole = {_name(found[(method.name, "params"), "validation"]) for method in methods}  # nobody else's
    errors = _errors()
    described = [_method(method, found, schemas, errors) for method in methods]
    return {
        "openrpc": OPENRPC,
        "info": {"title": "xswitch", "version": version, "description": _ABOUT},
        "methods": described,
        "components": {
            "schemas": {name: schema for name, schema in schemas.items() if name not in whole},
            "errors": errors,
        },
    }


def _method(method: Method, found: Mapping[Any, Any], schemas: Json, errors: Json) -> Json:
    params = _resolved(found[(method.name, "params"), "validation"], schemas)
    needed = set(params.get("required", ()))
    description = {"description": method.description} if method.description else {}
    scope = {"x-scope": method.scope, "x-own": method.own} if method.scope else {}
    return {
        "name": method.name,
        "summary": method.summary,
        **description,
        "tags": [{"name": method.name.partition(".")[0]}],
        "paramStructure": "by-name",
        "params": [
            _param(name, schema, name in needed)
            for name, schema in sorted(params.get("properties", {}).items(), key=lambda item: item[0] not in needed)
        ],
        "result": {"name": "result", "schema": found[(method.name, "result"), "serialization"]},
        "errors": [{"$ref": f"#/components/errors/{name}"} for name in errors],
        **scope,
    }


def _param(name: str, schema: Json, required: bool) -> Json:
    text = {"description": schema["description"]} if "description" in schema else {}
    return {"name": name, **text, "required": required, "schema": schema}


def _resolved(schema: Json, schemas: Json) -> Json:
    """Give the schema itself."""
    named: Json = schemas[_name(schema)] if "$ref" in schema else schema
    return named


def _name(schema: Json) -> str:
    name: str = schema.get("$ref", "").rpartition("/")[2]
    return name


def _errors() -> Json:
    """One a JSON-RPC code, as OpenRPC wants it: the words that share it are listed."""
    rows = sorted((problem.rpc, code) for code, problem in PROBLEMS.items() if code not in _ELSEWHERE)
    made: Json = {}
    for number, group in groupby(rows, key=lambda row: row[0]):
        codes = [code for _, code in group]
        titles = "; ".join(PROBLEMS[code].title for code in codes)
        made[codes[0].value] = {"code": number, "message": titles, "x-codes": [code.value for code in codes]}
    return made
