"""Links that are good for a while without a key or a session: who was given one need not prove who they are."""

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Links"]

_LONGEST: Final = 100  # characters of a signature; ours are shorter


@dataclass(frozen=True, slots=True)
class Links:
    """Signs links, and knows its own again; those of another start of the switch are no good. Times: Unix seconds."""

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def sign(self, what: str, by: str, expires: int) -> str:
        """Sign that whoever brings this may have `what` until then, as `by` wanted it."""
        text = "\n".join((str(expires), by, what))  # a line break is in neither number nor name
        return hmac.digest(self.secret, text.encode("utf-8", "surrogateescape"), "sha256").hex()

    def good(self, what: str, by: str, expires: int, signature: str, now: float) -> bool:
        """Say whether this was signed, and is not over."""
        if now >= expires or len(signature) > _LONGEST:
            return False
        ours = self.sign(what, by, expires)
        return hmac.compare_digest(ours.encode(), signature.encode("utf-8", "surrogateescape"))
