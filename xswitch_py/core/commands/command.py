"""A command: one function that every door calls, with the scope that it needs and the shape of what it is given."""

import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeVar, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError, create_model

from xswitch_py.base.errors import CallError, Refused
from xswitch_py.base.problem import Code
from xswitch_py.base.records import AuditEntry
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.desk import Desk
from xswitch_py.models.shape import Model

__all__ = ["Command", "command", "pointer"]

P = ParamSpec("P")
R = TypeVar("R")

Function = Callable[Concatenate[Desk, Asker, P], Awaitable[R]]

_READ: Final = ":read"
_NAMES: Final = ("name", "source", "to", "from_")


class _Params(Model):
    model_config = ConfigDict(use_attribute_docstrings=False)  # the members bring theirs, and there is no source


class Command(Generic[P, R]):
    """Something that the switch can be told. Called with the desk and who asks; then what the function takes."""

    def __init__(self, name: str, scope: str, function: Function[P, R], own: bool, quiet: bool) -> None:
        self.name, self.scope, self.own = name, scope, own
        self._audited = not quiet and not scope.endswith(_READ)
        self.function = function
        self.summary, _, self.description = (inspect.getdoc(function) or "").partition("\n")
        hints = get_type_hints(function, include_extras=True)
        self.returns: Any = hints.pop("return")
        parameters = inspect.signature(function).parameters.values()
        given = [one for one in parameters if one.name in hints and hints[one.name] not in (Desk, Asker)]
        self.shapes: dict[str, type[Model]] = {  # parameters whose members are given among the others
            one.name: hints[one.name] for one in given if _is_model(hints[one.name])
        }
        self.plain: dict[str, Any] = {  # the others
            one.name: (hints[one.name], ... if one.default is one.empty else one.default)
            for one in given
            if one.name not in self.shapes
        }

    @cached_property
    def params(self) -> type[Model]:
        """The shape of all that it is given, flat. Made when it is wanted: all of them would hold up every start."""
        fields = dict(self.plain)
        for shape in self.shapes.values():
            fields |= {name: (info.annotation, info) for name, info in shape.model_fields.items()}
        return create_model(f"{self.name}.params", __base__=_Params, **fields)

    @cached_property
    def result(self) -> TypeAdapter[Any]:
        """The shape of what it gives."""
        return TypeAdapter(self.returns)

    async def __call__(self, desk: Desk, who: Asker, *args: P.args, **kwargs: P.kwargs) -> R:
        """Do it, and keep in mind who did, unless it only reads.

        Raises:
            Refused: it may not, or cannot, be done.
        """
        outcome = "done"
        try:
            if not (who.may(self.scope) or (self.own and who.may_own(self.scope))):
                raise Refused(Code.FORBIDDEN, f"this needs {self.scope}")
            return await self.function(desk, who, *args, **kwargs)
        except Refused as refused:
            outcome = refused.code.value
            raise
        except CallError as error:
            outcome = Code.CALL_FAILED.value
            raise Refused(Code.CALL_FAILED, str(error), cause=error.cause.value) from error
        except BaseException:
            outcome = "failed"
            raise
        finally:
            if self._audited or outcome == Code.FORBIDDEN:
                target = _target(args, kwargs)
                desk.audit(AuditEntry(0, time.time(), who.name, who.role, who.host, self.name, target, outcome))

    async def ask(self, desk: Desk, who: Asker, params: Mapping[str, Any]) -> Any:
        """Do it with members as JSON has them; give plain JSON back.

        Raises:
            Refused: as above, and INVALID with a JSON pointer for each member that cannot be used.
        """
        try:
            read = self.params.model_validate(dict(params))
        except ValidationError as error:
            errors = [{"pointer": pointer(one["loc"]), "detail": one["msg"]} for one in error.errors()]
            raise Refused(Code.INVALID, "some members cannot be used", errors=errors) from None
        given: dict[str, Any] = {name: getattr(read, name) for name in self.plain}
        for name, shape in self.shapes.items():
            members = {each: getattr(read, each) for each in shape.model_fields if each in read.model_fields_set}
            given[name] = shape.model_construct(_fields_set=set(members), **(_defaults(shape) | members))
        result = await self(desk, who, **given)  # type: ignore[call-arg]  # the names are the function's own
        return self.result.dump_python(result, mode="json", by_alias=True)


def command(
    name: str, scope: str, *, own: bool = False, quiet: bool = False
) -> Callable[[Function[P, R]], Command[P, R]]:
    """Make a function a command; the first line of its docstring is its summary.

    With `own` it also serves those who may only touch what is theirs, and looks after that itself (`Asker.only`). A
    `quiet` one changes nothing worth keeping in mind.
    """

    def make(function: Function[P, R]) -> Command[P, R]:
        return Command(name, scope, function, own, quiet)

    return make


def pointer(where: tuple[int | str, ...]) -> str:
    """Write a place in JSON as a pointer (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in where)


def _is_model(kind: object) -> bool:
    return inspect.isclass(kind) and issubclass(kind, Model)


def _defaults(shape: type[Model]) -> dict[str, Any]:
    fields = shape.model_fields.items()
    return {name: info.get_default(call_default_factory=True) for name, info in fields if not info.is_required()}


def _target(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Name what a command was about: its first plain text, or else what the first of its shapes is called."""
    given = (*args, *kwargs.values())
    named = (getattr(one, word, None) for one in given if isinstance(one, Model) for word in _NAMES)
    return next((one[:100] for one in (*given, *named) if isinstance(one, str)), "")
