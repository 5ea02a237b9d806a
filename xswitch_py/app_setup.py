"""How the switch was set up: what a first-run guide looks at."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import structlog

from xswitch_py.config import Config, Demo
from xswitch_py.core.first_run import ADMIN, PASSWORD_FILE
from xswitch_py.listen.certificate import about
from xswitch_py.media.mux import advertised

__all__ = ["Site"]

log = structlog.get_logger("xswitch.app")


class Site:
    """Where the switch stands. The first password is known by its file, which goes with it; a demo's by nothing."""

    def __init__(
        self,
        config: Config,
        demo: Demo | None,
        certificate: Callable[[], tuple[str, Path | None]],
        webrtc_port: Callable[[], int],
    ) -> None:
        """`certificate` gives the one in use, as PEM or empty, and its file."""
        self.demo = demo is not None
        self._config = config
        self._admin = ADMIN if demo is None else demo.admin.user
        self._file = config.store.path.parent / PASSWORD_FILE
        self._changed = False
        self._certificate, self._webrtc_port = certificate, webrtc_port

    def first_password(self) -> bool:
        """Say whether the password still stands that was made at the first start."""
        return not self._changed and (self.demo or self._file.exists())

    def password_changed(self, user: str) -> None:
        """Hear that somebody has another web password, or is gone."""
        if user != self._admin:
            return
        self._changed = True
        if not self.demo:
            try:
                self._file.unlink(missing_ok=True)
            except OSError as error:
                log.warning("remove this file: its password is no longer good", path=str(self._file), why=str(error))

    def facts(self) -> Mapping[str, Any]:
        """Give what else is known; blocks."""
        listen, media = self._config.listen, self._config.media
        addresses = list(media.addresses) or advertised(None)
        return {
            "certificate": self._about_certificate(),
            "https": listen.https is not None,
            "public_address": {
                "configured": media.public_address,
                "addresses": addresses,
                "behind_nat_likely": _behind_nat(addresses),
            },
            "webrtc_port": self._webrtc_port(),
            "origins": list(listen.origins),
        }

    def _about_certificate(self) -> Mapping[str, Any] | None:
        pem, path = self._certificate()
        if not pem:
            return None
        found = about(pem)
        return {
            "self_signed": found.self_signed,
            "names": list(found.names),
            "until": found.until,
            "path": None if path is None else str(path),
        }


def _behind_nat(addresses: list[str]) -> bool:
    """Say whether there are private IPv4 addresses and no public one: IPv6 alone would reach few."""
    found = [address for text in addresses if (address := ip_address(text)).version == 4 and not address.is_loopback]
    return bool(found) and not any(address.is_global for address in found)
