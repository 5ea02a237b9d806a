"""How the switch was set up: what a first-run guide looks at."""

from xswitch_py.models.shape import Model, Moment

__all__ = ["Certificate", "PublicAddress", "Setup"]


class Certificate(Model):
    """The certificate of the TLS ports."""

    self_signed: bool
    """Browsers and phones warn of it."""
    names: list[str]
    """Host names and IP addresses that it is for."""
    until: Moment
    path: str | None
    """The file; null: it is a demo's, and nowhere kept."""


class PublicAddress(Model):
    """Where others send sound to."""

    configured: str
    """`media.public_address`: what others are told in place of our own addresses; empty: these are told."""
    addresses: list[str]
    """Our own."""
    behind_nat_likely: bool
    """Of our IPv4 addresses none can be reached from the internet."""


class Setup(Model):
    """What was done, and what remains to be done."""

    first_password: bool
    """Whether the administrator still has the password that was made at the first start."""
    demo: bool
    """Everything is kept in memory only."""
    certificate: Certificate | None
    """Null: no port uses TLS."""
    https: bool
    """Whether pages come by https from us; a proxy before us may do that, too."""
    public_address: PublicAddress
    users: int
    gateways: int
    webrtc_port: int
    """The UDP port of all WebRTC media."""
    domain: str
    origins: list[str]
    """Of whose pages phones may come, beside our own; `*` is all."""
