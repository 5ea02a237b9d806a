"""How a contact is reached: the ways to a phone that registered, or through gateways."""

from dataclasses import dataclass, replace

from xswitch_py.base.cause import Cause
from xswitch_py.base.errors import CallError
from xswitch_py.base.offer import Offer, Wish
from xswitch_py.core.registry import Contact
from xswitch_py.endpoints.sip.calls.line import Line
from xswitch_py.endpoints.sip.gateways.gateways import Gateways
from xswitch_py.endpoints.sip.location import Location, flow_of
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.endpoints.sip.way import Way
from xswitch_py.media.api import Transport
from xswitch_py.pysip.registrar import Binding
from xswitch_py.pysip.uri import Uri, escape_user

__all__ = ["Reached", "is_same_device", "reach", "way_to"]

# What the variable `sip_srtp` of a user asks for, where its phone does not show it.
_MEDIA = {"sdes": Transport.SRTP, "dtls": Transport.WEBRTC}


@dataclass(frozen=True, slots=True)
class Reached:
    """The ways to somebody, in the order to be tried; `instance` is the device, where it said so."""

    ways: list[Way]
    offer: Offer
    instance: str = ""


def reach(to: Contact, offer: Offer, location: Location, gateways: Gateways, settings: Settings) -> Reached:
    """Find the ways to a contact.

    Raises:
        CallError: there is none.
    """
    kind, _, names = to.key.partition("/")
    if kind == "gateway":
        return _through(names.split("+"), offer, gateways)
    way, binding = way_to(to, location, settings, offer.variables.get("sip_srtp", "")), location.binding(to.key)
    if way is None or binding is None:
        raise CallError(Cause.USER_NOT_REGISTERED, "the phone has left")
    return Reached([way], offer, binding.instance)


def way_to(to: Contact, location: Location, settings: Settings, srtp: str = "") -> Way | None:
    """Give the way to a phone, if it is still there."""
    binding = location.binding(to.key)
    if binding is None or not flow_of(binding).alive:
        return None
    flow = flow_of(binding)
    webrtc = flow.transport in ("WS", "WSS") or "+sip.ice" in binding.contact.params
    return Way(
        uri=binding.contact.uri,
        flow=flow,
        to=Uri(user=escape_user(to.user.user), host=settings.domain),
        routes=binding.path,
        media=Transport.WEBRTC if webrtc else _MEDIA.get(srtp, Transport.RTP),
    )


def is_same_device(line: Line, binding: Binding) -> bool:
    """Say whether a registration is of the device that a call is with: its instance, or the Contact that it has.

    Web pages think up the user of their Contact; where it is the account's, as with most phones, it tells nothing.
    """
    if line.instance and binding.instance:
        return line.instance == binding.instance
    if line.dialog is None or line.user is None:
        return False
    target, uri = line.dialog.target, binding.contact.uri
    return target.name == uri.name and (target.name != line.user.user or target.host == uri.host)


def _through(names: list[str], offer: Offer, gateways: Gateways) -> Reached:
    """Give the ways through gateways, by their weights; those that cannot take a call now are left out."""
    ways: list[Way] = []
    failure = CallError(Cause.INVALID_GATEWAY)
    for name in gateways.order(names):
        try:
            ways += gateways.ways(name, offer.callee.number)
        except CallError as error:
            failure = error
    if not ways:
        raise failure
    return Reached(ways, replace(offer, wish=_narrowed(offer.wish, ways[0])))


def _narrowed(wish: Wish | None, way: Way) -> Wish | None:
    """Offer no more than a carrier may have, in its order."""
    if wish is None or not way.codecs:
        return wish
    audio = tuple([name for name in way.codecs if name.lower() in {each.lower() for each in wish.audio}])
    return Wish(audio or wish.audio, wish.video)
