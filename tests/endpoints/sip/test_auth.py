"""Who sent a request: challenges that cost nothing, and answers that tell nothing to who guesses."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.endpoints.sip.phones import DOMAIN, TestFlow, credentials, request
from xswitch_py.base.passwords import ha1
from xswitch_py.base.user import User
from xswitch_py.core.directory import Directory
from xswitch_py.core.guard import Guard, Limits
from xswitch_py.endpoints.sip.auth import Auth, Denied
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.pysip import digest
from xswitch_py.pysip.auth import challenges_in
from xswitch_py.pysip.digest import Nonces
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.message import Request, Response, serialise

FLOW = TestFlow("TLS")
ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER, NOTIFY, MESSAGE"
NONCE = re.compile(rb'nonce="[^"]*"')


def account(name: str, password: str, number: str = "", long: bool = True) -> User:
    pair = [ha1(algorithm, name, DOMAIN, password) for algorithm in ("MD5", "SHA-256")]
    user = User(name, DOMAIN, number=number, ha1_md5=pair[0], ha1_sha256=pair[1])
    return replace(user, long_ha1_md5=ha1("MD5", f"{name}@{DOMAIN}", DOMAIN, password)) if long else user


class People:
    """1001 and 1002, whose passwords are their names turned round; 1003 has no password."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def get(self, name: str, domain: str) -> User | None:
        """See `Users`."""
        assert domain == DOMAIN
        self.asked.append(name)
        users = {"1001": account("1001", "1001"[::-1], "+3589"), "1002": account("1002", "2001", long=False)}
        return {**users, "1003": User("1003", DOMAIN)}.get(name)

    async def find_number(self, number: str, domain: str) -> User | None:
        return None


class Site:
    """A door that asks for digests, and a phone before it."""

    def __init__(self, nonces: Nonces | None = None, **settings: Any) -> None:
        self.people = People()
        self.guard = Guard()
        self.directory = Directory(self.people, DOMAIN, self.guard)
        self.auth = Auth(self.directory, Settings(domain=DOMAIN, **settings), nonces)

    def asked(self, **more: Any) -> Response:
        return self.auth.challenge(request(**more))

    def line(self, password: str = "1001"[::-1], method: str = "REGISTER", **more: Any) -> str:
        """The line of a phone that was challenged."""
        return credentials(self.asked(method=method), request(method), password, **more)

    async def user(self, message: Request, flow: TestFlow = FLOW) -> User:
        return await self.auth.user(message, flow)

    async def denied(self, message: Request, flow: TestFlow = FLOW) -> Response:
        with pytest.raises(Denied) as denied:
            await self.auth.user(message, flow)
        return denied.value.response


@pytest.fixture
def site() -> Site:
    return Site()


def is_stale(response: Response) -> bool:
    name = "WWW-Authenticate" if response.status == 401 else "Proxy-Authenticate"
    (challenge,) = challenges_in(response.headers, name)
    return challenge.stale


@pytest.mark.item("S37")
@pytest.mark.item("S26")
@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "MESSAGE", "OPTIONS", "SUBSCRIBE", "REFER"])
async def test_a_register_is_challenged_by_the_registrar_and_all_else_by_the_proxy(site: Site, method: str) -> None:
    response = site.asked(method=method)
    fields = {name for name, _ in response.headers if name.endswith("Authenticate")}
    if method == "REGISTER":
        assert (response.status, fields) == (401, {"WWW-Authenticate"})
    else:
        assert (response.status, fields) == (407, {"Proxy-Authenticate"})
    assert (await site.user(request(method, site.line(method=method)))).name == "1001"
    wrong_field = {"REGISTER": "Proxy-Authorization"}.get(method, "Authorization")
    given = site.line(method=method).partition(": ")[2]
    assert site.auth.credentials(request(method, f"{wrong_field}: {given}")) is None


@pytest.mark.item("S38")
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_there_is_one_challenge_with_the_one_algorithm_that_is_set(algorithm: str) -> None:
    site = Site(algorithm=algorithm)
    response = site.asked()
    (challenge,) = challenges_in(response.headers, "WWW-Authenticate")
    assert len(response.headers.lines("WWW-Authenticate")) == 1
    assert (challenge.algorithm, challenge.qop, challenge.realm) == (algorithm, ("auth",), DOMAIN)
    assert (await site.user(request("REGISTER", site.line()))).name == "1001"
    other = Site(algorithm="SHA-256" if algorithm == "MD5" else "MD5")
    assert (await site.denied(request("REGISTER", other.line()))).status == 401


