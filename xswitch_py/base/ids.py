"""Names for the identifiers that travel through the switch."""

from typing import NewType
from uuid import uuid4

__all__ = ["BridgeId", "CallId", "LegId", "new_id"]

CallId = NewType("CallId", str)  # one call, as a record and on the bus
LegId = NewType("LegId", str)  # one leg; for Verto it is the dialog's callID
BridgeId = NewType("BridgeId", int)  # one joining of two legs' media


def new_id() -> str:
    """Make an identifier nobody else has: a random UUID as text, 36 characters."""
    return str(uuid4())
