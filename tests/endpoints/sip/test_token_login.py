"""Phones on web pages prove themselves by a token where others have a secret."""

import pytest

from tests.endpoints.sip.phones import DOMAIN, TestFlow, credentials, request
from xswitch_py.base.passwords import ha1_pair
from xswitch_py.base.user import User
from xswitch_py.core.directory import Directory
from xswitch_py.endpoints.sip.auth import Auth, Denied
from xswitch_py.endpoints.sip.settings import Settings

FLOW = TestFlow("WSS")


class People:
    """1001, whose phone secret is `secret`, and 1002, who has none."""

    async def get(self, name: str, domain: str) -> User | None:
        md5, sha256 = ha1_pair("1001", DOMAIN, "secret")
        users = {"1001": User("1001", DOMAIN, ha1_md5=md5, ha1_sha256=sha256), "1002": User("1002", DOMAIN)}
        return users.get(name)

    async def find_number(self, number: str, domain: str) -> User | None:
        return None


class Site:
    """A door that asks for digests, and the tokens of its users."""

    def __init__(self, algorithm: str = "MD5") -> None:
        self.directory = Directory(People(), DOMAIN)
        self.auth = Auth(self.directory, Settings(domain=DOMAIN, algorithm=algorithm))

    async def enters(self, user: str, password: str, method: str = "REGISTER", username: str = "") -> bool:
        challenge = self.auth.challenge(request(method, user=user))
        line = credentials(challenge, request(method, user=user), password, username or user)
        try:
            return (await self.auth.user(request(method, line, user=user), FLOW)).name == user
        except Denied as denied:
            assert denied.response.status in (401, 407)
            return False


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
@pytest.mark.parametrize("user", ["1001", "1002"])
async def test_a_token_is_as_good_as_a_secret(algorithm: str, method: str, user: str) -> None:
    site = Site(algorithm)
    word = site.directory.tokens.issue(User(user, DOMAIN), "session")
    assert await site.enters(user, word, method)
    assert await site.enters(user, word, method, f"{user}@{DOMAIN}")
    assert not await site.enters(user, word + "x", method)
    site.directory.tokens.end("session")
    assert not await site.enters(user, word, method)


async def test_the_secret_is_still_good_and_a_token_is_nobody_elses() -> None:
    site = Site()
    words = [site.directory.tokens.issue(User("1001", DOMAIN)) for _ in range(3)]
    assert await site.enters("1001", "secret")
    assert [await site.enters("1001", word) for word in words] == [True] * 3
    assert not await site.enters("1002", words[0]) and not await site.enters("1003", words[0])


async def test_a_phone_that_has_registered_goes_on_after_five_minutes() -> None:
    site = Site()
    clock = [1000.0]
    site.directory.tokens._clock = lambda: clock[0]
    used, unused = (site.directory.tokens.issue(User("1001", DOMAIN), "session") for _ in range(2))
    assert await site.enters("1001", used)
    clock[0] += 1000
    assert await site.enters("1001", used, "INVITE")
    assert not await site.enters("1001", unused, "INVITE")


async def test_an_answer_is_not_good_twice() -> None:
    site = Site()
    word = site.directory.tokens.issue(User("1001", DOMAIN), "session")
    line = credentials(site.auth.challenge(request()), request(), word)
    assert (await site.auth.user(request("REGISTER", line), FLOW)).name == "1001"
    with pytest.raises(Denied) as denied:
        await site.auth.user(request("REGISTER", line), FLOW)
    assert "stale=true" in str(denied.value.response.headers.lines("WWW-Authenticate")).lower()
