"""Who is kept out."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

from xswitch_py.models.shape import Model, Moment, Text

__all__ = ["Block", "NewBlock", "source_of"]

_WHOLE: Final = 64  # bits of an IPv6 address that are one source: more of them cost nobody anything


def source_of(text: str) -> str:
    """Write a source as it is counted; raises ValueError if it can be none."""
    try:
        if ":" not in text:
            return str(IPv4Address(text))
        address, _, bits = text.partition("/")
        if bits in ("", str(_WHOLE)):
            found = IPv6Address(address)
            whole = IPv6Network((int(found) >> _WHOLE << _WHOLE, _WHOLE))
            return str(whole if found.ipv4_mapped is None or bits else found.ipv4_mapped)
    except ValueError:
        pass
    raise ValueError("must be an IPv4 address, an IPv6 address, or the /64 of one")


class Block(Model):
    """A source that nothing is taken from."""

    source: str
    """An IPv4 address, or the /64 of an IPv6 address."""
    reason: str
    """What it did, or what somebody wrote who blocked it."""
    count: int
    """How often it did; 0: somebody blocked it."""
    since: Moment
    until: Moment
    """When it is let in again."""


class NewBlock(Model):
    """A source to take nothing from."""

    source: Annotated[str, StringConstraints(min_length=2, max_length=64), AfterValidator(source_of)]
    """An IPv4 address, or an IPv6 address, which stands for its /64."""
    seconds: Annotated[float, Field(ge=1, le=366 * 86_400)] = 3600.0
    """For how long."""
    reason: Text = "blocked"
    """For people."""
