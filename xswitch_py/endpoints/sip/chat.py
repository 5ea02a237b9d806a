"""Chat: MESSAGE requests of phones to users wherever they are, and what others say to phones (RFC 3428, RFC 3994)."""

from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

from xswitch_py.base.address import Address
from xswitch_py.base.user import User
from xswitch_py.core.endpoint import Message
from xswitch_py.core.leg import Leg
from xswitch_py.core.registry import Contact
from xswitch_py.core.services import Services
from xswitch_py.endpoints.sip.abilities import DOOR
from xswitch_py.endpoints.sip.flow import via_of
from xswitch_py.endpoints.sip.stack import Stack
from xswitch_py.endpoints.sip.way import Way
from xswitch_py.pysip import headers
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.grammar import parse_params
from xswitch_py.pysip.limits import Limits
from xswitch_py.pysip.message import Request, Response, new_call_id, new_tag, response_to
from xswitch_py.pysip.transaction import Failure
from xswitch_py.pysip.uri import Uri, escape_user
from xswitch_py.pysip.usage import Refused

__all__ = ["COMPOSING", "TEXT", "Chat"]

log = structlog.get_logger("xswitch.sip")

TEXT: Final = "text/plain"
COMPOSING: Final = "application/im-iscomposing+xml"  # somebody is typing
_ACCEPT: Final = ("Accept", f"{TEXT}, {COMPOSING}")
_CHARSETS: Final = {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "iso-8859-1": "latin-1"}
_DATAGRAM: Final = 1_300  # bytes of a text that go out on UDP (RFC 3428 section 8)
_DISPLAY: Final = 128  # characters of a name
_NAME: Final = "from_msg_name"  # the member of a message that has the sender's name, as Verto pages call it
_NOBODY: Final = Address("anonymous", "anonymous.invalid")  # RFC 3323 section 4.1.1.3


class Chat:
    """What is said without a call, and beside one."""

    def __init__(self, services: Services, stack: Stack, way: Callable[[Contact], Way | None]) -> None:
        """`way` leads to a contact of this door, if it is still there."""
        self._services = services
        self._stack = stack
        self._way = way

    async def receive(self, request: Request, user: User) -> None:
        """Pass on a MESSAGE that a user sends outside of calls, and answer it."""
        directory = self._services.directory
        to = directory.address(request.uri.name)
        try:
            text = _text(request)
            if not self._services.registry.find(to) and await directory.find_recent(to.user) is None:
                raise Refused(404)
            self._pass_on(request, text, Message(user.address, to, text or "", _named(user.display_name)))
        except Refused as refused:
            self._refuse(request, refused)
        else:
            self._stack.reply(request, response_to(request, 200, to_tag=new_tag()))

    def receive_inside(self, request: Request, leg: Leg) -> None:
        """Pass on a MESSAGE inside a call to the user at the other end, wherever that user reads, and answer it.

        As in FreeSWITCH, text beside a call is chat between its users. Where the other end is no user (a carrier, an
        announcement), the text is taken and dropped: a phone shall not call the call broken for that.
        """
        other = leg.bridged.offer.user if leg.bridged is not None else None
        try:
            text = _text(request)
            if other is not None:
                self._pass_on(request, text, Message(self._author(leg), other, text or "", _named(leg.party.name)))
        except Refused as refused:
            self._refuse(request, refused)
        else:
            self._stack.reply(request, response_to(request, 200, to_tag=new_tag()))

    def deliver(self, to: Contact, message: Message) -> bool:
        """Send a text to a phone; say whether it left. Whether the phone took it nobody waits for."""
        return self._send(to, message, TEXT, message.body.encode("utf-8", "replace"))

    def _pass_on(self, request: Request, text: str | None, message: Message) -> None:
        contacts = self._services.registry.find(message.to)
        if text is None:
            phones = [contact for contact in contacts if contact.door == DOOR]
            if contacts and not phones:
                raise Refused(415, fields=(("Accept", TEXT),))  # then it stops telling that somebody types
            taken = [self._send(contact, message, COMPOSING, request.body) for contact in phones]
        else:
            taken = [self._services.doors[contact.door].deliver(contact, message) for contact in contacts]
        if not any(taken):
            raise Refused(480)

    def _author(self, leg: Leg) -> Address:
        if leg.offer.user is not None:
            return leg.offer.user
        return self._services.directory.address(leg.party.number) if leg.party.number else _NOBODY

    def _refuse(self, request: Request, refused: Refused) -> None:
        answer = response_to(request, refused.status, refused.reason, to_tag=new_tag(), fields=refused.fields)
        self._stack.reply(request, answer)

    def _send(self, to: Contact, message: Message, content_type: str, body: bytes) -> bool:
        way = self._way(to)
        if way is None or not way.flow.alive:
            return False
        try:
            request = _request(way, message, content_type, body)
        except ValueError as error:  # what they wrote may not stand in a header
            log.warning("message refused", user=str(message.sender), to=str(to.user), why=str(error))
            return False
        self._stack.ask(request, way.flow, partial(_answered, to), way.times)
        return True


def _request(way: Way, message: Message, content_type: str, body: bytes) -> Request:
    name = message.extra.get(_NAME, "")
    if len(body) > (_DATAGRAM if way.flow.transport == "UDP" else Limits.TEXT_BODY):
        raise ValueError("the text is too long")
    if len(name) > _DISPLAY:
        raise ValueError("the name is too long")
    sender = Uri(user=escape_user(message.sender.user), host=way.domain or message.sender.domain)
    return Request.new(
        "MESSAGE",
        way.uri,
        from_=headers.Address(name, sender, {"tag": new_tag()}),
        to=headers.Address(uri=way.to),
        call_id=new_call_id(),
        cseq=1,
        via=via_of(way.flow),
        routes=way.routes,
        body=body,
        content_type=content_type,
    )


def _answered(to: Contact, answer: Response | Failure) -> None:
    if isinstance(answer, Failure):
        log.info("message lost", user=str(to.user), why=answer.name.lower())
    elif answer.status >= 300:  # a challenge is a refusal, too: phones have no business to know our secrets
        log.info("message refused by the phone", user=str(to.user), status=answer.status)


def _text(request: Request) -> str | None:
    """Read what a MESSAGE says; nothing if it only says that somebody types.

    Raises:
        Refused: a type or an encoding that we do not take (415), or a text that is none (400).
    """
    encoding, charset = _coding(request)
    if encoding != "identity":
        raise Refused(415, fields=(("Accept-Encoding", "identity"),))
    if request.content_type == COMPOSING:
        return None
    codec = _CHARSETS.get(charset)
    if request.content_type != TEXT or codec is None:
        raise Refused(415, fields=(_ACCEPT,))
    try:
        return request.body.decode(codec)
    except UnicodeDecodeError:
        raise Refused(400, "Bad Text") from None


def _coding(request: Request) -> tuple[str, str]:
    """Content-Encoding and charset; the latter is UTF-8 unless they say otherwise (RFC 3261 section 7.4.1)."""
    _, semicolon, params = (request.headers.get("Content-Type") or "").partition(";")
    try:
        encoding = request.headers.get("Content-Encoding") or "identity"
        charset = parse_params(semicolon + params).get("charset") or "utf-8"
    except BadMessage as bad:
        raise Refused(bad.status, bad.text) from None
    return encoding.lower(), charset.lower()


def _named(name: str) -> dict[str, str]:
    return {_NAME: name} if name else {}
