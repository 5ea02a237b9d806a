"""Event packages: what can be watched of a user, and how it is written (RFC 3856, 3863, 4480; 4235; 3842)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from xswitch_py.base.address import Address
from xswitch_py.base.offer import Party
from xswitch_py.pysip.notifier import Document
from xswitch_py.pysip.uri import Uri, escape_user

__all__ = ["PACKAGES", "Appearance", "Dialogs", "Facts", "Life", "Package", "Presence", "Summary"]

_DISPLAY: Final = 128  # characters of a name
_NUMBER: Final = 64  # and of a number
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 section 2.2
_IDLE: Final = '<dialog id="1"><state>terminated</state></dialog>\n'
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Life(Enum):
    """How far a user's end of a call is, in the words of RFC 4235 section 3.7.1."""

    TRYING = "trying"
    EARLY = "early"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class Appearance:
    """One leg of a user."""

    number: int  # of those the user has now, from 1: who watches shall not learn the ids of legs
    called: bool  # the user was called
    own: Party
    other: Party
    life: Life = Life.TRYING
    held: bool = False  # the user put the call on hold

    @property
    def busy(self) -> bool:
        """Whether the user is at the phone: it rings no longer, and is not put down yet."""
        return self.life is Life.CONFIRMED or (not self.called and self.life is not Life.TERMINATED)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of a user."""

    user: Address
    reachable: bool
    calls: tuple[Appearance, ...] = ()


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a user can be reached, and is on the phone: a PIDF document."""

    user: Address
    reachable: bool
    busy: bool

    def write(self, version: int) -> bytes:
        """See `Document`."""
        basic = "open" if self.reachable else "closed"
        note = "On the phone" if self.busy else "Available" if self.reachable else "Offline"
        activities = "<rpid:activities><rpid:on-the-phone/></rpid:activities>" if self.busy else ""
        return (
            f'{_XML}<presence xmlns="urn:ietf:params:xml:ns:pidf"'
            ' xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid"'
            f" entity={_attribute(_uri(self.user))}>\n"
            f'<tuple id="phone"><status><basic>{basic}</basic></status><note>{note}</note></tuple>\n'
            f'<dm:person id="user">{activities}<dm:note>{note}</dm:note></dm:person>\n'
            "</presence>\n"
        ).encode()


@dataclass(frozen=True, slots=True)
class Dialogs:
    """A user's calls, all of them in each document: what lamps of extensions show (BLF)."""

    user: Address
    calls: tuple[Appearance, ...]

    def write(self, version: int) -> bytes:
        """See `Document`."""
        # Without any dialog, some phones leave their lamp as it was; one that is over puts it out everywhere.
        shown = "".join([self._dialog(each) for each in self.calls]) or _IDLE
        return (
            f'{_XML}<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="{version}" state="full"'
            f" entity={_attribute(_uri(self.user))}>\n{shown}</dialog-info>\n"
        ).encode()

    def _dialog(self, each: Appearance) -> str:
        direction = "recipient" if each.called else "initiator"
        if each.life is Life.TERMINATED:
            return f'<dialog id="{each.number}" direction="{direction}"><state>terminated</state></dialog>\n'
        held = '<param pname="+sip.rendering" pvalue="no"/>' if each.held else ""  # RFC 4235 section 5.2
        own, other = _uri(self.user), _number(each.other, self.user.domain)
        return (
            f'<dialog id="{each.number}" direction="{direction}"><state>{each.life.value}</state>'
            f"<local>{_identity(each.own.name, own)}<target uri={_attribute(own)}>{held}</target></local>"
            f"<remote>{_identity(each.other.name, other)}</remote></dialog>\n"
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """What waits in a user's voice mailbox: nothing, as there is none."""

    user: Address

    def write(self, version: int) -> bytes:
        """See `Document`."""
        account = f"Message-Account: {_uri(self.user)}"
        return f"Messages-Waiting: no\r\n{account}\r\nVoice-Message: 0/0 (0/0)\r\n".encode()


@dataclass(frozen=True, slots=True)
class Package:
    """What can be subscribed to."""

    content_type: str
    document: Callable[[Facts], Document]
    private: bool = False  # only a user's own


PACKAGES: Final[Mapping[str, Package]] = {
    "presence": Package(
        "application/pidf+xml",
        lambda facts: Presence(facts.user, facts.reachable, any(each.busy for each in facts.calls)),
    ),
    "dialog": Package("application/dialog-info+xml", lambda facts: Dialogs(facts.user, facts.calls)),
    "message-summary": Package("application/simple-message-summary", lambda facts: Summary(facts.user), private=True),
}


def _uri(user: Address) -> str:
    return str(Uri(user=escape_user(_NO_XML.sub("\ufffd", user.user)), host=user.domain))


def _number(party: Party, domain: str) -> str:
    """The URI of a party; one without a number is nobody's (RFC 3323 section 4.1.1.3)."""
    return _uri(Address(party.number[:_NUMBER], domain) if party.number else Address("anonymous", "anonymous.invalid"))


def _identity(name: str, uri: str) -> str:
    display = f" display={_attribute(name[:_DISPLAY])}" if name else ""
    return f"<identity{display}>{escape(uri)}</identity>"


def _attribute(text: str) -> str:
    return quoteattr(_NO_XML.sub("\ufffd", text))
