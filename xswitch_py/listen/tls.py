"""How much memory asyncio spends on each TLS connection: the one place where that is changed."""

from asyncio import sslproto
from typing import Final

__all__ = ["spare_memory"]

RECORD: Final = 16_384  # bytes of one TLS record, at most


def spare_memory() -> None:
    """Let asyncio read TLS in pieces of one record: it keeps as much for each connection, for as long as it lasts.

    It says 256 KiB and lets nobody choose; of a thousand phones that only wait for calls, that is a quarter of a
    gigabyte. This is for the whole process, and harmless to others in it; with uvloop it changes nothing.
    """
    sslproto.SSLProtocol.max_size = RECORD
