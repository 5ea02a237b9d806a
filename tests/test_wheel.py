"""What is installed: a wheel holds all that the program needs, and runs with no checkout around it."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import httpx
import pytest

ROOT: Final = Path(__file__).parents[1]
FREE: Final = (
    "listen.http=127.0.0.1:0", "listen.https=127.0.0.1:0", "media.webrtc_port=0", "listen.sip_udp=127.0.0.1:0",
    "listen.sip_tcp=127.0.0.1:0", "listen.sip_tls=127.0.0.1:0", "listen.sip_ws=", "listen.sip_wss=",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a wheel of this checkout holds."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(folder / "site")
    return folder / "site"


def command(*words: str) -> list[str]:
    """The program, found in the working directory first."""
    return [sys.executable, "-m", "xswitch_py", *words]


def environment(home: Path) -> dict[str, str]:
    """Nothing that leads back to the checkout."""
    return {"PATH": os.environ["PATH"], "HOME": str(home)}


def test_a_wheel_has_a_good_configuration_of_its_own(site: Path) -> None:
    where = [sys.executable, "-c", "import xswitch_py; print(xswitch_py.__file__)"]
    found = subprocess.run(where, cwd=site, env=environment(site), check=True, capture_output=True, text=True)
    assert Path(found.stdout.strip()).is_relative_to(site)
    said = subprocess.run(
        command("check", "--json"), cwd=site, env=environment(site), check=True, capture_output=True, text=True
    )
    assert json.loads(said.stdout) == {"good": True, "problems": []}


def test_a_wheel_serves_its_pages(site: Path) -> None:
    settings = [word for each in FREE for word in ("--set", each)]
    with subprocess.Popen(
        command("demo", "--json", *settings), cwd=site, env=environment(site), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            http = json.loads(process.stdout.readline())["http"]
            for path in ("/", "/demo/", "/static/demo/demo.js", "/static/phone.js", "/static/admin/admin.js", "/docs/"):
                assert httpx.get(http + path).status_code == 200, path
        finally:
            process.terminate()
        assert process.wait(20) == 0
