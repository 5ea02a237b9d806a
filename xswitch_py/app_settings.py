"""From the config to what each part is given of it."""

from xswitch_py.config import Config
from xswitch_py.core.guard import Limits as GuardLimits
from xswitch_py.endpoints.sip.settings import Settings
from xswitch_py.endpoints.verto.endpoint import Limits
from xswitch_py.listen.gate import Limits as SocketLimits
from xswitch_py.media import tones
from xswitch_py.media.plane import Plane
from xswitch_py.media.player import Sounds
from xswitch_py.pysip.registrar import Rules
from xswitch_py.pysip.session_timer import Policy
from xswitch_py.pysip.transaction import Times

__all__ = ["guard_limits", "media", "ringback", "sip_settings", "sip_socket_limits", "socket_limits", "verto_limits"]


def ringback(config: Config) -> str:
    """Name the source that a caller hears while the far end rings."""
    return f"tone:{config.call.ringback}"


def media(config: Config, known: tones.Tones) -> Plane:
    """Make the media plane."""
    call, media = config.call, config.media
    return Plane(
        Sounds(known, media.sounds, media.music if media.music.name else None),
        addresses=media.addresses or None,
        port=media.webrtc_port,
        rtp_ports=(media.rtp_ports.first, media.rtp_ports.last),
        symmetric_rtp=media.symmetric_rtp,
        public_address=media.public_address or None,
        setup_limit=call.setup_limit,
        media_timeout=call.media_timeout,
        held_timeout=call.held_timeout,
    )


def sip_settings(config: Config) -> Settings:
    """Give the SIP door its settings."""
    sip = config.sip
    return Settings(
        domain=config.domain,
        aliases=frozenset(name.lower() for name in sip.aliases),
        external=sip.public_address or config.media.public_address,
        local_nets=sip.local_nets,
        proxies=sip.proxies,
        times=Times(t1=sip.t1),
        registrations=Rules(sip.expires_least, sip.expires, sip.expires_most, sip.contacts),
        longest_on_socket=sip.expires_most_ws,
        algorithm=sip.algorithm.value,
        without_qop=sip.without_qop,
        strict_uri=sip.strict_uri,
        reliable=sip.reliable,
        session=Policy(sip.session_expires),
        grace=sip.grace,
        dialogs=sip.dialogs,
        dialogs_per_user=sip.dialogs_per_user,
    )


def guard_limits(config: Config) -> GuardLimits:
    """Give the guard its limits."""
    guard = config.guard
    return GuardLimits(rate=guard.rate, burst=guard.burst, ban=guard.ban, allowed=guard.allow)


def verto_limits(config: Config) -> Limits:
    """Give the Verto door its limits."""
    verto = config.verto
    return Limits(verto.login_deadline, config.call.detach_timeout, verto.idle_ping)


def socket_limits(config: Config) -> SocketLimits:
    """Give the WebSocket ports their limits."""
    listen, verto = config.listen, config.verto
    return SocketLimits(
        sockets=listen.connections,
        per_address=listen.connections_per_address,
        message=verto.message_limit,
        ping=verto.ping_interval,
        dead=verto.ping_interval * (verto.ping_misses + 1) - 1,
        waiting=verto.queue_limit,
    )


def sip_socket_limits(config: Config) -> SocketLimits:
    """Give the WebSocket ports that are SIP's alone their limits (sip.md 18)."""
    listen = config.listen
    return SocketLimits(
        listen.connections, listen.connections_per_address, message=65_536, ping=25, dead=45, buffer=1 << 20
    )
