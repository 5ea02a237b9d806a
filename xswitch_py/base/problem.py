"""Why a program is refused: one table in the words of HTTP (RFC 9457) and JSON-RPC."""

from enum import StrEnum
from typing import Final, NamedTuple

__all__ = ["PROBLEMS", "Code", "Problem"]


class Problem(NamedTuple):
    """One reason: the HTTP status, the JSON-RPC error code, and a title for people."""

    status: int
    rpc: int
    title: str


class Code(StrEnum):
    """The word for machines: `code` in problem details, `error.data.code` in JSON-RPC. Words are only ever added."""

    MALFORMED = "malformed"
    NOT_AUTHENTICATED = "not_authenticated"
    FORBIDDEN = "forbidden"
    CSRF = "csrf"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    CONFLICT = "conflict"
    TAKEN = "taken"
    IDEMPOTENCY = "idempotency_key_reused"
    PRECONDITION = "precondition_failed"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported_media_type"
    RANGE = "range_not_satisfiable"
    INVALID = "invalid"
    TOO_MANY = "too_many_requests"
    CALL_FAILED = "call_failed"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


PROBLEMS: Final[dict[Code, Problem]] = {
    Code.MALFORMED: Problem(400, -32700, "The request cannot be read"),
    Code.NOT_AUTHENTICATED: Problem(401, -32001, "Who you are is not known"),
    Code.FORBIDDEN: Problem(403, -32003, "You may not do this"),
    Code.CSRF: Problem(403, -32003, "The request does not prove that it comes from our own pages"),
    Code.NOT_FOUND: Problem(404, -32004, "There is no such thing"),
    Code.METHOD_NOT_ALLOWED: Problem(405, -32601, "This cannot be done to that"),
    Code.NOT_ACCEPTABLE: Problem(406, -32600, "There is no answer of the kind you accept"),
    Code.CONFLICT: Problem(409, -32009, "Not in this state"),
    Code.TAKEN: Problem(409, -32009, "The name is taken"),
    Code.IDEMPOTENCY: Problem(422, -32009, "The idempotency key was used for another request"),
    Code.PRECONDITION: Problem(412, -32012, "It has changed meanwhile"),
    Code.TOO_LARGE: Problem(413, -32013, "The request is too large"),
    Code.UNSUPPORTED: Problem(415, -32600, "The body is of a kind that is not taken"),
    Code.RANGE: Problem(416, -32600, "There is no such range"),
    Code.INVALID: Problem(422, -32602, "What was given cannot be used"),
    Code.TOO_MANY: Problem(429, -32029, "Too many requests"),
    Code.CALL_FAILED: Problem(502, -32002, "The call failed"),
    Code.INTERNAL: Problem(500, -32603, "An error of ours"),
    Code.UNAVAILABLE: Problem(503, -32053, "Not at the moment"),
}
