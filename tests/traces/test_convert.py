"""How a recording becomes a scene: what is kept, what becomes a label, what is folded."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.traces.convert import Converter, folded
from tests.traces.scene import Step, frame_text, parse
from tests.traces.sip_side import noted, with_phone

SESSID, CALL, OTHER = (f"{number:08x}-0000-4000-8000-000000000000" for number in (1, 2, 3))
OFFER = (
    "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:x\r\na=fingerprint:sha-256 AA\r\na=rtpmap:111 opus/48000\r\n"
)


def event(number: int, method: str, **params: Any) -> dict[str, Any]:
    """What the server said by itself."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def request(number: int, method: str, **params: Any) -> dict[str, Any]:
    """What a client asked."""
    return {"jsonrpc": "2.0", "method": method, "params": {**params, "sessid": SESSID}, "id": number}


RECORDED: list[tuple[str, str, Any]] = [
    ("A", "note", "websocket open (ws)"),
    ("A", "c>s", request(1, "login", login="1000@127.0.0.1", passwd="1234", loginParams={})),
    ("A", "s>c", {"jsonrpc": "2.0", "id": 1, "result": {"message": "logged in", "sessid": SESSID}}),
    ("A", "c>s", request(2, "verto.invite", sdp=OFFER, dialogParams={"callID": CALL, "useVideo": False})),
    ("A", "s>c", event(7, "verto.answer", callID=CALL, sdp="v=0", variables={"host": "h"})),
    ("A", "c>s", {"jsonrpc": "2.0", "id": 7, "result": {"method": "verto.answer"}}),
    ("A", "note", "media: opus"),
    ("A", "s>c", event(8, "verto.bye", callID=OTHER, causeCode=16, cause="NORMAL_CLEARING")),
    ("A", "c>s", "#SPB ...<1029 characters in all>"),
    ("A", "c>s", "#SPB ...<1029 characters in all>"),
    ("A", "c>s", "{not json"),
    ("A", "note", "websocket closed (code 1006)"),
]  # fmt: skip

SCENE = """
A open ws
A < request 1 login {"login": "1000@$domain", "passwd": "1234", "sessid": "$sessA"}
A > result 1 {"message": "logged in", "sessid": "$sessA"}
A < request 2 verto.invite {"sdp": "$offer", "dialogParams": {"callID": "$call1"}, "sessid": "$sessA"}
A > verto.answer {"callID": "$call1", "sdp": "$sdp"}
A > verto.bye {"callID": "$call2", "cause": "NORMAL_CLEARING", "causeCode": 16}
A < text "$block" x2
A < text "{not json"
A abort
"""


def test_a_recording_becomes_a_scene(tmp_path: Path) -> None:
    path = tmp_path / "scene.jsonl"
    path.write_text("".join(json.dumps({"conn": who, "dir": way, "msg": what}) + "\n" for who, way, what in RECORDED))
    assert [str(step) for step in folded(Converter("scene").steps(path))] == SCENE.split("\n")[1:-1]


def test_a_scene_is_read_as_it_was_written() -> None:
    assert [str(step) for step in parse(SCENE.splitlines())] == SCENE.split("\n")[1:-1]
    assert parse(["# remark", "", 'A > text "#SPB" x640']) == (Step("A", ">", 'text "#SPB"', 640),)


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        ({"jsonrpc": "2.0", "id": None, "error": {"code": -32600}}, 'error null {"code": -32600}'),
        ([], "json []"),
        ("#SPU 17", 'text "#SPU $ms"'),
        ({"jsonrpc": "2.0", "id": 3, "result": {"message": "934\n"}}, 'result 3 {"message": "$number"}'),
        ({"id": 1, "method": "verto.punt", "params": {}}, "verto.punt {}"),
    ],
)
def test_what_differs_from_run_to_run_is_left_out(frame: Any, text: str) -> None:
    assert frame_text(frame) == text


@pytest.mark.parametrize(
    ("note", "lines"),
    [
        ("SIP side saw [100, 183] then 200", ["SIP > 183 INVITE sdp", "SIP > 200 INVITE sdp again"]),
        ("media: Verto opus rx 97; SIP PCMU rx 98", ["A = sound opus", "SIP = sound"]),
        ("the SIP side got RFC 4733 digits: 15#*, lengths in ms [260, 260]", ["SIP > digits 15#*"]),
        ("SIP sent RFC 4733 79; the Verto peer got telephone-events in RTP: '' (0 packets)",
         ["SIP < digits 79", "A > digits"]),
        ("websocket open (ws)", []),
    ],
)  # fmt: skip
def test_a_note_tells_what_a_phone_saw(note: str, lines: list[str]) -> None:
    assert [str(step) for step in noted(note)] == lines


def test_the_phone_does_its_part_after_the_lines_it_waits_for() -> None:
    steps = parse(["A open ws", "A > result 2 {}", "A > verto.media {}", "A close"])
    assert [str(step) for step in with_phone("callee_sip_busy", steps)] == [
        "SIP open 1005", "A open ws", "A > result 2 {}", "SIP > INVITE from 1000 to 1005 sdp", "SIP < 180",
        "A > verto.media {}", "SIP < 486", "SIP > ACK", "A close", "SIP close",
    ]  # fmt: skip
    with pytest.raises(ValueError, match=r"A > verto\.media"):
        list(with_phone("callee_sip_busy", steps[:2]))
    assert tuple(with_phone("echo_call", steps)) == steps
