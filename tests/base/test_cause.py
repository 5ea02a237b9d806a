"""The cause table, both ways (V29)."""

import pytest

from xswitch_py.base.cause import CAUSES, Cause, by_code, by_name, by_sip, heard

# The causes a Verto peer knows, written out once more: the table under test may not be its own witness.
CODES = {
    "UNALLOCATED_NUMBER": 1,
    "NO_ROUTE_TRANSIT_NET": 2,
    "NO_ROUTE_DESTINATION": 3,
    "CHANNEL_UNACCEPTABLE": 6,
    "CALL_AWARDED_DELIVERED": 7,
    "NORMAL_CLEARING": 16,
    "USER_BUSY": 17,
    "NO_USER_RESPONSE": 18,
    "NO_ANSWER": 19,
    "SUBSCRIBER_ABSENT": 20,
    "CALL_REJECTED": 21,
    "NUMBER_CHANGED": 22,
    "REDIRECTION_TO_NEW_DESTINATION": 23,
    "EXCHANGE_ROUTING_ERROR": 25,
    "DESTINATION_OUT_OF_ORDER": 27,
    "INVALID_NUMBER_FORMAT": 28,
    "FACILITY_REJECTED": 29,
    "RESPONSE_TO_STATUS_ENQUIRY": 30,
    "NORMAL_UNSPECIFIED": 31,
    "NORMAL_CIRCUIT_CONGESTION": 34,
    "NETWORK_OUT_OF_ORDER": 38,
    "NORMAL_TEMPORARY_FAILURE": 41,
    "SWITCH_CONGESTION": 42,
    "ACCESS_INFO_DISCARDED": 43,
    "REQUESTED_CHAN_UNAVAIL": 44,
    "PRE_EMPTED": 45,
    "FACILITY_NOT_SUBSCRIBED": 50,
    "OUTGOING_CALL_BARRED": 52,
    "INCOMING_CALL_BARRED": 54,
    "BEARERCAPABILITY_NOTAUTH": 57,
    "BEARERCAPABILITY_NOTAVAIL": 58,
    "SERVICE_UNAVAILABLE": 63,
    "BEARERCAPABILITY_NOTIMPL": 65,
    "CHAN_NOT_IMPLEMENTED": 66,
    "FACILITY_NOT_IMPLEMENTED": 69,
    "SERVICE_NOT_IMPLEMENTED": 79,
    "INVALID_CALL_REFERENCE": 81,
    "INCOMPATIBLE_DESTINATION": 88,
    "INVALID_MSG_UNSPECIFIED": 95,
    "MANDATORY_IE_MISSING": 96,
    "MESSAGE_TYPE_NONEXIST": 97,
    "WRONG_MESSAGE": 98,
    "IE_NONEXIST": 99,
    "INVALID_IE_CONTENTS": 100,
    "WRONG_CALL_STATE": 101,
    "RECOVERY_ON_TIMER_EXPIRE": 102,
    "MANDATORY_IE_LENGTH_ERROR": 103,
    "PROTOCOL_ERROR": 111,
    "INTERWORKING": 127,
    "SUCCESS": 142,
    "ORIGINATOR_CANCEL": 487,
    "CRASH": 700,
    "SYSTEM_SHUTDOWN": 701,
    "LOSE_RACE": 702,
    "MANAGER_REQUEST": 703,
    "BLIND_TRANSFER": 800,
    "ATTENDED_TRANSFER": 801,
    "ALLOTTED_TIMEOUT": 802,
    "USER_CHALLENGE": 803,
    "MEDIA_TIMEOUT": 804,
    "PICKED_OFF": 805,
    "USER_NOT_REGISTERED": 806,
    "PROGRESS_TIMEOUT": 807,
    "INVALID_GATEWAY": 808,
    "GATEWAY_DOWN": 809,
    "INVALID_URL": 810,
    "INVALID_PROFILE": 811,
    "NO_PICKUP": 812,
    "SRTP_READ_ERROR": 813,
    "BOWOUT": 814,
    "BUSY_EVERYWHERE": 815,
    "DECLINE": 816,
    "DOES_NOT_EXIST_ANYWHERE": 817,
    "NOT_ACCEPTABLE": 818,
    "UNWANTED": 819,
    "NO_IDENTITY": 820,
    "BAD_IDENTITY_INFO": 821,
    "UNSUPPORTED_CERTIFICATE": 822,
    "INVALID_IDENTITY": 823,
    "STALE_DATE": 824,
    "REJECT_ALL": 825,
}


def test_the_table_has_exactly_the_causes_of_verto() -> None:
    """V29."""
    assert {cause.value: row.code for cause, row in CAUSES.items()} == CODES
    assert [cause.name for cause in Cause] == [cause.value for cause in Cause]


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_a_cause_is_found_by_its_name_and_by_its_number(name: str, code: int) -> None:
    """V29."""
    assert by_name(name) is by_code(code) is Cause(name)
    assert CAUSES[Cause(name)].code == code


@pytest.mark.parametrize("row", CAUSES.values(), ids=[cause.value for cause in CAUSES])
def test_every_cause_has_a_final_status_for_sip_and_http(row: tuple[int, int, int]) -> None:
    _, sip, http = row
    assert sip == 200 or 400 <= sip < 700
    assert http == 200 or 400 <= http < 600


@pytest.mark.parametrize(
    ("name", "code", "cause"),
    [
        ("USER_BUSY", None, Cause.USER_BUSY),
        ("USER_BUSY", 16, Cause.USER_BUSY),  # the name wins
        (None, 17, Cause.USER_BUSY),
        (None, "17", Cause.USER_BUSY),
        ("", "487", Cause.ORIGINATOR_CANCEL),
        ("Device or Permission Error", 21, Cause.CALL_REJECTED),  # what the stock client says
        ("Device or Permission Error", None, None),
        ("user_busy", None, None),
        ("", None, None),
        (None, None, None),
        (17, None, None),
        (None, 0, None),
        (None, 9999, None),
        (None, -16, None),
        (None, True, None),
        (None, 17.0, None),
        (None, "", None),
        (None, "-17", None),
        (None, " 17", None),
        (None, "\u0661\u0667", None),  # digits, but not of ASCII
        (None, "1" * 5000, None),
        (["USER_BUSY"], {"code": 17}, None),
    ],
)
def test_what_a_peer_gives_as_cause_is_read_by_name_then_number(
    name: object, code: object, cause: Cause | None
) -> None:
    """V29."""
    assert heard(name, code) is cause


@pytest.mark.parametrize(("name", "code"), [("NO_SUCH_CAUSE", 5), ("__class__", 128), ("", -1)])
def test_an_unknown_name_or_number_finds_nothing(name: str, code: int) -> None:
    """V29."""
    assert by_name(name) is None
    assert by_code(code) is None


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (404, Cause.UNALLOCATED_NUMBER),
        (480, Cause.NO_USER_RESPONSE),
        (486, Cause.USER_BUSY),
        (487, Cause.ORIGINATOR_CANCEL),
        (488, Cause.INCOMPATIBLE_DESTINATION),
        (503, Cause.NORMAL_TEMPORARY_FAILURE),
        (603, Cause.DECLINE),
        (499, Cause.NORMAL_UNSPECIFIED),
        (302, Cause.REDIRECTION_TO_NEW_DESTINATION),
        (599, Cause.NORMAL_TEMPORARY_FAILURE),
        (699, Cause.CALL_REJECTED),
    ],
)
def test_a_sip_status_says_why_a_call_failed(status: int, cause: Cause) -> None:
    assert by_sip(status) is cause
