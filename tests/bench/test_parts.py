"""The parts of the benches that can be wrong without a figure showing it."""

import os
import subprocess
import sys
import time

from tests.bench.cpu import Spent, cpu_s, memory_mb, threads
from tests.bench.rtpengine import bdecode, bencode
from tests.bench.table import Figure, Table


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
