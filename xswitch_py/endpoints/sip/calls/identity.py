"""Who calls, as SIP says it: From, P-Asserted-Identity and their like (RFC 3261 section 8.1.1.3, RFC 3325)."""

from typing import Final

from xswitch_py.base.offer import Party
from xswitch_py.base.user import User
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.headers import Address
from xswitch_py.pysip.message import Message
from xswitch_py.pysip.uri import Uri, escape_user
from xswitch_py.pysip.usage import Fields

__all__ = ["ANONYMOUS", "asserted", "caller_address", "caller_of_user", "party_in"]

ANONYMOUS: Final = Address("Anonymous", Uri(user="anonymous", host="anonymous.invalid"))

_NOBODY: Final = ("", "anonymous")  # numbers of those who show none
_HIDDEN: Final = Party("Anonymous", "anonymous")
_PRIVATE: Final = frozenset({"id", "user", "full"})  # RFC 3323 section 4.2, RFC 3325 section 9.3


def caller_address(caller: Party, domain: str, user: str = "") -> Address:
    """Write who calls as a From, without tag; `user` stands for the number where a carrier wants to see an account."""
    number = user or caller.number
    if number.lower() in _NOBODY:
        return ANONYMOUS
    return Address(caller.name, Uri(user=escape_user(number), host=domain))


def asserted(shown: Party, domain: str) -> Fields:
    """Tell who somebody is to a peer that may know."""
    if shown.number.lower() in _NOBODY:
        return (("Privacy", "id"),)
    return (("P-Asserted-Identity", str(caller_address(shown, domain))),)


def caller_of_user(message: Message, user: User) -> Party:
    """Say who calls: the account says it, and the phone what that leaves open, or that nobody shall know."""
    if _is_private(message):
        return _HIDDEN
    return Party(user.display_name or message.from_.display, user.number or user.name)


def party_in(message: Message, known: Party) -> Party | None:
    """Read whom a trusted peer says we talk to; nothing if it says nothing new, or not to be told."""
    if _is_private(message):
        return None
    try:
        found = message.address("P-Asserted-Identity") or message.address("Remote-Party-ID")
    except BadMessage:
        return None
    if found is None or not found.uri.name:
        return None
    party = Party(found.display, found.uri.name)
    return None if party == known else party


def _is_private(message: Message) -> bool:
    said = (message.headers.get("Privacy") or "").lower().replace(",", ";").split(";")
    return not _PRIVATE.isdisjoint(map(str.strip, said))