@pytest.mark.item("S39")
@pytest.mark.item("S104")
async def test_a_challenge_leaves_nothing_behind_and_asks_nobody(site: Site) -> None:
    for number in range(100):
        message = request("INVITE", call_id=f"flood-{number}")
        assert site.auth.credentials(message) is None
        site.auth.challenge(message)
    assert site.people.asked == []
    assert not site.auth._nonces._uses and not site.guard._sources and not site.directory._recent


@pytest.mark.item("S104")
async def test_copies_of_a_request_get_one_to_tag_and_other_requests_another(site: Site) -> None:
    tags = [site.asked(branch=branch).to.tag for branch in ("z9hG4bKa", "z9hG4bKa", "z9hG4bKb")]
    assert tags[0] == tags[1] != tags[2]
    assert all(len(tag) == 16 for tag in tags)
    assert Site().asked(branch="z9hG4bKa").to.tag != tags[0]


@pytest.mark.item("S103")
@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "OPTIONS"])
def test_a_challenge_is_smaller_than_a_phones_request_and_little_larger_than_the_smallest(
    site: Site, method: str
) -> None:
    least = request(method)
    phones = request(
        method, "Contact: <sip:1001@10.0.0.1:5060>;expires=600", "User-Agent: phone 1.0", f"Allow: {ALLOW}"
    )
    many = request(method, *["Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx"] * 60, f"X-Long: {'x' * 5000}")
    grown = [len(serialise(site.auth.challenge(each))) - len(serialise(each)) for each in (least, phones, many)]
    assert grown[0] <= 160 and grown[1] <= 0 and grown[2] <= 0


@pytest.mark.item("S39")
async def test_a_nonce_lives_as_long_as_is_set_and_says_so_with_stale() -> None:
    site = Site(Nonces(b"secret", lifetime=-1))
    response = await site.denied(request("REGISTER", site.line()))
    assert response.status == 401 and is_stale(response)
    assert not site.guard._sources  # no failure


@pytest.mark.item("S39")
@pytest.mark.item("S40")
async def test_a_right_digest_over_a_nonce_of_before_a_restart_is_stale(site: Site) -> None:
    assert is_stale(await site.denied(request("REGISTER", Site().line())))


@pytest.mark.item("S40")
async def test_a_count_is_good_once_and_in_any_order_nearby(site: Site) -> None:
    challenge = site.asked()

    def use(count: int) -> Request:
        return request("REGISTER", credentials(challenge, request(), "1001"[::-1], uses=count))

    for count in (1, 3, 2, 40):
        assert await site.user(use(count))
    for count in (3, 40, 7):
        assert is_stale(await site.denied(use(count)))
    assert await site.user(use(39))
    assert not site.guard._sources.get("198.51.100.7") or not site.guard._sources["198.51.100.7"].marks


@pytest.mark.item("S34")
@pytest.mark.item("S41")
@pytest.mark.item("S102")
@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE"])
async def test_unknown_users_and_wrong_passwords_get_the_same_bytes(site: Site, method: str) -> None:
    answers = []
    for name in ("1001", "1003", "9999", "1001@pbx.test", "9999@pbx.test", "1002@pbx.test"):
        line = site.line("wrong", method, username=name)
        answers.append(await site.denied(request(method, line, user="1001", branch="z9hG4bKone")))
    plain = site.asked(method=method, branch="z9hG4bKone")
    assert {NONCE.sub(b"", serialise(answer)) for answer in answers} == {NONCE.sub(b"", serialise(plain))}
    assert not any(map(is_stale, answers))


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, str]]]:
    """The sums that are made to judge a digest: the length of what goes in, and what for."""
    found: list[tuple[int, str]] = []
    made = digest.digest_response

    def spy(key: str, method: str, given: Any) -> str:
        found.append((len(key), method))
        return made(key, method, given)

    monkeypatch.setattr(digest, "digest_response", spy)
    yield found


