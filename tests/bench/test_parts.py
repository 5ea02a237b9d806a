"""The parts of the benches that can be wrong without a figure showing it."""

import os
import subprocess
import sys
import time

import pytest

from tests.bench.cpu import Spent, cpu_s, memory_mb, threads
from tests.bench.register import Phone
from tests.bench.rtpengine import bdecode, bencode
from tests.bench.sip_parse import INVITE, respond, understand
from tests.bench.table import Figure, Table
from tests.bench.ua import HOST, Ua, rtp_socket, sdp
from xswitch_py.pysip.auth import Challenge
from xswitch_py.pysip.message import Request, Response, parse, response_to, serialise


def test_cpu_time_of_another_process_is_its_own() -> None:
    code = "import time\nwhile time.process_time() < 0.2: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert 0.2 <= cpu_s(child.pid) < 5
        spent = Spent.begin(child.pid)
        while spent.wall() < 0.05:
            time.process_time()
        assert spent.cpu() < 0.02  # it waits, whatever we do
        assert threads(child.pid) == 1
        child.communicate(b"\n")
    assert 1 < memory_mb(os.getpid()) < 10_000


def test_ng_messages_are_read_as_they_were_written() -> None:
    value = {"command": b"offer", "list": [1, b"two", {"three": -3}], "sdp": b"v=0\r\n"}
    data = bencode(value)
    assert data == b"d7:command5:offer4:listli1e3:twod5:threei-3eee3:sdp5:v=0\r\ne"
    assert bdecode(data, 0) == (value, len(data))


def test_a_table_has_the_ratio_to_the_rival() -> None:
    lines = Table([Figure("relay", 20.0, "us", 80.0, "Janus"), Figure("memory", 0.5, "MB")]).text().splitlines()
    assert lines[1].split() == ["relay", "20.0", "80.0", "0.25", "us", "Janus"]
    assert lines[2].split() == ["memory", "0.50", "MB"]


def test_the_invite_that_is_timed_is_whole_and_its_answer_can_be_read() -> None:
    data = INVITE.encode()
    assert 1050 <= len(data) <= 1150
    understand(data)
    request = parse(data)
    assert isinstance(request, Request)
    assert len(request.body) == len(data.partition(b"\r\n\r\n")[2])
    answer = parse(respond(request))
    assert isinstance(answer, Response)
    assert (answer.status, answer.body) == (200, request.body)


def test_a_phone_registers_anew_with_a_count_that_rises() -> None:
    phone = Phone("2000", "UDP", "sip:2000@192.0.2.1")
    first = phone.request()
    assert "Authorization" not in first.headers
    challenge = ("WWW-Authenticate", str(Challenge("localhost", "bm9uY2U=")))
    assert phone.login.challenged(response_to(first, 401, fields=[challenge]))
    counts = [parse(serialise(phone.request())).headers.get("Authorization") or "" for _ in range(2)]
    assert ["nc=00000001" in counts[0], "nc=00000002" in counts[1]] == [True, True]


async def test_two_user_agents_call_each_other_without_us() -> None:
    with rtp_socket() as at:
        async with Ua() as one, Ua(lambda offer: offer.replace("sendrecv", "sendonly")) as other:
            call = await one.call(f"{HOST}:{other.port}", sdp(at, "0 PCMU/8000"))
            assert f"m=audio {at.getsockname()[1]} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendonly" in call.sdp
            assert 0 < call.took < 5
            assert (await call.end()).status == 200


async def test_a_user_agent_refuses_as_it_is_told() -> None:
    async with Ua() as one, Ua(status=486) as other:
        with pytest.raises(AssertionError, match="486 Busy Here"):
            await one.call(f"{HOST}:{other.port}", "")
        assert other.invited == 1
