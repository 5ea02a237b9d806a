"""Who calls, as SIP says it."""

import pytest

from xswitch_py.base.offer import Party
from xswitch_py.base.user import User
from xswitch_py.endpoints.sip.calls.identity import asserted, caller_address, caller_of_user, party_in
from xswitch_py.pysip.message import Headers, Message

ANN = Party("Ann", "1000")
HIDDEN = '"Anonymous" <sip:anonymous@anonymous.invalid>'


def message(*fields: tuple[str, str]) -> Message:
    return Message(Headers(("From", '"Santa" <sip:999@pbx.test>;tag=1'), *fields))


@pytest.mark.item("S68")
@pytest.mark.parametrize(
    ("caller", "account", "written"),
    [
        (ANN, "", '"Ann" <sip:1000@pbx.test>'),
        (ANN, "acct77", '"Ann" <sip:acct77@pbx.test>'),
        (Party("", "+49 30"), "", "<sip:+49%2030@pbx.test>"),
        (Party("Eve", ""), "", HIDDEN),
        (Party("", "anonymous"), "", HIDDEN),
        (Party("", "Anonymous"), "", HIDDEN),
    ],
)
def test_a_caller_is_written_as_from(caller: Party, account: str, written: str) -> None:
    assert str(caller_address(caller, "pbx.test", account)) == written


@pytest.mark.item("S68")
def test_an_identity_is_asserted_unless_it_is_hidden() -> None:
    assert asserted(ANN, "pbx.test") == (("P-Asserted-Identity", '"Ann" <sip:1000@pbx.test>'),)
    assert asserted(Party("Anonymous", "anonymous"), "pbx.test") == (("Privacy", "id"),)
    assert asserted(Party("", ""), "pbx.test") == (("Privacy", "id"),)


@pytest.mark.item("S68")
def test_the_account_says_who_calls_and_not_the_phone() -> None:
    forged = message(("P-Asserted-Identity", "<sip:110@pbx.test>"), ("Remote-Party-ID", "<sip:112@pbx.test>"))
    assert caller_of_user(forged, User("1000", "pbx.test", "Ann")) == Party("Ann", "1000")
    assert caller_of_user(forged, User("1000", "pbx.test", "", "5551000")) == Party("Santa", "5551000")


@pytest.mark.item("S68")
@pytest.mark.parametrize("said", ["id", "Id;critical", "header, id", "user"])
def test_a_user_may_stay_unknown(said: str) -> None:
    party = caller_of_user(message(("Privacy", said)), User("1000", "pbx.test", "Ann"))
    assert str(caller_address(party, "pbx.test")) == HIDDEN


@pytest.mark.parametrize("said", ["none", "header", "", "idle"])
def test_other_privacy_hides_nobody(said: str) -> None:
    assert caller_of_user(message(("Privacy", said)), User("1000", "pbx.test", "Ann")) == ANN


@pytest.mark.parametrize(
    ("fields", "party"),
    [
        ([("P-Asserted-Identity", '"Bob" <sip:2000@x.test>, <tel:+1>')], Party("Bob", "2000")),
        ([("Remote-Party-ID", "<sip:2001@x.test>;party=called")], Party("", "2001")),
        ([("P-Asserted-Identity", "<tel:+4930>"), ("Remote-Party-ID", "<sip:1@x>")], Party("", "+4930")),
        ([("P-Asserted-Identity", '"Bob" <sip:2000@x.test>'), ("Privacy", "id")], None),
        ([("P-Asserted-Identity", '"Ann" <sip:1000@x.test>')], None),
        ([("P-Asserted-Identity", "<sip:x.test>")], None),
        ([("P-Asserted-Identity", '"<')], None),
        ([], None),
    ],
)
def test_a_trusted_peer_says_whom_we_talk_to(fields: list[tuple[str, str]], party: Party | None) -> None:
    assert party_in(message(*fields), ANN) == party
