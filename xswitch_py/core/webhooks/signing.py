"""How a delivery proves whose it is: Standard Webhooks, symmetric signatures (`v1`)."""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

__all__ = ["key_of", "new_secret", "signed"]

PREFIX: Final = "whsec_"
LEAST: Final = 24  # bytes of a secret; Standard Webhooks sets both
MOST: Final = 64


def new_secret() -> str:
    """Make up a secret, as it is shown to who is to check signatures."""
    return PREFIX + base64.b64encode(secrets.token_bytes(LEAST)).decode()


def key_of(secret: str) -> bytes:
    """Return the bytes that a secret stands for.

    Raises:
        ValueError: it is none.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not LEAST <= len(key) <= MOST:
        raise ValueError(f"a secret is {PREFIX} and the base64 of {LEAST} to {MOST} bytes")
    return key


def signed(key: bytes, id: str, at: int, body: bytes) -> dict[str, str]:
    """Give the headers of a delivery that is sent at a time, in Unix seconds."""
    content = f"{id}.{at}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": f"v1,{signature}"}
