"""Answering scripts: the same for HTTP and for sockets."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

import structlog

from xswitch_py.base.errors import Refused, StoreError, Taken
from xswitch_py.base.problem import PROBLEMS, Code
from xswitch_py.core.access import Asker
from xswitch_py.core.commands.desk import Desk
from xswitch_py.jsonrpc import Handler, RpcError, answer, error_reply
from xswitch_py.rpc.method import Asking, Listener
from xswitch_py.rpc.methods import METHODS, described, refusal

__all__ = ["IN_FLIGHT", "Rpc", "Unserved", "refused"]

log = structlog.get_logger("xswitch.rpc")

IN_FLIGHT: Final = 64  # requests of one connection, or of one asker over HTTP

Json = dict[str, Any]
Unserved = Json | list[Json] | None

_WORDS: Final = {-32700: Code.MALFORMED, -32600: Code.MALFORMED, -32602: Code.INVALID, -32603: Code.INTERNAL}
_XCC: Final = "XNode."
_WORTH: Final = 100  # members of one request that are told to be wrong


class Rpc:
    """Answers requests at a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._busy = Counter[str]()  # requests under way over HTTP, by who asks

    def knows(self, method: str) -> bool:
        """Say whether we have an answer to this name, be it a refusal."""
        return method in METHODS or method.startswith(_XCC)

    def document(self) -> Json:
        """Return the OpenRPC document."""
        return described(self.desk.version)

    async def answer(self, message: Any, who: Asker, listener: Listener | None = None) -> Unserved:
        """Answer a request, or a batch of them in order; None where nothing must be said. Never raises.

        `message` is what `jsonrpc.parse` gave; only to a `listener` can be told what happens.
        """
        if listener is not None:
            return await self._answer(message, who, listener)
        if self._busy[who.name] >= IN_FLIGHT:
            return refused(message, Refused(Code.TOO_MANY, "too many requests are under way", retry_after=1))
        self._busy[who.name] += 1
        try:
            return await self._answer(message, who, None)
        finally:
            self._busy[who.name] -= 1
            self._busy += Counter()  # forgets those who have none

    async def _answer(self, message: Any, who: Asker, listener: Listener | None) -> Unserved:
        reply = await answer(message, _HANDLERS, Asking(self.desk, who, listener))
        for one in reply if isinstance(reply, list) else (reply,):
            if one is not None and "error" in one and "data" not in one["error"]:
                one["error"]["data"] = {"code": _WORDS.get(one["error"]["code"], Code.INTERNAL).value}
        return reply


def refused(message: Any, why: Refused) -> Unserved:
    """Refuse a whole message: each request of it that wants a reply."""
    members = message if isinstance(message, list) else [message]
    wanted = [member["id"] for member in members if isinstance(member, dict) and "id" in member and "method" in member]
    replies = [error_reply(_id(each), _error(why)) for each in wanted]
    if not isinstance(message, list):
        return replies[0] if replies else None
    return replies or None


class _Handlers(Mapping[str, Handler]):
    """A handler for every name: those that are no methods refuse, and say why."""

    def __getitem__(self, name: str) -> Handler:
        return partial(_run, name)

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(METHODS)

    def __len__(self) -> int:
        return len(METHODS)


_HANDLERS: Final = _Handlers()


async def _run(name: str, asking: Asking, /, **params: Any) -> Any:
    if (method := METHODS.get(name)) is None:
        raise refusal(name)
    try:
        return await method(asking, params)
    except Refused as error:
        raise _error(error) from error
    except Taken as error:
        raise _error(Refused(Code.TAKEN, str(error))) from error
    except StoreError as error:
        log.error("the database cannot do it", error=str(error))
        raise _error(Refused(Code.UNAVAILABLE)) from error
    except Exception as error:
        log.exception("method failed", method=name)
        raise _error(Refused(Code.INTERNAL, PROBLEMS[Code.INTERNAL].title)) from error


def _error(why: Refused) -> RpcError:
    row, facts = PROBLEMS[why.code], dict(why.facts)
    if isinstance(errors := facts.get("errors"), list):
        facts["errors"] = errors[:_WORTH]
    return RpcError(row.rpc, why.detail or row.title, data={**facts, "code": why.code.value})


def _id(value: Any) -> Any:
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None