@pytest.mark.item("S41")
@pytest.mark.item("S102")
async def test_unknown_users_and_wrong_passwords_cost_the_same_sums(
    site: Site, computed: list[tuple[int, str]]
) -> None:
    for name in ("1001", "1003", "9999"):
        await site.denied(request("REGISTER", site.line("wrong", username=name)))
    assert computed == [(32, "REGISTER")] * 3
    assert site.people.asked == ["1001", "1003", "9999"]


@pytest.mark.item("S41")
@pytest.mark.item("S40")
async def test_a_wrong_password_over_an_old_nonce_is_wrong_and_not_stale(site: Site) -> None:
    assert not is_stale(await site.denied(request("REGISTER", Site().line("wrong"))))


@pytest.mark.item("S42")
@pytest.mark.parametrize(
    ("method", "user", "to", "good"),
    [
        ("REGISTER", "1001", "1001", True),
        ("REGISTER", "1002", "1001", True),  # a third party: the registrar's own rule
        ("REGISTER", "1001", "1002", False),
        ("REGISTER", "+3589", "+3589", True),  # the number that others see
        ("INVITE", "1001", "1002", True),
        ("INVITE", "+3589", "1002", True),
        ("INVITE", "%31001", "1002", True),
        ("INVITE", "1002", "1001", False),
        ("MESSAGE", "10010", "1001", False),
    ],
)
async def test_who_has_proven_himself_goes_by_his_own_name(
    site: Site, method: str, user: str, to: str, good: bool
) -> None:
    message = request(method, site.line(method=method), user=user, to=to)
    if good:
        assert (await site.user(message)).name == "1001"
    else:
        assert (await site.denied(message)).status == 403


@pytest.mark.item("S34")
@pytest.mark.item("S42")
@pytest.mark.item("S102")
async def test_a_wrong_name_is_told_only_to_who_has_proven_himself(site: Site) -> None:
    assert (await site.denied(request("INVITE", site.line("wrong", "INVITE"), user="1002"))).status == 407


@pytest.mark.item("S42")
async def test_whoever_has_no_number_does_not_go_by_no_name(site: Site) -> None:
    message = request("INVITE", site.line("2001", "INVITE", username="1002"))
    message.headers.set("From", f"<sip:{DOMAIN}>;tag=x")
    assert (await site.denied(message)).status == 403


@pytest.mark.item("S42")
async def test_the_username_may_be_the_whole_address_of_ours(site: Site) -> None:
    assert (await site.user(request("REGISTER", site.line(username="1001@pbx.test")))).name == "1001"
    assert (await site.denied(request("REGISTER", site.line(username="1001@other.test")))).status == 401
    assert (await site.denied(request("REGISTER", site.line("2001", username="1002@pbx.test")))).status == 401


@pytest.mark.item("S43")
async def test_the_line_may_be_written_in_many_ways_and_others_may_stand_beside_it(site: Site) -> None:
    good = site.line()
    other = 'Authorization: Digest username="1001", realm="other", nonce="n", uri="sip:x", response="0"'
    odd = good.replace("Digest ", "dIGEST   ").replace("realm=", "Realm = ").replace("qop=auth", 'QOP="auth"')
    without = Site().line().replace(", algorithm=MD5", "")
    assert is_stale(await site.denied(request("REGISTER", without)))  # MD5 goes without saying
    assert await site.user(request("REGISTER", "Authorization: Bearer abc", other, odd))


@pytest.mark.item("S43")
@pytest.mark.item("S40")
@pytest.mark.parametrize("gone", [r", nc=\w+", r', cnonce="\w+"', r'username="1001", ', r', uri="[^"]*"'])
async def test_a_line_that_wants_a_part_is_malformed_and_no_failure(site: Site, gone: str) -> None:
    message = request("REGISTER", re.sub(gone, "", site.line()))
    with pytest.raises(BadMessage):
        site.auth.credentials(message)
    assert (await site.denied(message)).status == 400
    assert site.people.asked == [] and not site.guard._sources


