"""What we say of ourselves: the methods that we serve and the extensions that we know, and a few names."""

from typing import Final

from xswitch_py.pysip.usage import Fields

__all__ = ["ABILITIES", "ALLOW", "DEPTH", "DOOR", "EXTENSIONS", "METHODS", "SUPPORTED"]

DOOR: Final = "sip"  # our name in contacts

METHODS: Final = (
    "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "UPDATE", "PRACK", "INFO", "REFER", "NOTIFY", "MESSAGE", "SUBSCRIBE",
    "REGISTER",
)  # fmt: skip
ALLOW: Final = ("Allow", ", ".join(METHODS))
EXTENSIONS: Final = ("100rel", "timer", "replaces", "norefersub", "path", "outbound")
SUPPORTED: Final = ("Supported", ", ".join(EXTENSIONS))
ABILITIES: Final[Fields] = (ALLOW, SUPPORTED)

DEPTH: Final = "X-Gw-Depth"  # how often a call came back to us, written by us and believed only from ourselves
