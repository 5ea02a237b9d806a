"""Digest authentication: the vectors of the RFCs, judging, nonces and their counts, the header fields, the client."""

import hashlib
from dataclasses import replace

import pytest

from xswitch_py.pysip.auth import Challenge, Credentials, challenges_in, credentials_in
from xswitch_py.pysip.digest import Nonces, Verdict, digest_response, judge, make_ha1, strength
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.login import Login, answer, choose
from xswitch_py.pysip.message import Headers, Response

NOW = 1_700_000_000.0
REALM = "pbx.example"
HA1 = make_ha1("1001", REALM, "secret")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


# RFC 2617 section 3.5, the same without qop as in RFC 2069, and RFC 7616 section 3.9.1.
@pytest.mark.parametrize(
    ("password", "given"),
    [
        ("Circle Of Life", Credentials(
            "Mufasa", "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "/dir/index.html",
            "6629fae49393a05397450978507c4ef1", "MD5", "auth", "00000001", "0a4f113b")),
        ("Circle Of Life", Credentials(
            "Mufasa", "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "/dir/index.html",
            "670fd8c2df070c60b045671b8b24ff02")),
        ("Circle of Life", Credentials(
            "Mufasa", "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "/dir/index.html",
            "8ca523f5e9506fed4657c9700eebdbec", "MD5", "auth", "00000001",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")),
        ("Circle of Life", Credentials(
            "Mufasa", "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "/dir/index.html",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", "SHA-256", "auth", "00000001",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")),
    ],
)  # fmt: skip
def test_the_vectors_of_the_rfcs(password: str, given: Credentials) -> None:
    ha1 = make_ha1(given.username, given.realm, password, given.algorithm)
    assert digest_response(ha1, "GET", given) == given.response


def test_a_session_key_is_made_of_the_stored_one() -> None:
    plain = Credentials("u", "r", "n", "sip:h", "", "MD5", "auth", "00000001", "c")
    session = replace(plain, algorithm="MD5-sess")
    ha1 = make_ha1("u", "r", "p", "MD5-sess")
    assert ha1 == make_ha1("u", "r", "p")
    assert digest_response(ha1, "REGISTER", session) == digest_response(_md5(f"{ha1}:n:c"), "REGISTER", plain)


def test_an_unknown_algorithm_is_not_computed() -> None:
    with pytest.raises(ValueError):
        make_ha1("u", "r", "p", "SHA-1")
    assert [strength(name) for name in ("sha-256-SESS", "md5", "SHA-1")] == [0, 1, None]


def nonces(size: int = 100) -> Nonces:
    return Nonces(b"server key", size=size)


def given(nonce: str, count: int = 1, password: str = "secret", user: str = "1001") -> Credentials:
    return answer(Challenge(REALM, nonce), user, password, "REGISTER", "sip:pbx.example", count)


def test_the_right_password_is_good() -> None:
    book = nonces()
    assert judge(given(book.make(REALM, NOW)), "REGISTER", HA1, book, REALM, NOW) is Verdict.GOOD


@pytest.mark.item("S41")
@pytest.mark.parametrize(
    ("change", "method", "ha1"),
    [
        ({"response": "0" * 32}, "REGISTER", HA1),
        ({"response": "é"}, "REGISTER", HA1),
        ({}, "REGISTER", None),
        ({"response": "0" * 32}, "REGISTER", None),
        ({}, "INVITE", HA1),
        ({"realm": "other"}, "REGISTER", HA1),
        ({"algorithm": "SHA-256"}, "REGISTER", HA1),
        ({"algorithm": "X"}, "REGISTER", HA1),
        ({"qop": "auth-int"}, "REGISTER", HA1),
        ({"uri": "sip:x"}, "REGISTER", HA1),
        ({"nc": "00000002"}, "REGISTER", HA1),
    ],
)
def test_all_else_is_wrong(change: dict[str, str], method: str, ha1: str | None) -> None:
    """Whoever is unknown is told what one with a wrong password is."""
    book = nonces()
    one = replace(given(book.make(REALM, NOW)), **change)
    assert judge(one, method, ha1, book, REALM, NOW) is Verdict.WRONG


@pytest.mark.item("S41")
@pytest.mark.parametrize("ha1", [HA1, None])
def test_who_is_unknown_costs_the_same_work(ha1: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One digest, and one look at it; the nonce is not looked at."""
    work: list[str] = []

    def computed(ha1: str, method: str, given: Credentials) -> str:
        work.append("digest")
        return digest_response(ha1, method, given)

    def compared(a: bytes, b: bytes) -> bool:
        work.append(f"{len(a)} to {len(b)}")
        return a == b

    monkeypatch.setattr("xswitch_py.pysip.digest.digest_response", computed)
    monkeypatch.setattr("hmac.compare_digest", compared)
    book = nonces()
    wrong = replace(given(book.make(REALM, NOW)), response="0" * 32)
    assert judge(wrong, "REGISTER", ha1, book, REALM, NOW) is Verdict.WRONG
    assert work == ["digest", "32 to 32"]


@pytest.mark.item("S41")
def test_nobody_knows_the_secret_of_who_is_unknown() -> None:
    """The HA1 that stands in for a missing one opens nothing."""
    book = nonces()
    blank = replace(given(book.make(REALM, NOW)), response="")
    forged = replace(blank, response=digest_response("0" * 32, "REGISTER", blank))
    assert judge(forged, "REGISTER", None, book, REALM, NOW) is Verdict.WRONG


def test_sha_256_alone_may_be_offered() -> None:
    book = nonces()
    challenge = Challenge(REALM, book.make(REALM, NOW), "SHA-256")
    one = answer(challenge, "1001", "secret", "INVITE", "sip:x")
    stored = make_ha1("1001", REALM, "secret", "SHA-256")
    assert judge(one, "INVITE", stored, book, REALM, NOW, algorithm="SHA-256") is Verdict.GOOD
    assert judge(one, "INVITE", stored, book, REALM, NOW) is Verdict.WRONG


def test_the_old_form_is_good_only_where_it_is_let_pass() -> None:
    book = nonces()
    one = answer(Challenge(REALM, book.make(REALM, NOW), qop=()), "1001", "secret", "REGISTER", "sip:x")
    assert (one.qop, one.nc, one.cnonce, one.count) == ("", "", "", 0)
    assert judge(one, "REGISTER", HA1, book, REALM, NOW) is Verdict.WRONG
    assert judge(one, "REGISTER", HA1, book, REALM, NOW, without_qop=True) is Verdict.GOOD
    assert judge(one, "REGISTER", HA1, book, REALM, NOW + 301, without_qop=True) is Verdict.STALE


@pytest.mark.item("S39")
def test_a_nonce_lives_while_it_is_used() -> None:
    book = nonces()
    nonce = book.make(REALM, NOW)
    assert judge(given(nonce), "REGISTER", HA1, book, REALM, NOW + 300) is Verdict.GOOD
    assert judge(given(nonce, 2), "REGISTER", HA1, book, REALM, NOW + 599) is Verdict.GOOD
    assert judge(given(nonce, 3), "REGISTER", HA1, book, REALM, NOW + 900) is Verdict.STALE
    assert judge(given(nonce, 3, "guess"), "REGISTER", HA1, book, REALM, NOW + 900) is Verdict.WRONG
    unused = book.make(REALM, NOW)
    assert judge(given(unused), "REGISTER", HA1, book, REALM, NOW + 301) is Verdict.STALE


@pytest.mark.item("S39")
def test_a_nonce_does_not_live_for_ever() -> None:
    book = nonces()
    nonce = book.make(REALM, NOW)
    assert all(book.use(nonce, REALM, count, NOW + 200 * count) for count in range(1, 19))
    assert not book.use(nonce, REALM, 19, NOW + 3601)


@pytest.mark.item("S39")
@pytest.mark.parametrize("change", ["", "x", "!!!!", "é", "AAAA", "A" * 40])
def test_a_nonce_that_is_not_ours_is_not_fresh(change: str) -> None:
    """Nor one of another realm, or of another key."""
    book = nonces()
    assert not book.fresh(change, REALM, NOW)
    assert not book.fresh(book.make("other", NOW), REALM, NOW)
    assert not book.fresh(Nonces(b"another").make(REALM, NOW), REALM, NOW)
    assert judge(given("bm8="), "REGISTER", HA1, book, REALM, NOW) is Verdict.STALE


@pytest.mark.item("S40")
def test_a_count_is_good_once_and_not_far_behind() -> None:
    book = nonces()
    nonce = book.make(REALM, NOW)
    uses = [
        (5, True),
        (5, False),
        (3, True),
        (3, False),
        (36, True),
        (5, False),
        (4, False),
        (6, True),
        (6, False),
        (1000, True),
    ]
    assert [book.use(nonce, REALM, count, NOW) for count, _ in uses] == [good for _, good in uses]
    assert book.use(nonce, REALM, 999, NOW)
    assert not book.use(nonce, REALM, 968, NOW)
    assert judge(given(nonce, 999), "REGISTER", HA1, book, REALM, NOW) is Verdict.STALE


@pytest.mark.item("S40")
def test_only_a_bounded_number_of_nonces_is_remembered() -> None:
    """What was forgotten cannot be used again, nor anything as old."""
    book = nonces(size=2)
    made = [book.make(REALM, NOW + second) for second in range(4)]
    assert all(book.use(nonce, REALM, 1, NOW + 5) for nonce in (made[1], made[2]))
    assert book.fresh(made[0], REALM, NOW + 5)
    assert book.use(made[3], REALM, 1, NOW + 5)
    assert not book.use(made[1], REALM, 1, NOW + 5)
    assert not book.fresh(made[0], REALM, NOW + 5)
    assert book.use(made[2], REALM, 2, NOW + 5)


def test_a_challenge_is_written_and_read() -> None:
    challenge = Challenge('a "realm"', "aR9x", stale=True, opaque="o")
    assert (
        str(challenge) == r'Digest realm="a \"realm\"", nonce="aR9x", opaque="o", stale=true, algorithm=MD5, qop="auth"'
    )
    plain = Challenge("r", "n", "SHA-256", ())
    assert str(plain) == 'Digest realm="r", nonce="n", algorithm=SHA-256'
    headers = Headers(
        ("WWW-Authenticate", str(challenge)), ("WWW-Authenticate", str(plain)), ("WWW-Authenticate", "Basic x")
    )
    assert challenges_in(headers, "WWW-Authenticate") == [challenge, plain]


def test_credentials_are_written_and_read() -> None:
    one = given("aR9x", 31)
    text = str(one)
    assert f'response="{one.response}", algorithm=MD5, qop=auth, nc=0000001f, cnonce="{one.cnonce}"' in text
    assert credentials_in(Headers(("Authorization", text)), "Authorization", REALM) == one
    old = Credentials("u", REALM, "n", "sip:h", "0f", opaque="x,y")
    assert credentials_in(Headers(("Authorization", str(old))), "Authorization", REALM) == old


@pytest.mark.item("S43")
@pytest.mark.parametrize(
    "text",
    [
        'Digest username="1001",realm="r",nonce="a,b",uri="sip:h",response="AB"',
        'DIGEST  Response = AB ,uri="sip:h" , USERNAME=1001,  realm = r,nonce="a,b",',
        'digest x="\\"",username="10\\01",realm="r",nonce="a,b",uri="sip:h",response="ab"',
    ],
)
def test_credentials_come_in_many_spellings(text: str) -> None:
    one = credentials_in(Headers(("Authorization", text)), "Authorization", "r")
    assert one == Credentials("1001", "r", "a,b", "sip:h", "ab")


@pytest.mark.item("S43")
def test_the_credentials_of_our_realm_are_picked() -> None:
    mine, other = given("n"), replace(given("n"), realm="other")
    lines = [("Authorization", "Basic dTpw"), ("Authorization", str(other)), ("Authorization", str(mine))]
    assert credentials_in(Headers(*lines), "Authorization", REALM) == mine
    assert credentials_in(Headers(*lines[:2]), "Authorization", REALM) is None


@pytest.mark.item("S40")
@pytest.mark.parametrize(
    "text",
    [
        "Digest x", "Digest =x", 'Digest username="a', 'Digest realm="r"', "Digest realm=r,realm=r", "Digest a=b c=d",
        'Digest username="u",realm="r",nonce="n",uri="sip:h",response="0",qop=auth',
        'Digest username="u",realm="r",nonce="n",uri="sip:h",response="0",qop=auth,nc=xyz,cnonce="c"',
        'Digest username="u",realm="r",nonce="n",uri="sip:h",response="0",qop=auth,nc=00000001',
    ],
)  # fmt: skip
def test_what_are_no_credentials_is_refused(text: str) -> None:
    """Also a count that is missing, where one was asked for."""
    with pytest.raises(BadMessage) as refused:
        credentials_in(Headers(("Authorization", text)), "Authorization", "r")
    assert refused.value.status == 400


def test_a_challenge_without_a_nonce_is_none() -> None:
    with pytest.raises(BadMessage):
        challenges_in(Headers(("WWW-Authenticate", 'Digest realm="r"')), "WWW-Authenticate")


@pytest.mark.item("S11")
@pytest.mark.parametrize("value", ['a"b', "a\\", "a\r\nb", 'a\\\\"'])
def test_nothing_breaks_out_of_its_quotes(value: str) -> None:
    with pytest.raises(ValueError):
        str(Challenge("r", value))
    with pytest.raises(ValueError):
        str(Credentials("u", "r", "n", value, ""))
    assert str(Challenge("r", 'a\\"b')) == 'Digest realm="r", nonce="a\\"b", algorithm=MD5, qop="auth"'


def test_a_user_may_come_with_its_domain() -> None:
    assert [replace(given("n"), username=name).user for name in ("1001", "1001@pbx.example")] == ["1001", "1001"]


def test_responses_to_challenges_are_not_shown() -> None:
    one = given("n")
    assert one.response not in repr(one)
    assert "secret" not in repr(Login("1001", "secret"))
    assert "server key" not in repr(nonces())


@pytest.mark.item("S44")
def test_the_strongest_algorithm_that_we_can_is_chosen() -> None:
    md5, sha, foreign = Challenge("r", "1"), Challenge("r", "2", "SHA-256"), Challenge("r", "3", "SHA-512-256")
    assert choose([foreign, md5, sha]) == sha
    assert choose([md5, Challenge("r", "4", "md5-sess")]) == md5
    assert choose([foreign, Challenge("r", "5", qop=("auth-int",))]) is None
    assert choose([]) is None


def challenged(nonce: str, status: int = 401, stale: bool = False) -> Response:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    return Response(Headers((name, str(Challenge(REALM, nonce, stale=stale, opaque="o")))), b"", status, "")


def sent(login: Login) -> list[Credentials]:
    found = [credentials_in(Headers((name, value)), name, REALM) for name, value in login.fields("REGISTER", "sip:h")]
    return [one for one in found if one]


@pytest.mark.item("S44")
def test_a_login_answers_and_counts() -> None:
    login = Login("1001", "secret")
    assert login.fields("REGISTER", "sip:h") == []
    assert login.challenged(challenged("n1"))
    (first,) = sent(login)
    login.accepted()
    (second,) = sent(login)
    assert [(one.nonce, one.nc, one.opaque) for one in (first, second)] == [
        ("n1", "00000001", "o"),
        ("n1", "00000002", "o"),
    ]
    assert digest_response(HA1, "REGISTER", second) == second.response


@pytest.mark.item("S44")
def test_a_login_answers_proxy_and_registrar_at_once() -> None:
    login = Login("1001", "secret")
    assert login.challenged(challenged("n1", 407))
    assert login.challenged(challenged("n2"))
    assert [name for name, _ in login.fields("REGISTER", "sip:h")] == ["Proxy-Authorization", "Authorization"]


@pytest.mark.item("S44")
def test_a_login_tries_once_more_with_another_nonce() -> None:
    login = Login("1001", "secret")
    assert login.challenged(challenged("n1"))
    sent(login)
    assert login.challenged(challenged("n1", stale=True))
    sent(login)
    assert not login.challenged(challenged("n3"))
    assert sent(login) == []
    assert login.challenged(challenged("n4"))


@pytest.mark.item("S44")
def test_a_login_gives_up_when_its_answer_was_refused() -> None:
    """The same nonce again means a wrong password."""
    login = Login("1001", "wrong")
    assert login.challenged(challenged("n1"))
    sent(login)
    assert not login.challenged(challenged("n1"))
    assert sent(login) == []


@pytest.mark.parametrize("value", ['Digest realm="r"', "Basic x", 'Digest realm="r",nonce="n",algorithm=X'])
def test_a_login_gives_up_on_what_it_cannot_answer(value: str) -> None:
    assert not Login("u", "p").challenged(Response(Headers(("WWW-Authenticate", value)), b"", 401, ""))


@pytest.mark.item("S44")
def test_a_session_key_is_answered() -> None:
    one = answer(Challenge("r", "n", "MD5-sess", ()), "u", "p", "REGISTER", "sip:h", cnonce="c")
    assert 'cnonce="c"' in str(one)
    assert digest_response(make_ha1("u", "r", "p"), "REGISTER", one) == one.response
