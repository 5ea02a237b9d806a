"""A way: how a request that begins a call or says something gets to a phone or to a carrier."""

from dataclasses import dataclass, field

from xswitch_py.endpoints.sip.flow import Flow
from xswitch_py.media.api import Transport
from xswitch_py.pysip.headers import Address
from xswitch_py.pysip.login import Login
from xswitch_py.pysip.transaction import Times
from xswitch_py.pysip.uri import Uri

__all__ = ["Way"]


@dataclass(frozen=True, slots=True)
class Way:
    """One target. A contact of a user has one way; a gateway has one for each address that its name stands for."""

    uri: Uri  # the Request-URI
    flow: Flow
    to: Uri  # of the To: what was dialled, or the user who is called
    routes: tuple[Address, ...] = ()  # a Path that was registered, or the proxy of a gateway
    media: Transport = Transport.RTP  # what we offer
    codecs: tuple[str, ...] = ()  # all that may be offered, in order; empty: whatever the call has
    domain: str = ""  # of our From; empty: the switch's own
    user: str = ""  # of our From, where the carrier wants to see its account; empty: the caller
    contact: str = ""  # the user of our Contact, by which a carrier's requests are told apart
    contact_params: dict[str, str | None] = field(default_factory=dict, hash=False)  # more parameters of it
    trusted: bool = False  # who is called may be told the caller's identity (RFC 3325)
    login: Login | None = None  # answers its challenges
    times: Times | None = None  # of its transactions
    gateway: str = ""  # its name; empty for a phone
