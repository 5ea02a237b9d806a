"""API keys: what scripts prove themselves with."""

from ipaddress import ip_network
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from xswitch_py.base.records import ApiKey
from xswitch_py.models.shape import Model, Moment, Text

__all__ = ["KeyMade", "KeyShown", "NewKey"]


def _network(text: str) -> str:
    return str(ip_network(text))


Scope = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[\w:]+$")]
Network = Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9A-Fa-f.:/]+$"), AfterValidator(_network)]


class NewKey(Model):
    """A key to be made. It can do no more than who makes it, now and later."""

    name: Annotated[Text, Field(min_length=1)]
    """What it is for."""
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=100)]
    """What it may do, such as `calls:read`; `__ANY__` is all that its owner may."""
    expires: AwareDatetime | None = None
    """When it ends by itself."""
    networks: Annotated[list[Network], Field(max_length=32)] = Field(default_factory=list)
    """Where it may be used from, such as `192.0.2.0/24`; none: anywhere."""


class KeyShown(Model):
    """A key, without its secret."""

    id: str
    """`key_...`"""
    name: str
    """What it is for."""
    owner: str
    """The user who made it: their role bounds what it may do."""
    scopes: list[str]
    """What it may do; none, or `__ANY__`, is all that its owner may."""
    networks: list[str]
    """Where it may be used from; none: anywhere."""
    created: Moment
    expires: Moment | None
    """When it ends by itself."""
    used: Moment | None
    """When it was used last, more or less."""

    @classmethod
    def of(cls, key: ApiKey, **more: str) -> Self:
        """Show a row of the database."""
        members = ("id", "name", "owner", "created", "expires", "used")
        lists = {"scopes": list(key.scopes), "networks": list(key.networks)}
        return cls.model_validate({name: getattr(key, name) for name in members} | lists | more)


class KeyMade(KeyShown):
    """A key that was made now, with its secret: it is not shown again."""

    secret: str = Field(repr=False)
    """`xs_...`: comes as `Authorization: Bearer xs_...`."""
