"""What many commands are given: pages to begin where one ended, and members of a change that may be left out."""

from typing import Annotated, Any, Final

from pydantic import Field, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

__all__ = ["NO_OTHERS", "SECRET", "Cursor", "Id", "Limit", "left_out"]

Limit = Annotated[int, Field(ge=1, le=500)]  # items in a page
Cursor = Annotated[str | None, Field(max_length=200)]  # `next_cursor` of the page before
Id = Annotated[str, StringConstraints(max_length=100)]  # what is to be found


class _NoOthers:
    """Says in the schema of a mapping that names which do not fit are refused, as they are."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "additionalProperties": False}


class _Secret:
    """Says in the schema of a text that it is never shown: forms hide it."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "format": "password", "writeOnly": True}


NO_OTHERS: Final = _NoOthers()
SECRET: Final = _Secret()


def left_out(*, repr: bool = True) -> Any:
    """Make a member of a change that may be left out: what it is about then stays as it is.

    Null is not the same, and taken only where its type says so. Nobody is told of a default, since there is none that
    would be set. A secret has no `repr`.
    """
    return Field(default=None, repr=repr, json_schema_extra=_no_default)


def _no_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)
