"""What `xswitch doctor` finds out by itself: each thing that can be wrong is put wrong, and found."""

import os
import resource
import shutil
import socket
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.cli.shell import ROOT
from xswitch_py import app_checks as checks
from xswitch_py import config
from xswitch_py.app_checks import Check
from xswitch_py.listen import certificate

STRANGE = "203.0.113.7"  # no address of this computer (RFC 5737)


class House:
    """A set-up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "state"
        self.folder.mkdir(mode=0o700)

    def found(self, name: str, *settings: str, running: bool = False) -> list[Check]:
        """Examine it; gives the checks of this name."""
        free = ["listen.http=127.0.0.1:0", "listen.https=127.0.0.1:0", "media.webrtc_port=0"]
        off = [f"listen.sip_{kind}=" for kind in ("udp", "tcp", "tls")]
        read = config.load(None, [f"store.path={self.folder}/x.db", *free, *off, *settings], {})
        every = list(checks.judge(read, running=running))
        assert all(bool(check.fix) == (check.state in ("warn", "fail")) for check in every)
        return [check for check in every if check.name == name]

    def one(self, name: str, *settings: str, running: bool = False) -> tuple[str, str]:
        """Give the state and the text of the only check of this name."""
        (check,) = self.found(name, *settings, running=running)
        return check.state, check.text

    def certificate(self, *names: str, days: float = 365, issuer: str = "somebody") -> None:
        """Make one."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject, signer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("us", issuer))
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(signer)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
        path = self.folder / "wss.pem"
        path.write_bytes(pem)
        path.chmod(0o600)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_new_set_up_has_nothing_that_fails(house: House) -> None:
    read = config.load(None, [f"store.path={house.folder}/x.db"], {})
    assert [check for check in checks.judge(read, running=True) if check.state == "fail"] == []


def test_the_versions_that_we_know_are_those_that_are_asked_for() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {line.split(">")[0]: line.split("=")[1].split(",")[0] for line in asked if ",<" in line}.items() >= (
        checks.PINNED.items()
    )


def test_a_package_of_another_version_is_found(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(checks.PINNED, "aiortc", "0.9")
    monkeypatch.setitem(checks.PINNED, "no-such-package", "1.0")
    wrong, missing, _ = house.found("packages")
    assert (wrong.state, wrong.fix) == ("fail", "pip install 'aiortc==0.9.*'")
    assert missing.text == "no-such-package is missing"


def test_too_few_open_files_are_found(house: House) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000, hard))
        assert house.one("open files")[0] == "warn"
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
        assert house.one("open files")[0] == "ok"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_files_that_cannot_be_read_are_found(house: House, tmp_path: Path) -> None:
    (tmp_path / "dialplan.toml").write_text('[[rule]]\nsteps = ["nope"]\n')
    state, text = house.one("config", f"files.dialplan={tmp_path}/dialplan.toml")
    assert (state, "nope" in text) == ("fail", True)


@pytest.mark.parametrize(("key", "kind"), [("listen.http", "tcp"), ("listen.sip_udp", "udp"), ("media", "udp")])
def test_a_port_that_is_taken_is_found_unless_it_is_ours(house: House, key: str, kind: str) -> None:
    with socket.socket(type=socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == "tcp":
            taken.listen()
        port = taken.getsockname()[1]
        setting = f"media.webrtc_port={port}" if key == "media" else f"{key}=127.0.0.1:{port}"
        state, text = house.one(f"port {port}/{kind}", setting)
        assert (state, "is in use" in text) == ("fail", True)
        assert house.one(f"port {port}/{kind}", setting, running=True)[0] == "ok"
    assert house.one(f"port {port}/{kind}", setting)[0] == "ok"


def test_an_address_that_is_not_ours_is_found(house: House) -> None:
    assert house.one("port 5060/udp", f"listen.sip_udp={STRANGE}:5060")[0] == "fail"
    state, text = house.one("media addresses", f'media.addresses=["{STRANGE}"]')
    assert (state, text) == ("fail", f"{STRANGE} is not of this computer")


def test_media_behind_nat_needs_a_public_address(house: House) -> None:
    assert house.one("media addresses", 'media.addresses=["127.0.0.1"]')[0] == "warn"
    assert house.one("media addresses", 'media.addresses=["127.0.0.1"]', f"media.public_address={STRANGE}")[0] == "ok"
    assert house.one("STUN")[0] == "skip"


@pytest.mark.parametrize(
    ("setting", "state"),
    [
        ("listen.http=0.0.0.0:0", "warn"),
        ("listen.https=", "warn"),
        ("listen.http=[::1]:0", "ok"),
    ],
)
def test_pages_need_a_secure_origin(house: House, setting: str, state: str) -> None:
    assert house.one("secure origin", setting)[0] == state


def test_a_certificate_is_judged(house: House) -> None:
    named = "domain=pbx.example.com"
    assert house.one("certificate", "listen.https=")[0] == "skip"
    assert "is made at the first start" in house.one("certificate")[1]
    house.certificate("pbx.example.com", days=-5)
    assert house.one("certificate", named)[0] == "fail"
    house.certificate("pbx.example.com", days=5)
    assert house.one("certificate", named)[0] == "warn"
    house.certificate("other.example.com", "example.com", "*.com")
    assert house.one("certificate", named)[0] == "warn"
    house.certificate("*.example.com")
    assert house.one("certificate", named)[0] == "ok"
    house.certificate("PBX.example.com", issuer="us")
    assert house.one("certificate", named)[0] == "warn"
    (house.folder / "wss.pem").write_text("no certificate")
    assert house.one("certificate", named)[0] == "fail"


def test_the_certificate_that_we_make_is_good_enough_for_localhost(house: House) -> None:
    certificate.make(house.folder / "wss.pem", "localhost")
    assert house.one("certificate")[0] == "ok"


def test_secrets_that_others_can_read_are_found(house: House) -> None:
    database, first = house.folder / "x.db", house.folder / "admin.password"
    database.touch(0o600)
    assert house.one("files")[0] == "ok"
    assert house.found("first password") == []
    first.touch(0o640)
    database.chmod(0o604)
    wrong = house.found("files")
    assert [(check.state, check.fix) for check in wrong] == [
        ("fail", f"chmod 600 {database}"), ("fail", f"chmod 600 {first}"),
    ]  # fmt: skip
    assert house.one("first password")[0] == "warn"


def test_folders_that_others_can_write_to_are_found(house: House, tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    flows.mkdir(mode=0o755)
    assert house.one("flows", f"flow.folder={flows}")[0] == "ok"
    flows.chmod(0o777)
    assert [check.state for check in house.found("flows", f"flow.folder={flows}")] == ["fail", "ok"]
    house.folder.chmod(0o770)
    assert house.one("files")[0] == "fail"


def test_folders_are_looked_at(house: House, tmp_path: Path) -> None:
    assert house.one("flows")[0] == "skip"
    assert "is made when" in house.one("sounds")[1]
    (house.folder / "sounds").mkdir()
    assert house.one("sounds")[0] == "ok"
    assert os.listdir(house.folder / "sounds") == []
    (house.folder / "recordings").touch()
    assert house.one("recordings")[0] == "fail"


def test_a_folder_that_cannot_be_written_to_is_found(house: House) -> None:
    assert house.one("recordings", "record.folder=/proc")[0] == "fail"


@pytest.mark.parametrize(("free", "state"), [(50_000_000, "fail"), (500_000_000, "warn"), (5_000_000_000, "ok")])
def test_a_full_disk_is_found(house: House, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    usage = shutil.disk_usage("/")._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert {check.state for check in house.found("disk")} == {state}
