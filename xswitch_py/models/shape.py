"""What all shapes share."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, core_schema

__all__ = ["Item", "Model", "Moment", "Name", "Page", "Text", "moment"]

Item = TypeVar("Item")

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


def moment(seconds: float) -> datetime:
    """Give Unix seconds as a UTC time, in milliseconds."""
    return datetime.fromtimestamp(round(seconds, 3), UTC)


def _moment(value: object) -> object:
    return moment(value) if isinstance(value, int | float) else value


def _mean_it(schema: Any, numbers: bool) -> None:
    """Let a schema of pydantic-core take for a time, a number or a truth value only what is one in JSON."""
    if isinstance(schema, dict):
        kind = schema.get("type") if schema.get("strict") is None else None
        if numbers and kind in ("bool", "int", "float"):
            schema["strict"] = True
        if (numbers and kind == "int") or kind == "datetime":
            plain = {**schema, "strict": kind == "int"}
            before = _whole if kind == "int" else _written
            schema.clear()
            schema.update(core_schema.no_info_before_validator_function(before, plain))
        else:
            for part in schema.values():
                _mean_it(part, numbers)
    elif isinstance(schema, list | tuple):
        for part in schema:
            _mean_it(part, numbers)


def _whole(value: object) -> object:
    """Take 5.0 for 5: in JSON they are one number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _written(value: object) -> object:
    """Take no number for a time, as pydantic would."""
    if not isinstance(value, datetime) and not (isinstance(value, str) and _DATE.match(value)):
        raise ValueError("must be a time as in RFC 3339")
    return value


Moment = Annotated[datetime, BeforeValidator(_moment)]  # given as Unix seconds too; RFC 3339 in JSON
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w.+~!*'-]+$")]
Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]  # one line


class Model(BaseModel):
    """A shape. Unknown members are refused: who misspells one shall hear of it; and 0 is not false."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        ser_json_inf_nan="null",
        use_attribute_docstrings=True,
        defer_build=True,  # until it is wanted: all of them at once would hold up every start
    )

    as_text: ClassVar[bool] = False
    """Whether its members come as texts, as in a query."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Take no number for a truth value or a time, and no text for a number."""
        schema = handler(source)
        _mean_it(schema, numbers=not cls.as_text)
        return schema


class Page(Model, Generic[Item]):
    """Some items of a list, and where the next ones begin."""

    model_config = ConfigDict(use_attribute_docstrings=False)  # they cost a search of all modules for each kind of page

    items: list[Item]
    next_cursor: str | None = Field(
        default=None, description="Given as `cursor` it leads to the next page; null on the last one."
    )
    total: int | None = Field(default=None, description="How many there are in all, where that was asked for.")
