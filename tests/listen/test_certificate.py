"""The certificate of the TLS ports: made, loaded, and believed by a client that trusts nothing else."""

import ssl
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from xswitch_py.base.errors import ConfigError
from xswitch_py.listen.certificate import ensure, make, public_part, ssl_context, temporary_context


def shake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """Run a TLS handshake in memory; raises what the client thinks of the server."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname=name)
    for side in (theirs, ours) * 3:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


def trusting(pem: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=pem)


@pytest.mark.parametrize(
    "name", ["localhost", "127.0.0.1", "::1", "pbx.example.org", "192.0.2.1", "b\u00fccher.example"]
)
def test_a_client_that_trusts_only_this_certificate_believes_every_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "wss.pem"
    make(path, "pbx.example.org", "192.0.2.1", "b\u00fccher.example", "localhost")
    shake(ssl_context(path), trusting(public_part(path)), name)


def test_another_name_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "wss.pem"
    make(path)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for 'example\.org'"):
        shake(ssl_context(path), trusting(public_part(path)), "example.org")
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        shake(ssl_context(path), ssl.create_default_context(), "localhost")


def test_only_the_owner_reads_the_file_and_only_a_missing_one_is_made(tmp_path: Path) -> None:
    """X22."""
    path = tmp_path / "new" / "wss.pem"
    assert ensure(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["wss.pem"]
    before = path.read_bytes()
    assert not ensure(path)
    assert path.read_bytes() == before


def test_the_text_for_clients_holds_no_key(tmp_path: Path) -> None:
    path = tmp_path / "wss.pem"
    make(path)
    path.write_text(path.read_text() * 2)
    assert public_part(path).count("BEGIN CERTIFICATE") == 2
    assert "PRIVATE" in path.read_text()
    assert "PRIVATE" not in public_part(path)


def test_a_temporary_certificate_leaves_nothing_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    server, pem = temporary_context("pbx.example.org")
    assert list(tmp_path.iterdir()) == []
    shake(server, trusting(pem), "pbx.example.org")


def encrypted() -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "no key and certificate"), (b"junk\xff", "no key and certificate"), (None, "No such file")],
)
def test_a_bad_file_is_said_clearly(tmp_path: Path, content: bytes | None, problem: str) -> None:
    path = tmp_path / "wss.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=problem):
        ssl_context(path)


def test_an_encrypted_key_is_said_clearly(tmp_path: Path) -> None:
    path = tmp_path / "wss.pem"
    make(path)
    path.write_bytes(encrypted() + path.read_bytes())
    with pytest.raises(ConfigError, match="encrypted"):
        ssl_context(path)


def test_a_key_of_another_certificate_is_said_clearly(tmp_path: Path) -> None:
    one, other = tmp_path / "one.pem", tmp_path / "other.pem"
    make(one)
    make(other)
    key = one.read_text().split("-----BEGIN CERTIFICATE")[0]
    one.write_text(key + public_part(other))
    with pytest.raises(ConfigError, match="belong together"):
        ssl_context(one)


def test_a_folder_that_cannot_be_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"certificate .*wss\.pem: "):
        make(tmp_path / "file" / "wss.pem")
