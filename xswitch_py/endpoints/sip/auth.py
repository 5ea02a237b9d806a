"""Who sent a request: challenges, which cost nothing to make, and the judging of their answers (RFC 7616, RFC 8760)."""

import hmac
import secrets
import time
from collections.abc import Callable

import structlog

from xswitch_py.base.user import User
from xswitch_py.core.directory import Directory
from xswitch_py.core.guard import Offence
from xswitch_py.endpoints.sip.flow import Flow
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.pysip.auth import Challenge, Credentials, credentials_in
from xswitch_py.pysip.digest import Nonces, Verdict, judge
from xswitch_py.pysip.errors import BadMessage, SipError
from xswitch_py.pysip.message import Headers, Request, Response, response_to
from xswitch_py.pysip.uri import parse_uri, same

__all__ = ["Auth", "Denied"]

log = structlog.get_logger("xswitch.sip")


class Denied(SipError):
    """A request is not served for who sent it; `response` is the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.status} {response.reason}")
        self.response = response


class Auth:
    """Knows users by their digests. Nothing is kept of who has not proven to be one."""

    def __init__(self, directory: Directory, settings: Settings, nonces: Nonces | None = None) -> None:
        self._directory = directory
        self._guard = directory.guard
        self._settings = settings
        self._readers = {name: _reader(name, settings.domain) for name in ("Authorization", "Proxy-Authorization")}
        self._secret = secrets.token_bytes(32)
        self._nonces = nonces or Nonces(secrets.token_bytes(32))

    def challenge(self, request: Request, *, stale: bool = False) -> Response:
        """Ask for a digest: exactly one challenge, for phones that take only the first they see do not choose well.

        Each copy of a request gets the same To tag.
        """
        settings = self._settings
        nonce = self._nonces.make(settings.domain, time.time())
        asked = Challenge(settings.domain, nonce, settings.algorithm, stale=stale)
        status, name = (401, "WWW-Authenticate") if request.method == "REGISTER" else (407, "Proxy-Authenticate")
        return self._answer(request, status, fields=((name, str(asked)),))

    def credentials(self, request: Request) -> Credentials | None:
        """Read what a request brings to prove who sent it; `None` if that is nothing that we asked for.

        Raises:
            BadMessage: it is malformed.
        """
        name = "Authorization" if request.method == "REGISTER" else "Proxy-Authorization"
        return request.headers.typed(name, self._readers[name])

    async def user(self, request: Request, flow: Flow) -> User:
        """Find out who sent a request.

        Raises:
            Denied: nobody we know, or not who the request says. A wrong password and an unknown user look the same, and
                so does a right one that comes too soon after many wrong ones.
        """
        try:
            given = self.credentials(request)
        except BadMessage as bad:
            raise Denied(self._answer(request, bad.status or 400, bad.text)) from None
        if given is None:
            raise Denied(self.challenge(request))
        user = await self._judged(request, given, flow)
        if not _is_uri_of(request, given):  # some write the address that they send to, or add parameters
            log.debug("digest for another URI", user=str(user.address), uri=given.uri)
            if self._settings.strict_uri:
                raise Denied(self._answer(request, 400, "Bad Digest URI"))
        if not _is_sender(request, user):
            log.warning("not who they say", user=str(user.address), host=flow.remote[0], method=request.method)
            raise Denied(self._answer(request, 403))
        return user

    async def _judged(self, request: Request, given: Credentials, flow: Flow) -> User:
        """Judge credentials; the way to "no" is the same for whoever exists and who does not."""
        host, now = flow.remote[0], time.monotonic()
        if self._guard.refuses(host, given.user, now):
            raise Denied(self.challenge(request))
        user = await self._directory.find_recent(given.user)
        verdict = self._verdict(request, given, user)
        if user is not None and verdict is Verdict.GOOD:
            self._guard.passed(host, user.name)
            return user
        if verdict is Verdict.STALE:
            raise Denied(self.challenge(request, stale=True))
        self._blame(given.user, user is not None, flow)
        raise Denied(self.challenge(request))

    def _verdict(self, request: Request, given: Credentials, user: User | None) -> Verdict:
        """Judge by the phone secret, and then by each phone token that the user has."""
        algorithm, tokens = self._settings.algorithm, self._directory.tokens
        verdict = self._judge(request, given, user.ha1(given.username, algorithm) if user is not None else None)
        if user is None or verdict is not Verdict.WRONG:
            return verdict
        for ha1 in tokens.ha1s(user.name, given.username, algorithm):
            if (verdict := self._judge(request, given, ha1)) is not Verdict.WRONG:
                tokens.used(user.name, ha1)
                return verdict
        return Verdict.WRONG

    def _judge(self, request: Request, given: Credentials, ha1: str | None) -> Verdict:
        settings = self._settings
        return judge(
            given,
            request.method,
            ha1,
            self._nonces,
            settings.domain,
            time.time(),
            algorithm=settings.algorithm,
            without_qop=settings.without_qop,
        )

    def _blame(self, name: str, known: bool, flow: Flow) -> None:
        host, now, forgeable = flow.remote[0], time.monotonic(), flow.transport == "UDP"
        log.warning("digest refused", user=name, host=host)
        for offence in (Offence.DIGEST,) if known else (Offence.DIGEST, Offence.STRANGER):
            if (ban := self._guard.failed(offence, host, now, name, forgeable=forgeable)) is not None:
                log.warning(ban.line)

    def _answer(
        self, request: Request, status: int, reason: str = "", fields: tuple[tuple[str, str], ...] = ()
    ) -> Response:
        of = "\n".join((request.call_id, request.from_.tag, str(request.cseq), request.vias[0].branch))
        tag = hmac.digest(self._secret, of.encode("utf-8", "surrogateescape"), "sha256")[:8].hex()
        return response_to(request, status, reason, to_tag=tag, fields=fields)


def _reader(name: str, realm: str) -> Callable[[list[str]], Credentials | None]:
    """Make what reads the credentials for a realm, once for each request: the gate and the judge both ask."""
    return lambda lines: credentials_in(Headers.from_lines({name: lines}), name, realm)


def _is_sender(request: Request, user: User) -> bool:
    """Say whether a request goes by the name of this user, or by the number that others see of him."""
    said = request.to if request.method == "REGISTER" else request.from_
    return said.uri.name in (user.name, user.number or user.name)


def _is_uri_of(request: Request, given: Credentials) -> bool:
    if given.uri == str(request.uri):
        return True
    try:
        return same(parse_uri(given.uri), request.uri)
    except BadMessage:
        return False
