"""The library stands alone, and is quick."""

import ast
import re
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from xswitch_py.pysip.headers import parse_address
from xswitch_py.pysip.message import Request, Response, parse, response_to, serialise

ROOT: Final = Path(__file__).parents[2]
MODULES: Final = sorted((ROOT / "xswitch_py" / "pysip").glob("*.py"))
README: Final = ROOT / "xswitch_py" / "pysip" / "README.md"
IMPURE: Final = {"asyncio", "logging", "select", "socket", "ssl", "threading", "time"}

SDP: Final = b"""v=0\r
o=- 7731 1 IN IP4 203.0.113.5\r
s=-\r
c=IN IP4 203.0.113.5\r
t=0 0\r
m=audio 30004 RTP/AVP 8 0 9 101\r
a=rtpmap:8 PCMA/8000\r
a=rtpmap:0 PCMU/8000\r
a=rtpmap:9 G722/8000\r
a=rtpmap:101 telephone-event/8000\r
a=fmtp:101 0-15\r
a=ptime:20\r
a=sendrecv\r
"""
INVITE: Final = b"""INVITE sip:1002@pbx.example SIP/2.0\r
Via: SIP/2.0/UDP 198.51.100.7:5070;rport;branch=z9hG4bKb7d0c9e2f4a1\r
Max-Forwards: 70\r
From: "Ann" <sip:1001@pbx.example>;tag=b1c7e55d\r
To: <sip:1002@pbx.example>\r
Call-ID: 6c1f0b5e9a7d4c20\r
CSeq: 20117 INVITE\r
Contact: <sip:1001@198.51.100.7:5070>\r
Proxy-Authorization: Digest algorithm=MD5, username="1001", realm="pbx.example", nonce="aR9xaR9xaR9xaR9xaR9xaR9x",\
 uri="sip:1002@pbx.example", response="0123456789abcdef0123456789abcdef", qop=auth, cnonce="9f1", nc=00000002\r
Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER, NOTIFY, MESSAGE\r
Supported: 100rel, timer, replaces\r
User-Agent: phone/1.0\r
Session-Expires: 1800;refresher=uac\r
Min-SE: 90\r
Content-Type: application/sdp\r
Content-Length: %d\r
\r
%s""" % (len(SDP), SDP)
OURS: Final = parse_address("<sip:gw@203.0.113.5:5060>")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.item("S2")
@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_imports_the_library_and_pure_parts_of_python(path: Path) -> None:
    for name in imported(path):
        top = name.partition(".")[0]
        assert name.startswith("xswitch_py.pysip") or (top in sys.stdlib_module_names and top not in IMPURE), name


@pytest.mark.item("S2")
def test_nothing_of_telephony_is_a_dependency() -> None:
    """What is called pysip elsewhere is something else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {line.replace("[", " ").replace(">", " ").replace("=", " ").split()[0] for line in project["dependencies"]}
    assert not names & {"pysip", "pysipio", "sip-parser", "sipmessage", "aiosip", "aiosipua", "sippy", "pyVoIP"}


def test_the_readme_knows_every_module_and_no_other() -> None:
    rows = re.findall(r"^\| (`.*?) \|", README.read_text(), re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+\.py)`", row)]
    assert sorted(named) == sorted(path.name for path in MODULES if path.name != "__init__.py")


def test_the_example_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    exec(compile(example, README.name, "exec"), {})
    answers = [part for part in capsys.readouterr().out.split("to ('198.51.100.7', 50122) ") if "200 OK" in part]
    assert len({answer.partition("\r\n\r\n")[0] for answer in answers}) == 1
    assert len(answers) == 2


def read() -> Request | Response:
    message = parse(INVITE)
    _ = message.vias, message.from_, message.to, message.cseq, message.contacts, message.routes, message.max_forwards
    _ = message.tokens("Allow"), message.tokens("Supported"), message.content_type, message.call_id
    return message


def write(invite: Request) -> bytes:
    fields = (("Allow", "INVITE, ACK, CANCEL, BYE"), ("Session-Expires", "1800;refresher=uac"))
    answer = response_to(
        invite, 200, to_tag="a77d0102", contact=OURS, fields=fields, body=SDP, content_type="application/sdp"
    )
    return serialise(answer)


@pytest.mark.item("S3")
@pytest.mark.skipif(sys.gettrace() is not None, reason="what is traced is slow")
def test_messages_are_read_and_written_in_time() -> None:
    """On one core: 120 microseconds to read and check an INVITE and its values, 40 to make and write an answer."""
    invite = read()
    assert isinstance(invite, Request)
    assert len(INVITE) > 1000
    assert is_done_within(120, read)
    assert is_done_within(40, lambda: write(invite))


def is_done_within(microseconds: float, what: Callable[[], object], times: int = 50) -> bool:
    """Whether it takes no more of the processor when nothing disturbs it: one such round is enough."""
    return any(seconds(what, times) <= times * microseconds / 1e6 for _ in range(1000))


def seconds(what: Callable[[], object], times: int) -> float:
    begun = time.process_time()
    for _ in range(times):
        what()
    return time.process_time() - begun
