"""Where we differ from FreeSWITCH on purpose: each row names its rule, and no other difference is let through."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.traces.scene import Step, parse

__all__ = ["RULES", "TABLE", "Difference", "apply"]

RULES: Final[Mapping[str, str]] = {
    "2.7": "a notification gets no reply",
    "15": "an offer without ICE, DTLS or a fingerprint cannot be verified: refused",
    "16": "who does not log in within the deadline is put out",
    "S9.2": "a callee that rings is told as 180, and sound before the answer as 183",
    "8.5": "display follows the bridge at once, not 50 ms later",
    "S83": "digits in RTP reach a Verto client, too",
    "V2": "a text that is not one JSON document is -32600 Invalid Request",
    "V8": "each result object has the socket's sessid, in batches too",
    "V13": "clientReady follows the reply to the first login",
    "V15": "an unknown user and a wrong password look the same",
    "V24": "who talks to whom is told right: the called leg of an outbound call sees its peer as the caller",
    "V26": "a refused invite says what is missing",
    "V30": "modify: an unknown action is an error",
    "V32": "info for an unknown call is reported",
    "V33": "a chat message without text is an error with a code",
    "V34": "chat reaches all sockets of the addressee, also without a domain",
    "V42": "all channels refused is an error with a code",
    "V43": "a channel subscribed again is listed as subscribed too",
    "V44": "a refused broadcast is a real error; who sent one is told by name",
    "V45": "who subscribed to the main part gets what is said on its parts",
}
"""The rules of ours that go beyond FreeSWITCH, by their section or item in the specification."""


@dataclass(frozen=True, slots=True)
class Difference:
    """In `scene`, where `recorded` stands, we say `ours` (lines of a scene; none if we say nothing).

    `nth` is which of several equal lines is meant.
    """

    rule: str
    scene: str
    recorded: str
    ours: tuple[str, ...] = ()
    nth: int = 1


def _refused(number: int, call: str) -> tuple[Difference, Difference]:
    said = (
        f'"callID": "{call}", "cause": "NORMAL_CLEARING", "causeCode": 16, "message": "CALL ENDED", "sessid": "$sessA"'
    )
    bye = f'A > verto.bye {{"callID": "{call}", "cause": "INCOMPATIBLE_DESTINATION", "causeCode": 88}}'
    gone = f'A > error {number} {{"callID": "{call}", "code": -32002, "message": "CALL DOES NOT EXIST"}}'
    return (
        Difference("15", "bad_sdp", f'A > verto.answer {{"callID": "{call}", "sdp": "$sdp"}}', (bye,)),
        Difference("15", "bad_sdp", f"A > result {number} {{{said}}}", (gone,)),
    )


def _missing(number: int, text: str) -> Difference:
    head = f'A > error {number} {{"cause": "INVALID_MSG_UNSPECIFIED", "causeCode": 95, "code": -32002, "message": '
    return Difference("V26", "bad_sdp", f'{head}"CALL ERROR"}}', (f'{head}"{text}"}}',))


def _heard(word: str, channel: str, name: str = "", number: int = 0, subscribed: str = "") -> str:
    return (
        f'A > verto.event {{"data": {{"hello": "{word}"}}, "eventChannel": "{channel}", "eventSerno": {number}, {name}'
        f'"localBroadcast": true, "sessid": "$sessB", "subscribedChannel": "{subscribed or channel}", '
        '"userid": "1001@$domain"}'
    )


_FROM: Final = '"from": "1000@$domain", "from_full": "1000", "from_host": "$domain", "from_user": "1000"'
_NAMED: Final = '"fromDisplay": "User 1001", '
_PONG: Final = '{"message": "PONG", "sessid": "$sessA"}'
_NO_METHOD: Final = '{"code": -32601, "message": "Invalid Method, Missing Method or Permission Denied"}'
_SHOWN: Final = '"display_direction": "outbound", "display_number": "1001"}'
_ENDED: Final = '"cause": "NORMAL_CLEARING", "causeCode": 16}'
_READY: Final = 'A > verto.clientReady {"reattached_sessions": []}'

_SENT: Final = 'A > result 3 {"message": "SENT", "sessid": "$sessA"}'
_EARLY: Final = "SIP > 183 INVITE sdp"
_SHOWN_TO_A: Final = (
    'A > verto.display {"callID": "$call1", "callee_id_number": "1005", "caller_id_number": "1000", '
    '"display_direction": "inbound", "display_number": "1005"}'
)

TABLE: Final[tuple[Difference, ...]] = (
    *_refused(7, "$call3"),
    *_refused(9, "$call4"),
    *_refused(11, "$call5"),
    _missing(14, "SDP missing"),
    _missing(15, "Dialog data missing"),
    _missing(16, "CallID missing"),
    Difference(
        "V33",
        "chat",
        'A > error 4 {"message": "INVALID MESSAGE to and body params required"}',
        ('A > error 4 {"code": -32002, "message": "INVALID MESSAGE to and body params required"}',),
    ),
    Difference(
        "V34",
        "chat",
        'A > result 5 {"message": "SENT", "sessid": "$sessA"}',
        (
            'A > result 5 {"message": "SENT", "sessid": "$sessA"}',
            f'B > verto.info {{"msg": {{"body": "to a bare number", {_FROM}, "to": "1001@$domain"}}}}',
        ),
    ),
    Difference("16", "idle_not_logged_in", "A > verto.ping {}", ("A > closed",)),
    Difference("16", "idle_not_logged_in", "A close"),
    Difference(
        "V15",
        "login_bad_password",
        'A > error 3 {"code": -32001, "message": "Login Incorrect"}',
        ('A > error 3 {"code": -32001, "message": "Authentication Failure"}',),
    ),
    Difference(
        "V13",
        "login_bad_password",
        'A > result 4 {"message": "logged in", "sessid": "$sessA"}',
        ('A > result 4 {"message": "logged in", "sessid": "$sessA"}', _READY),
    ),
    Difference("V13", "login_bad_password", _READY),
    Difference("2.7", "malformed_json", f"A > result null {_PONG}"),
    Difference(
        "V8",
        "malformed_json",
        f'A > json [{{"id": 10, "result": {{"message": "PONG"}}}}, {{"error": {_NO_METHOD}, "id": 11}}]',
        (f'A > json [{{"id": 10, "result": {_PONG}}}, {{"error": {_NO_METHOD}, "id": 11}}]',),
    ),
    Difference(
        "V2",
        "malformed_json",
        f"A > result 13 {_PONG}",
        ('A > error null {"code": -32600, "message": "Invalid Request"}',),
    ),
    Difference(
        "V43",
        "subscribe_broadcast",
        'A > result 3 {"alreadySubscribedChannels": ["demo"], "sessid": "$sessA", "subscribedChannels": []}',
        ('A > result 3 {"alreadySubscribedChannels": ["demo"], "sessid": "$sessA", "subscribedChannels": ["demo"]}',),
    ),
    Difference(
        "V42",
        "subscribe_broadcast",
        'A > error 5 {"unauthorizedChannels": ["secret"]}',
        ('A > error 5 {"code": -32002, "message": "Permission Denied", "unauthorizedChannels": ["secret"]}',),
    ),
    Difference(
        "V42",
        "subscribe_broadcast",
        "A > error 6 {}",
        ('A > error 6 {"code": -32002, "message": "Permission Denied"}',),
    ),
    Difference("V44", "subscribe_broadcast", _heard("local", "demo"), (_heard("local", "demo", _NAMED),)),
    Difference(
        "V45",
        "subscribe_broadcast",
        _heard("subchannel", "demo.room1"),
        (_heard("subchannel", "demo.room1", _NAMED), _heard("another subchannel", "demo.room2", _NAMED, 1, "demo")),
    ),
    Difference(
        "V44",
        "subscribe_broadcast",
        'B > result 6 {"code": -32002, "message": "Permission Denied.", "sessid": "$sessB"}',
        ('B > error 6 {"code": -32002, "message": "Permission Denied."}',),
    ),
    Difference(
        "V44",
        "subscribe_broadcast",
        'B > result 7 {"code": -32002, "message": "eventChannel not specified.", "sessid": "$sessB"}',
        ('B > error 7 {"code": -32002, "message": "eventChannel not specified."}',),
    ),
    Difference(
        "V42",
        "subscribe_broadcast",
        'A > error 8 {"notSubscribedChannels": ["demo"]}',
        ('A > error 8 {"code": -32002, "message": "Not subscribed", "notSubscribedChannels": ["demo"]}',),
    ),
    Difference("8.5", "dtmf", _SENT, (_SHOWN_TO_A, _SENT)),
    Difference("8.5", "dtmf", _SHOWN_TO_A),
    Difference("S83", "dtmf", "A > digits", ("A > digits 79",)),
    Difference("S9.2", "sip_cancel_to_verto", _EARLY, ("SIP > 180 INVITE",)),
    *(
        Difference("S9.2", "sip_to_verto", recorded, ours, nth)
        for nth in (1, 2)
        for recorded, ours in (
            (_EARLY, ("SIP > 180 INVITE",)),
            ("SIP > 200 INVITE sdp again", ("SIP > 200 INVITE sdp",)),
        )
    ),
    Difference(
        "V24",
        "transfer_attended",
        f'C > verto.display {{"callID": "$call4", "callee_id_number": "1001", "caller_id_number": "1002", {_SHOWN}',
        (f'C > verto.display {{"callID": "$call4", "callee_id_number": "1002", "caller_id_number": "1001", {_SHOWN}',),
    ),
    Difference(
        "V30",
        "transfer_to_user",
        'A > result 6 {"action": "nosuchaction", "callID": "$call4", "holdState": "active", "sessid": "$sessA"}',
        ('A > error 6 {"action": "nosuchaction", "callID": "$call4", "code": -32002, "message": "Invalid action"}',),
    ),
    Difference(
        "V32",
        "unknown_call_id",
        'A > result 3 {"sessid": "$sessA"}',
        ('A > error 3 {"callID": "$call1", "code": -32002, "message": "CALL DOES NOT EXIST"}',),
    ),
)


def apply(scene: str, steps: Iterable[Step], table: Iterable[Difference] = TABLE) -> tuple[Step, ...]:
    """Put what we say in the place of what was recorded."""
    rows = {(row.recorded, row.nth): parse(row.ours) for row in table if row.scene == scene}
    seen: Counter[str] = Counter()
    played: list[Step] = []
    for step in steps:
        seen[text := str(step)] += 1
        played += rows.get((text, seen[text]), (step,))
    return tuple(played)
