"""Logging a web page's phone in."""

from pydantic import Field

from xswitch_py.models.shape import Model, Moment

__all__ = ["PhoneToken"]


class PhoneToken(Model):
    """What a phone logs in with instead of its secret, by Verto or SIP."""

    login: str
    """The name to log in with: Verto's `login`, SIP's user."""
    token: str = Field(repr=False)
    """Given as the password. Logged in with in time, it is good for reconnects while the web session lasts."""
    expires: Moment
    """When the first login must have been."""
    domain: str
    """The realm, and the domain of addresses."""
    number: str
    display_name: str
