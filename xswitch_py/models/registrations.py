"""Where users can be reached."""

from xswitch_py.models.shape import Model, Moment

__all__ = ["Device", "Registration"]


class Device(Model):
    """A place where a user can be reached now. What is empty is not known."""

    id: str
    """The same for as long as the phone stays where it is."""
    door: str
    url: str
    host: str
    transport: str
    agent: str
    until: Moment | None
    """Null: for as long as its connection lasts."""


class Registration(Device):
    """A place where somebody can be reached now."""

    user: str
