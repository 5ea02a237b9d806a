"""What can go wrong, as one tree.

    XSwitchError
    ├── ConfigError         what the operator wrote cannot be used
    ├── ProtocolError       a peer sent what it may not send, or not now
    ├── CallError           a call cannot go on; carries the cause every door answers with
    │   ├── MediaError      no codec in common, or an SDP nobody can use
    │   └── LegEnded        the leg somebody worked on is gone
    ├── AuthError           who asks is not who they say, or may not
    ├── Refused             what a program asked for cannot be done; carries the word that says why
    └── StoreError          the database cannot do it
        └── Taken           the name is somebody's already

A refusal is raised once, with its cause, and each door finds its own words in `base.cause.CAUSES`.
"""

from typing import Any

from xswitch_py.base.cause import Cause
from xswitch_py.base.problem import Code

__all__ = [
    "AuthError",
    "CallError",
    "ConfigError",
    "LegEnded",
    "MediaError",
    "ProtocolError",
    "Refused",
    "StoreError",
    "Taken",
    "XSwitchError",
]


class XSwitchError(Exception):
    """The root of our errors. Its text may be shown to an operator, never to a peer."""


class ConfigError(XSwitchError):
    """What the operator wrote cannot be used; `problems` holds one line each, all found at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ProtocolError(XSwitchError):
    """A peer sent what it may not send, or not in this state. Nothing has changed."""


class CallError(XSwitchError):
    """A call cannot go on."""

    def __init__(self, cause: Cause, text: str = "") -> None:
        super().__init__(text or cause.value)
        self.cause = cause


class MediaError(CallError):
    """The media cannot be agreed or set up."""

    def __init__(self, text: str, cause: Cause = Cause.INCOMPATIBLE_DESTINATION) -> None:
        super().__init__(cause, text)


class LegEnded(CallError):
    """The leg somebody worked on ended, or was taken into another call."""


class AuthError(XSwitchError):
    """Who asks is not who they say, or may not do this."""


class StoreError(XSwitchError):
    """The database cannot do what was asked."""


class Taken(StoreError):
    """Somebody has that name or number already."""


class Refused(XSwitchError):
    """What a program asked for cannot be done. Its text is for the one who asked; `facts` go with it, as JSON."""

    def __init__(self, code: Code, detail: str = "", **facts: Any) -> None:
        super().__init__(detail or code.value)
        self.code, self.detail, self.facts = code, detail, facts
