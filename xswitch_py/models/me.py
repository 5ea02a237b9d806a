"""Who somebody is, and their password."""

from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from xswitch_py.models.shape import Model

__all__ = ["Login", "Me", "PasswordChange"]


class Login(Model):
    """What one proves oneself with on a web page."""

    user: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    """The name, with or without the domain."""
    password: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class Me(Model):
    """Who asks."""

    name: str
    """The user, or the id of the API key."""
    user: str | None
    """The person: whose session it is, or who made the key."""
    display_name: str
    role: str
    scopes: list[str]
    """What they may do; `:own` behind a scope is what is theirs alone, `__ANY__` is everything."""
    number: str | None
    """What they are called by; who has none has no phone."""
    domain: str
    csrf: str | None = Field(default=None, repr=False)
    """In a session: what each request that changes something must bring as `X-CSRF-Token`."""


class PasswordChange(Model):
    """Another password for web pages. All other sessions of the user end."""

    old_password: Annotated[SecretStr, Field(min_length=1, max_length=200)]
    new_password: Annotated[SecretStr, Field(min_length=8, max_length=200)]
