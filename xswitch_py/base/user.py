"""Who may use the switch, and what is known of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from types import MappingProxyType
from typing import Final

from xswitch_py.base.address import Address
from xswitch_py.base.passwords import ha1_pair

__all__ = ["NOBODY", "NewAccount", "User"]

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class User:
    """One account. The phone secret is kept only as the digests that RFC 7616 makes of it, for our own domain."""

    name: str
    domain: str  # lower case; also the realm of the digests
    display_name: str = ""  # the name others see
    number: str = ""  # the number others see; empty means `name`
    role: str = "user"  # a section of permissions.toml; one that is not there may do nothing
    enabled: bool = True
    context: str = "default"  # of the dialplan
    variables: Mapping[str, str] = field(default_factory=lambda: _NONE)
    ha1_md5: str | None = field(default=None, repr=False)  # hexadecimal; without either, no phone may log in
    ha1_sha256: str | None = field(default=None, repr=False)
    long_ha1_md5: str | None = field(default=None, repr=False)  # the same for phones that log in as `name@domain`
    long_ha1_sha256: str | None = field(default=None, repr=False)
    web_hash: str | None = field(default=None, repr=False)  # argon2id, encoded; None: no web password

    @property
    def address(self) -> Address:
        """Return `name@domain`."""
        return Address(self.name, self.domain)

    def ha1(self, username: str, algorithm: str) -> str | None:
        """Return what a digest in this name, `name` or `name@domain`, is checked by; `algorithm` is MD5 or SHA-256."""
        long = "@" in username
        if long and username != f"{self.name}@{self.domain}":
            return None
        if algorithm == "SHA-256":
            return self.long_ha1_sha256 if long else self.ha1_sha256
        return self.long_ha1_md5 if long else self.ha1_md5

    def check_phone(self, password: str) -> bool:
        """Tell whether this is the phone secret. Takes the same time whatever is kept; `enabled` is not asked."""
        kept = (self.ha1_md5, self.ha1_sha256)
        given = ha1_pair(self.name, self.domain, password)
        fits = [compare_digest(mine or "-" * len(theirs), theirs) for mine, theirs in zip(kept, given, strict=True)]
        return any(fits) and all(good or mine is None for good, mine in zip(fits, kept, strict=True))


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A user to be added, with what their phones and they themselves shall log in with; None: nothing will do."""

    user: User
    phone_secret: str | None = field(default=None, repr=False)
    web_password: str | None = field(default=None, repr=False)


NOBODY: Final = User("nobody", "invalid", enabled=False)  # to check a password for whoever does not exist
