"""Tokens for the phones of web pages: who they let in, and until when."""

import pytest

from xswitch_py.base.passwords import ha1
from xswitch_py.base.user import User
from xswitch_py.core.phone_tokens import PhoneTokens

DOMAIN = "pbx.test"
ANN = User("1000", DOMAIN)
BOB = User("1001", DOMAIN)


class Clock:
    """Goes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> PhoneTokens:
    return PhoneTokens(DOMAIN, clock)


def test_a_token_is_its_users_only(tokens: PhoneTokens) -> None:
    word = tokens.issue(ANN)
    assert tokens.check("1000", word)
    assert not tokens.check("1001", word)
    assert not tokens.check("1000", word + "x") and not tokens.check("1000", "") and not tokens.check("", word)


def test_two_tokens_differ_and_both_are_good(tokens: PhoneTokens) -> None:
    words = {tokens.issue(ANN) for _ in range(5)}
    assert len(words) == 5 and all(len(word) >= 32 and tokens.check("1000", word) for word in words)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("username", ["1000", "1000@pbx.test"])
def test_a_digest_can_be_made_with_it(tokens: PhoneTokens, algorithm: str, username: str) -> None:
    word = tokens.issue(ANN)
    assert tokens.ha1s("1000", username, algorithm) == (ha1(algorithm, username, DOMAIN, word),)


@pytest.mark.parametrize("username", ["1001", "1000@elsewhere.example", "", "1000@"])
def test_no_digest_in_another_name(tokens: PhoneTokens, username: str) -> None:
    tokens.issue(ANN)
    assert tokens.ha1s("1000", username, "MD5") == ()


def test_nobody_has_logged_in_within_five_minutes(tokens: PhoneTokens, clock: Clock) -> None:
    word = tokens.issue(ANN, "session")
    clock.now += 299.9
    assert tokens.ha1s("1000", "1000", "MD5")
    clock.now += 0.1
    assert not tokens.check("1000", word) and tokens.ha1s("1000", "1000", "MD5") == ()


def test_who_has_logged_in_may_come_again_while_the_session_lives(tokens: PhoneTokens, clock: Clock) -> None:
    word = tokens.issue(ANN, "session")
    assert tokens.check("1000", word)
    clock.now += 100_000
    assert tokens.check("1000", word)
    tokens.end("another")
    assert tokens.check("1000", word)
    tokens.end("session")
    assert not tokens.check("1000", word) and len(tokens) == 0


def test_a_digest_is_a_login_too(tokens: PhoneTokens, clock: Clock) -> None:
    tokens.issue(ANN, "session")
    tokens.issue(ANN, "session")
    first, _ = tokens.ha1s("1000", "1000@pbx.test", "SHA-256")
    tokens.used("1000", first)
    clock.now += 300
    assert tokens.ha1s("1000", "1000@pbx.test", "SHA-256") == (first,)


def test_one_of_no_session_lasts_five_minutes_however_it_is_used(tokens: PhoneTokens, clock: Clock) -> None:
    word = tokens.issue(ANN)
    assert tokens.check("1000", word) and tokens.check("1000", word)
    clock.now += 300
    assert not tokens.check("1000", word)
    tokens.end("")
    assert len(tokens) == 0


def test_those_of_a_user_end_but_for_a_session(tokens: PhoneTokens) -> None:
    words = [tokens.issue(ANN, session) for session in ("one", "two", "")]
    other = tokens.issue(BOB, "three")
    tokens.end_user("1000", "two")
    assert [tokens.check("1000", word) for word in words] == [False, True, False]
    assert tokens.check("1001", other)
    tokens.end_user("1000")
    assert not tokens.check("1000", words[1]) and tokens.sessions() == {"three"}


def test_the_oldest_of_too_many_goes(tokens: PhoneTokens) -> None:
    words = [tokens.issue(ANN, "session") for _ in range(17)]
    assert [tokens.check("1000", word) for word in words] == [False] + [True] * 16


def test_the_users_remembered_are_bounded(tokens: PhoneTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xswitch_py.core.phone_tokens.KNOWN", 3)
    words = {name: tokens.issue(User(name, DOMAIN), "s") for name in ("a", "b", "c", "d")}
    assert [tokens.check(name, word) for name, word in words.items()] == [False, True, True, True]


def test_the_word_and_its_digests_are_not_shown(tokens: PhoneTokens) -> None:
    word = tokens.issue(ANN, "session")
    shown = repr(vars(tokens))
    assert "session" in shown
    assert word not in shown and not any(digest in shown for digest in tokens.ha1s("1000", "1000", "MD5"))