@pytest.mark.item("S38")
@pytest.mark.parametrize("allowed", [False, True])
async def test_the_form_without_qop_is_taken_only_where_that_is_set(allowed: bool) -> None:
    site = Site(without_qop=allowed)
    response = site.asked()
    (challenge,) = challenges_in(response.headers, "WWW-Authenticate")
    response.headers.set("WWW-Authenticate", str(challenge).replace(', qop="auth"', ""))
    message = request("REGISTER", credentials(response, request(), "1001"[::-1]))
    if allowed:
        assert await site.user(message)
    else:
        assert not is_stale(await site.denied(message))


@pytest.mark.item("S43")
@pytest.mark.parametrize("uri", ["sip:127.0.0.1:5060", "sip:pbx.test;transport=udp", "no uri"])
async def test_a_digest_may_be_over_another_uri_unless_that_is_forbidden(site: Site, uri: str) -> None:
    assert await site.user(request("REGISTER", site.line(uris=[uri])))
    strict = Site(strict_uri=True)
    assert (await strict.denied(request("REGISTER", strict.line(uris=[uri])))).status == 400
    assert await strict.user(request("REGISTER", strict.line(uris=["sip:PBX.test"])))


@pytest.mark.item("S101")
async def test_who_guesses_is_banned_and_the_log_says_so_once(site: Site) -> None:
    flow = TestFlow("UDP")
    with capture_logs() as logs:
        for turn in range(10):
            await site.denied(request("REGISTER", site.line(f"guess {turn}", username=str(1001 + turn % 2))), flow)
    assert [line["event"] for line in logs if line["event"].startswith("sip-guard")] == [
        "sip-guard ban ip=198.51.100.7 reason=digest count=10"
    ]
    (ban,) = site.guard.bans(0.0)
    assert not site.guard.admits("198.51.100.7", ban.since)


@pytest.mark.item("S101")
async def test_who_tries_names_is_banned_sooner(site: Site) -> None:
    with capture_logs() as logs:
        for turn in range(5):
            await site.denied(request("REGISTER", site.line("guess", username=f"user{turn}")))
    assert [line["event"] for line in logs][-1] == "sip-guard ban ip=198.51.100.7 reason=unknown-user count=5"


@pytest.mark.item("S101")
async def test_first_requests_and_stale_ones_are_no_failures(site: Site) -> None:
    for _ in range(30):
        assert (await site.denied(request())).status == 401
        assert is_stale(await site.denied(request("REGISTER", Site().line())))
    assert site.guard.bans(0.0) == () and await site.user(request("REGISTER", site.line()))


@pytest.mark.item("S101")
async def test_a_right_digest_clears_what_was_counted(site: Site) -> None:
    for _ in range(3):
        for _ in range(5):
            await site.denied(request("REGISTER", site.line("wrong")))
        assert await site.user(request("REGISTER", site.line()))
    assert site.guard.bans(0.0) == ()


@pytest.mark.item("S101")
@pytest.mark.item("S102")
async def test_who_has_guessed_often_must_wait_and_cannot_tell(site: Site, computed: list[tuple[int, str]]) -> None:
    for _ in range(6):
        await site.denied(request("REGISTER", site.line("wrong")))
    computed.clear()
    response = await site.denied(request("REGISTER", site.line()))
    assert response.status == 401 and not is_stale(response) and computed == []
    assert await site.user(request("REGISTER", site.line()), TestFlow("TLS", ("203.0.113.1", 5061)))


@pytest.mark.item("S101")
async def test_a_forged_address_keeps_nobody_out_who_lives_there(site: Site) -> None:
    site.guard.settled("198.51.100.7", "1001", 1e12)
    for _ in range(30):
        await site.denied(request("REGISTER", site.line("wrong")), TestFlow("UDP"))
    assert await site.user(request("REGISTER", site.line()), TestFlow("UDP"))


@pytest.mark.item("S102")
async def test_secrets_and_digests_are_in_no_log(site: Site) -> None:
    line = site.line("wrong")
    with capture_logs() as logs:
        await site.denied(request("REGISTER", line))
    assert logs and "response" not in str(logs) and re.findall(r'response="(\w+)"', line)[0] not in str(logs)


def test_limits_are_the_sites() -> None:
    assert not Guard(Limits(burst=0.5, rate=0.0)).admits("192.0.2.1", 1.0)
