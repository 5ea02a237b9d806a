"""Phone secrets: kept as the digests that SIP and Verto can check, never as text."""

from hashlib import md5, sha256

__all__ = ["ha1", "ha1_pair"]


def ha1(algorithm: str, name: str, realm: str, password: str) -> str:
    """Compute H(A1) of RFC 7616 section 3.4.2, in hexadecimal; `algorithm` is `MD5` or `SHA-256`."""
    text = f"{name}:{realm}:{password}".encode("utf-8", "surrogatepass")
    if algorithm == "SHA-256":
        return sha256(text).hexdigest()
    if algorithm == "MD5":
        return md5(text, usedforsecurity=False).hexdigest()
    raise ValueError(f"no such digest: {algorithm}")


def ha1_pair(name: str, realm: str, password: str) -> tuple[str, str]:
    """Compute what a `User` keeps of a phone secret: `ha1_md5` and `ha1_sha256`."""
    return ha1("MD5", name, realm, password), ha1("SHA-256", name, realm, password)
