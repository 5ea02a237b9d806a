"""What can be wrong with what a peer sent, and the answer it deserves."""

from dataclasses import dataclass

__all__ = ["BadMessage", "SipError"]


class SipError(Exception):
    """Root of the errors of this library."""


@dataclass(slots=True)
class BadMessage(SipError):
    """A message, or a part of one, that cannot be served.

    `status` is the answer it deserves, 0 for none: drop it (on a stream: close). `text` is for the log and for the
    reason phrase, and holds nothing that the peer wrote. When there is something to answer, `method` is the request's
    and `echo` the fields that the answer repeats, as (name, value): see `compose.refusal`.
    """

    status: int
    text: str
    method: str = ""
    echo: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.status} {self.text}"
