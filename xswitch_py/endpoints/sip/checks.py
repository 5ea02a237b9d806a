"""What is looked at before it matters who asks (RFC 3261 section 8.2; sip.md 6). Nothing here knows a user."""

from collections.abc import Callable, Mapping
from typing import Final

from xswitch_py.endpoints.sip.abilities import ALLOW, EXTENSIONS, METHODS
from xswitch_py.endpoints.sip.calls.body import SDP, sdp_in
from xswitch_py.pysip.message import Request
from xswitch_py.pysip.uri import Uri
from xswitch_py.pysip.usage import Refused

__all__ = ["check"]

# What belongs into a dialog and came without one, or is not served at all.
_ELSEWHERE: Final[Mapping[str, Refused]] = {
    **{name: Refused(481) for name in ("BYE", "INFO", "NOTIFY", "PRACK", "UPDATE")},
    "REFER": Refused(403),
    "PUBLISH": Refused(405, "", (ALLOW,)),
}
_HOPS: Final = frozenset({"INVITE", "MESSAGE", "SUBSCRIBE"})  # what may be sent on by us
_ANY: Final = frozenset({"*/*", "application/*", SDP})


def check(request: Request, is_ours: Callable[[Uri], bool]) -> None:
    """Check a request that begins something.

    Raises:
        Refused: the answer it deserves.
        BadMessage: a header that matters cannot be read.
    """
    if request.max_forwards == 0 and request.method in _HOPS:
        raise Refused(483)
    if (refused := _ELSEWHERE.get(request.method)) is not None:
        raise Refused(refused.status, refused.reason, refused.fields)
    if request.method not in METHODS:
        raise Refused(501, "", (ALLOW,))
    for name in ("Require", "Proxy-Require"):
        if unknown := [tag for tag in request.tokens(name) if tag.lower() not in EXTENSIONS]:
            raise Refused(420, "", (("Unsupported", ", ".join(sorted(unknown))),))
    if request.method == "INVITE":
        sdp_in(request)
        if not _takes_sdp(request):
            raise Refused(406)
    if any(not is_ours(route.uri) for route in request.routes):
        raise Refused(403)  # no way leads through us to others (S106)


def _takes_sdp(request: Request) -> bool:
    said = request.headers.all("Accept")
    return not said or any(each.partition(";")[0].strip().lower() in _ANY for each in said)
