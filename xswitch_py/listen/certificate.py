"""The certificate of the TLS ports: `wss.pem`, key and chain in one file, made self-signed when missing."""

import os
import ssl
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from xswitch_py.base.errors import ConfigError

__all__ = ["About", "about", "ensure", "make", "public_part", "renew", "ssl_context", "temporary_context"]

LIFE: Final = timedelta(days=397)  # Apple's systems refuse certificates that live longer
ALWAYS: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class About:
    """What a certificate says."""

    names: tuple[str, ...]  # host names in lower case, and IP addresses
    until: datetime
    self_signed: bool


def about(text: str) -> About:
    """Read the first certificate of a PEM text; raises ValueError if there is none."""
    found = x509.load_pem_x509_certificate(text.encode())
    return About(tuple(_names(found)), found.not_valid_after_utc, found.issuer == found.subject)


def make(path: Path, *names: str) -> None:
    """Write a new key and a certificate it has signed itself, for `names` and this very computer.

    `names` are host names and IP addresses. Only the owner may read the file; it is there whole or not at all.
    A client that trusts nothing but this certificate can verify us with it.

    Raises:
        ConfigError: the file cannot be written.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem += _certificate(key, names).public_bytes(Encoding.PEM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".wss-")  # mode 0600
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        os.replace(draft, path)
    except OSError as problem:
        raise ConfigError([f"certificate {path}: {problem.strerror}"]) from problem


def ensure(path: Path, *names: str) -> bool:
    """Make the file if it is missing; tells whether it did."""
    if path.exists():
        return False
    make(path, *names)
    return True


def ssl_context(path: Path) -> ssl.SSLContext:
    """Load key and chain for a server.

    Raises:
        ConfigError: the file cannot be read or is no such pair.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(path, password=_no_password)
    except ssl.SSLError as problem:
        raise ConfigError([f"certificate {path}: no key and certificate in PEM that belong together"]) from problem
    except (OSError, ValueError) as problem:
        raise ConfigError([f"certificate {path}: {getattr(problem, 'strerror', None) or problem}"]) from problem
    return context


def renew(context: ssl.SSLContext, path: Path) -> None:
    """Load key and chain anew into a context in use: connections that come from now on see them.

    Raises:
        ConfigError: the file cannot be read or is no such pair; the context still has the old one.
    """
    ssl_context(path)  # tells what is wrong before anything is changed
    context.load_cert_chain(path, password=_no_password)


def public_part(path: Path) -> str:
    """Return the certificates of the file as PEM, without the key: what a client needs to trust us."""
    text = path.read_text("ascii", "replace")
    return "".join(part[: part.index(_END) + len(_END)] + "\n" for part in _parts(text) if _END in part)


def temporary_context(*names: str) -> tuple[ssl.SSLContext, str]:
    """Make a certificate that leaves nothing on disk: the context that holds it, and its `public_part`."""
    with tempfile.TemporaryDirectory(prefix="xswitch-") as folder:
        path = Path(folder, "wss.pem")
        make(path, *names)
        return ssl_context(path), public_part(path)


_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"


def _parts(text: str) -> list[str]:
    return [_BEGIN + part for part in text.split(_BEGIN)[1:]]


def _names(found: x509.Certificate) -> list[str]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [
        *map(str.lower, names.get_values_for_type(x509.DNSName)),
        *map(str, names.get_values_for_type(x509.IPAddress)),
    ]


def _certificate(key: ec.EllipticCurvePrivateKey, names: Iterable[str]) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "xswitch self-signed")])
    now = datetime.now(UTC)
    known = dict.fromkeys([*ALWAYS, *names])
    public = key.public_key()
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)  # signs data and certificates
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # for a client whose clock is behind
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([_alternative(text) for text in known]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode() if not name.isascii() else name)


def _no_password() -> str:
    """Keep OpenSSL from asking on the terminal."""
    raise ValueError("the key is encrypted")
