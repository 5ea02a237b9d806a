"""SDP to objects and back (RFC 8866), with what WebRTC and SIP write into it; nothing here judges what was offered."""

from xswitch_py.base.sdp.model import (
    STATIC,
    Candidate,
    Fingerprint,
    Format,
    Limits,
    Origin,
    Section,
    Session,
    parameters,
)
from xswitch_py.base.sdp.read import parse
from xswitch_py.base.sdp.write import serialise

__all__ = [
    "STATIC",
    "Candidate",
    "Fingerprint",
    "Format",
    "Limits",
    "Origin",
    "Section",
    "Session",
    "parameters",
    "parse",
    "serialise",
]
