"""Who calls through a gateway, and what they dialled."""

import re
from typing import Final

from xswitch_py.endpoints.sip.gateways.config import GatewayConfig, rewritten
from xswitch_py.pysip.errors import BadMessage
from xswitch_py.pysip.headers import Address
from xswitch_py.pysip.message import Request
from xswitch_py.pysip.uri import Uri

__all__ = ["ANONYMOUS", "caller", "dialled", "number_of", "plain"]

ANONYMOUS: Final = "anonymous"  # the number of whoever shows none (RFC 3323 section 4.1.1.3)

_IDENTITIES: Final = ("P-Asserted-Identity", "Remote-Party-ID")  # in the order in which they are believed
_SEPARATED: Final = re.compile(r"\+?[0-9*#(). -]+")
_SEPARATORS: Final = re.compile(r"[(). -]")


def dialled(request: Request, config: GatewayConfig, token: str) -> str:
    """Say which number a request of a gateway is for; `token` is the user of our Contact there."""
    if config.extension:
        return config.extension
    number = number_of(request.uri)
    return number_of(request.to.uri) if number in ("", token) else number


def caller(request: Request, config: GatewayConfig) -> tuple[str, str]:
    """Say who calls: a name, which may be empty, and a number. What a gateway asserts counts if it is trusted."""
    hidden = "id" in (request.headers.get("Privacy") or "").lower().replace(",", ";").split(";")
    names = _IDENTITIES if config.trusted and not hidden else ()
    for name in names:
        for address in _addresses(request, name):
            if (number := number_of(address.uri)) and address.params.get("privacy", "off") == "off":
                return address.display, rewritten(config.normalise, number)
    number = number_of(request.from_.uri)
    return request.from_.display, rewritten(config.normalise, number) if number else ANONYMOUS


def number_of(uri: Uri) -> str:
    """Give the number or name of a sip or tel URI, without parameters that stand inside the user part."""
    return plain(uri.name.partition(";")[0]) if uri.scheme in ("sip", "sips", "tel") else ""


def plain(number: str) -> str:
    """Give a telephone number without what only helps to read it (RFC 3966 section 5.1.1); others stay as they are."""
    return _SEPARATORS.sub("", number) if _SEPARATED.fullmatch(number) else number


def _addresses(request: Request, name: str) -> tuple[Address, ...]:
    try:
        return request.addresses(name)
    except BadMessage:
        return ()
