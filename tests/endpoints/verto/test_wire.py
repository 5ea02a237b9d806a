"""What peers say, coerced; what we say, written."""

import pytest

from xswitch_py.base.cause import CAUSES, Cause
from xswitch_py.base.offer import Party
from xswitch_py.endpoints.verto import wire
from xswitch_py.endpoints.verto.wire import Bad, Digits, Reply, Request


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"jsonrpc": "2.0", "method": "m", "params": {"a": 1}, "id": 0}, Request("m", {"a": 1}, 0)),
        ({"jsonrpc": "2.0", "method": "m", "id": None}, Request("m", None, None)),
        ({"jsonrpc": "2.0", "method": "m", "params": [1]}, Request("m", None, None, wants_reply=False)),
        ({"jsonrpc": "2.0", "method": {}, "id": "x"}, Request("", None, "x")),
        ({"jsonrpc": "2.0", "id": 1.5}, Request("", None, 1.5)),
        ({"jsonrpc": "2.0", "result": None, "id": 1}, Reply()),
        ({"jsonrpc": "2.0", "error": {}, "id": 1}, Reply()),
        ({"jsonrpc": "2.0", "method": "m", "result": 1, "id": 1}, Request("m", None, 1)),
        ({"jsonrpc": 2.0, "method": "m", "id": 1}, Bad(1)),
        ({"method": "m"}, Bad()),
        ({"jsonrpc": "2.0", "method": "m", "id": True}, Bad()),
        ({"jsonrpc": "2.0", "method": "m", "id": {}}, Bad()),
        (None, Bad()),
        ("text", Bad()),
        ([], Bad()),
    ],
)
def test_messages_are_told_apart(value: object, message: object) -> None:
    """V2, V3, V5."""
    assert wire.read(value) == message


@pytest.mark.parametrize(
    ("value", "text", "flag", "number"),
    [
        ("true", "true", True, 7),
        (True, "true", True, 7),
        (1, "1", True, 1),
        ("1", "1", True, 1),
        ("No", "No", False, 7),
        (False, "false", False, 7),
        (0, "0", False, 0),
        (" 12 ", " 12 ", None, 12),
        (-3, "-3", None, -3),
        (1.5, "1.5", None, 7),
        ("", "", None, 7),
        (None, "", None, 7),
        ([1], "", None, 7),
        ({"a": 1}, "", None, 7),
        (10**12, "1000000000000", None, 7),
    ],
)
def test_one_coercion_for_text_truth_and_numbers(value: object, text: str, flag: bool | None, number: int) -> None:
    """V22."""
    assert (wire.text(value), wire.flag(value), wire.number(value, 7)) == (text, flag, number)


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        ("5", Digits("5", 250)),
        ("2468@100", Digits("2468", 100)),
        ("0-9 ABCD*#", Digits("09ABCD*#", 250)),
        ("abcd", Digits("ABCD", 250)),
        ("Ff", Digits("FF", 250)),
        ("1w2W3x", Digits("1w2W3", 250)),
        ("1@5", Digits("1", 40)),
        ("1@99999", Digits("1", 8000)),
        ("1@x", Digits("1", 250)),
        (5, Digits("5", 250)),
        (None, Digits("", 250)),
        ({}, Digits("", 250)),
        ("9" * 1000, Digits("9" * 128, 250)),
    ],
)
def test_digits(value: object, digits: Digits) -> None:
    """V32."""
    assert wire.digits(value) == digits


def test_pauses_are_not_pressed() -> None:
    assert Digits("1w2W3", 100).pressed == "123"


@pytest.mark.parametrize(
    "odd", [None, 5, "text", [1], {"destination_number": {}, "userVariables": 3, "recoverCall": []}]
)
def test_dialog_params_of_any_type_are_read(odd: object) -> None:
    """V22."""
    said = wire.dialog({"dialogParams": odd})
    assert (said.destination, said.remote, said.callee, said.recover, said.variables) == (
        "",
        Party("", ""),
        Party("", ""),
        True,
        {},
    )


def test_only_so_many_variables_and_so_much_of_each_are_taken() -> None:
    said = {f"v{number}": "x" * 5000 for number in range(1000)} | {"k" * 500: "x"}
    found = wire.variables(said, "p_")
    assert len(found) == 64
    assert set(map(len, found.values())) == {1024}
    assert wire.variables({"k" * 500: "x"}) == {}


def test_the_sdp_is_the_one_at_the_top() -> None:
    """V23."""
    assert wire.sdp({"sdp": "mine", "dialogParams": {"sdp": "yours"}}) == "mine"
    assert wire.sdp({"dialogParams": {"sdp": "yours"}}) is None


@pytest.mark.parametrize(
    ("value", "listed"),
    [("a", ["a"]), (["a", "", None, 5, ["b"], "c"], ["a", "c"]), (None, []), ("", []), ({"a": 1}, [])],
)
def test_names_are_one_or_a_list(value: object, listed: list[str]) -> None:
    """V49."""
    assert wire.names(value) == listed


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_is_understood_by_name_number_and_digits(cause: Cause) -> None:
    """V29."""
    code = CAUSES[cause].code
    for params in (
        {"cause": cause.value},
        {"causeCode": code},
        {"causeCode": str(code)},
        {"cause": "?", "causeCode": code},
    ):
        assert wire.client_cause(params, Cause.CRASH) is cause


def test_no_cause_is_the_usual_one_and_an_unknown_one_is_normal() -> None:
    """V29."""
    assert wire.client_cause({}, Cause.CALL_REJECTED) is Cause.CALL_REJECTED
    assert wire.client_cause({"cause": "Device or Permission Error"}, Cause.CALL_REJECTED) is Cause.NORMAL_CLEARING
    assert wire.client_cause({"causeCode": True}, Cause.CALL_REJECTED) is Cause.NORMAL_CLEARING


@pytest.mark.parametrize("cause", [Cause.BLIND_TRANSFER, Cause.ATTENDED_TRANSFER, Cause.NORMAL_CLEARING])
def test_a_transferred_leg_is_simply_over(cause: Cause) -> None:
    assert wire.bye("c", cause) == {"callID": "c", "causeCode": 16, "cause": "NORMAL_CLEARING"}


@pytest.mark.parametrize(
    ("to", "found"),
    [
        ("1001@d", ("verto", "1001@d")),
        ("verto+1001@d", ("verto", "1001@d")),
        ("conf+3000", ("conf", "3000")),
        ("sip+1001", ("sip", "1001")),
        ("api+reloadxml", ("", "reloadxml")),
        ("+1001", ("", "1001")),
    ],
)
def test_chat_protocols_are_few(to: str, found: tuple[str, str]) -> None:
    """V33."""
    assert wire.chat_address(to) == found


def test_the_client_sees_the_other_side() -> None:
    """V24."""
    own, other = Party("Alice", "1001"), Party("", "1002")
    placed = wire.display("c", False, own, other)
    assert (placed["display_number"], placed["callee_id_name"], placed["caller_id_name"]) == (
        "1002",
        "Outbound Call",
        "Alice",
    )
    called = wire.display("c", True, own, other)
    assert (called["display_name"], called["caller_id_name"], called["callee_id_name"]) == ("1002", "1002", "Alice")
