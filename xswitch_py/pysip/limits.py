"""How much of a message is read; what is beyond is refused, never cut silently but for display names."""

from typing import Final

__all__ = ["Limits"]


class Limits:
    """Bounds of one message. Beside each: the status that an excess deserves."""

    DATAGRAM: Final = 65_535  # bytes of a UDP or WebSocket message: 513
    STREAM: Final = 65_536  # bytes of a message on TCP or TLS: 513, and the connection ends
    HEAD: Final = 32_768  # bytes up to the blank line: 513
    LINE: Final = 8_192  # characters of a field, unfolded: 400
    LINES: Final = 200  # fields: 400
    VIAS: Final = 70  # 483
    ROUTES: Final = 20  # Routes, and Record-Routes: 400
    CONTACTS: Final = 10  # 400
    URI: Final = 1_024  # characters: 414
    DISPLAY: Final = 256  # characters: the rest is cut
    CALL_ID: Final = 256  # characters: 400
    TAG: Final = 128  # characters: 400
    DIGITS: Final = 10  # of a number: 400
    TEXT_BODY: Final = 16_384  # bytes of a MESSAGE's body: 513
    SDP_BODY: Final = 32_768  # bytes of an SDP: 513
