"""Causes in SIP's words: what we write is read as the same, and what others write is understood."""

import pytest

from xswitch_py.base.cause import CAUSES, Cause
from xswitch_py.endpoints.sip.calls.reasons import cause_in, cause_of, reason_of, refusal_of, status_of
from xswitch_py.pysip.message import Headers, Message, Response

ELSEWHERE = {Cause.LOSE_RACE, Cause.PICKED_OFF}  # are told alike: somebody else has the call


def said(*reasons: str, method: str = "BYE") -> Message:
    return Message(Headers(("CSeq", f"1 {method}"), *(("Reason", reason) for reason in reasons)))


@pytest.mark.item("S90")
@pytest.mark.item("S91")
@pytest.mark.parametrize("cause", list(Cause))
def test_each_cause_survives_the_way_through_a_refusal(cause: Cause) -> None:
    response = Response(Headers(("CSeq", "1 INVITE"), *refusal_of(cause)), b"", status_of(cause))
    assert cause_of(response) is (Cause.LOSE_RACE if cause in ELSEWHERE else cause)


@pytest.mark.item("S90")
@pytest.mark.parametrize("cause", list(Cause))
def test_the_number_is_of_q850_only_below_128(cause: Cause) -> None:
    reason, code = reason_of(cause), CAUSES[cause].code
    if code <= 127:
        assert reason == f'Q.850;cause={code};text="{cause}"'
    elif cause in ELSEWHERE:
        assert reason == 'SIP;cause=200;text="Call completed elsewhere"'
    else:
        number = "Q.850;cause=31" if cause is Cause.MEDIA_TIMEOUT else f"SIP;cause={status_of(cause)}"
        assert reason == f'{number};text="{cause}"'


@pytest.mark.item("S35")
@pytest.mark.parametrize("cause", list(Cause))
def test_a_refusal_is_an_error_with_a_reason_and_says_when_to_come_again(cause: Cause) -> None:
    fields = dict(refusal_of(cause))
    assert 400 <= status_of(cause) < 700
    assert fields["Reason"] == reason_of(cause)
    assert ("Retry-After" in fields) == (status_of(cause) == 503)


@pytest.mark.item("S91")
@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (Cause.UNALLOCATED_NUMBER, 404),
        (Cause.NORMAL_CLEARING, 480),
        (Cause.USER_BUSY, 486),
        (Cause.NO_USER_RESPONSE, 408),
        (Cause.NO_ANSWER, 480),
        (Cause.USER_NOT_REGISTERED, 480),
        (Cause.CALL_REJECTED, 603),
        (Cause.REDIRECTION_TO_NEW_DESTINATION, 480),
        (Cause.EXCHANGE_ROUTING_ERROR, 483),
        (Cause.INVALID_GATEWAY, 502),
        (Cause.INVALID_NUMBER_FORMAT, 484),
        (Cause.FACILITY_REJECTED, 510),
        (Cause.NORMAL_TEMPORARY_FAILURE, 503),
        (Cause.OUTGOING_CALL_BARRED, 403),
        (Cause.FACILITY_NOT_SUBSCRIBED, 501),
        (Cause.INVALID_CALL_REFERENCE, 481),
        (Cause.INCOMPATIBLE_DESTINATION, 488),
        (Cause.INTERWORKING, 500),
        (Cause.RECOVERY_ON_TIMER_EXPIRE, 504),
        (Cause.ORIGINATOR_CANCEL, 487),
        (Cause.LOSE_RACE, 487),
        (Cause.SYSTEM_SHUTDOWN, 503),
        (Cause.MEDIA_TIMEOUT, 500),
        (Cause.SUCCESS, 480),
        (Cause.BUSY_EVERYWHERE, 600),
        (Cause.REJECT_ALL, 608),
        (Cause.STALE_DATE, 403),
    ],
)
def test_a_cause_has_the_status_of_the_table(cause: Cause, status: int) -> None:
    assert status_of(cause) == status


@pytest.mark.item("S90")
@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (302, Cause.REDIRECTION_TO_NEW_DESTINATION),
        (400, Cause.NORMAL_TEMPORARY_FAILURE),
        (407, Cause.CALL_REJECTED),
        (404, Cause.UNALLOCATED_NUMBER),
        (405, Cause.SERVICE_UNAVAILABLE),
        (415, Cause.SERVICE_NOT_IMPLEMENTED),
        (408, Cause.RECOVERY_ON_TIMER_EXPIRE),
        (410, Cause.NUMBER_CHANGED),
        (420, Cause.INTERWORKING),
        (430, Cause.USER_NOT_REGISTERED),
        (433, Cause.CALL_REJECTED),
        (480, Cause.NO_USER_RESPONSE),
        (483, Cause.EXCHANGE_ROUTING_ERROR),
        (485, Cause.NO_ROUTE_DESTINATION),
        (486, Cause.USER_BUSY),
        (487, Cause.ORIGINATOR_CANCEL),
        (488, Cause.INCOMPATIBLE_DESTINATION),
        (491, Cause.NORMAL_TEMPORARY_FAILURE),
        (499, Cause.NORMAL_UNSPECIFIED),
        (502, Cause.NETWORK_OUT_OF_ORDER),
        (599, Cause.NORMAL_TEMPORARY_FAILURE),
        (603, Cause.DECLINE),
        (699, Cause.CALL_REJECTED),
    ],
)
def test_a_refusal_without_a_reason_counts_by_its_status(status: int, cause: Cause) -> None:
    assert cause_of(Response(Headers(("CSeq", "1 INVITE")), b"", status)) is cause


@pytest.mark.item("S90")
@pytest.mark.parametrize(
    ("reasons", "cause"),
    [
        (["Q.850;cause=17"], Cause.USER_BUSY),
        (["q.850 ; cause = 17"], Cause.USER_BUSY),
        (['Q.850;text="Terminated, by; him";cause=31'], Cause.NORMAL_UNSPECIFIED),
        (['SIP;cause=486;text="Busy"', "Q.850;cause=21"], Cause.CALL_REJECTED),
        (['SIP ;cause=486, Q.850;cause=21;text="x"'], Cause.CALL_REJECTED),
        (['SIP;cause=480;text="MANAGER_REQUEST"'], Cause.MANAGER_REQUEST),
        (['Q.850;cause=487;text="ORIGINATOR_CANCEL"'], Cause.ORIGINATOR_CANCEL),
        (["Q.850;cause=126", "SIP;cause=486"], Cause.USER_BUSY),
        (['SIP;cause=200;text="Call completed elsewhere"'], Cause.LOSE_RACE),
        (['SIP;cause=200;text="OK"'], Cause.NORMAL_CLEARING),
        (["SIP;cause=99999999"], None),
        (["SIP;cause=183"], None),
        (["SIP"], None),
        (['preemption;cause=1;text="UA"'], None),
        (["X-SIP;cause=486"], None),
        (['foo;text="Q.850;cause=17"'], None),
        (['Q.850;cause=17;text="unfinished'], None),
        (["Q.850;cause=17;;;=;"], None),
        ([], None),
    ],
)
def test_reasons_of_others_are_read(reasons: list[str], cause: Cause | None) -> None:
    assert cause_in(said(*reasons)) is cause


@pytest.mark.item("S53")
def test_a_200_in_a_cancel_says_that_another_answered() -> None:
    assert cause_in(said("SIP;cause=200", method="CANCEL")) is Cause.LOSE_RACE
