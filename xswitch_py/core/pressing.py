"""Digits said one after the other, where they do not go in the media."""

import asyncio
from collections.abc import Callable
from typing import Final

from xswitch_py.base.errors import ProtocolError
from xswitch_py.media.dtmf import DIGITS

__all__ = ["press_all"]

_QUEUE: Final = 32  # digits at once
_PAUSES: Final = {"w": 0.5, "W": 1.0}  # seconds
_GAP: Final = 0.06  # seconds between digits


def press_all(digits: str, ms: int, press: Callable[[str, int], None]) -> None:
    """Press digits, each when the one before is over; `w` and `W` wait (see `Media`).

    Raises:
        ProtocolError: these are no digits, or too many.
    """
    if len(digits) > _QUEUE or not all(sign in _PAUSES or sign.upper() in DIGITS for sign in digits):
        raise ProtocolError("these are no digits, or too many")
    at = 0.0  # seconds
    for sign in digits:
        if sign in _PAUSES:
            at += _PAUSES[sign]
            continue
        if at:
            asyncio.get_running_loop().call_later(at, press, sign.upper(), ms)
        else:
            press(sign.upper(), ms)
        at += ms / 1000 + _GAP
