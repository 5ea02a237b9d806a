"""TLS of one connection, from bytes to bytes: no socket is touched here.

asyncio's own TLS would do, but it keeps 256 KiB for each connection, and a connection is not seen before its handshake
is done, so that nobody could count those who never do it.
"""

import ssl
from pathlib import Path
from typing import Final

from xswitch_py.base.errors import ConfigError

__all__ = ["Seal", "client_context"]


class Seal:
    """TLS over a pipe. Whatever is called, what `outgoing` gives is then to be sent."""

    __slots__ = ("_in", "_out", "_tls", "ended", "open")

    def __init__(self, context: ssl.SSLContext, *, name: str | None = None) -> None:
        """Begin as the server, or as a client that wants the certificate to be for `name`."""
        self.open = False  # the handshake is done
        self.ended = False  # the peer said goodbye
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=name is None, server_hostname=name)

    def unwrap(self, data: bytes | memoryview) -> bytes:
        """Take what came; return what it says in clear.

        Raises:
            ssl.SSLError: it is no TLS, not the TLS we speak, or the certificate is not what it should be.
        """
        self._in.write(data)
        found: list[bytes] = []
        try:
            if not self.open:
                self._tls.do_handshake()
                self.open = True
            while chunk := self._tls.read(_RECORD):
                found.append(chunk)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        return b"".join(found)

    def wrap(self, data: bytes) -> None:
        """Encrypt; only once `open`."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._tls.write(rest) :]

    def say_goodbye(self) -> None:
        """Tell the peer that this is the end, and no attack."""
        try:
            if self.open:
                self._tls.unwrap()
        except ssl.SSLError:
            pass  # the peer has not answered yet, or cannot any more

    def outgoing(self) -> bytes:
        """Give what is to be sent now."""
        return self._out.read()


def client_context(authorities: Path | None = None, *, verify: bool = True) -> ssl.SSLContext:
    """Make the context for connections of ours: TLS 1.2 at least, name and chain verified against the system's CAs.

    `authorities` is a file of more CAs to trust.

    Raises:
        ConfigError: that file cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    context.load_default_certs()
    try:
        if authorities is not None:
            context.load_verify_locations(authorities)
    except OSError as problem:  # an SSLError is one
        raise ConfigError([f"authorities {authorities}: {problem.strerror or 'no certificates in PEM'}"]) from problem
    return context


_RECORD: Final = 16_384  # bytes of clear text in one record, at most
