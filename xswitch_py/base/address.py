"""Addresses of people: `user@domain`."""

from dataclasses import dataclass
from typing import Self

__all__ = ["Address"]


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A user of a domain; the domain is lower case."""

    user: str
    domain: str

    @classmethod
    def parse(cls, text: str, domain: str = "") -> Self:
        """Read `user` or `user@domain`; `domain` stands in where none is written."""
        user, _, host = text.strip().partition("@")
        return cls(user, (host or domain).lower())

    def __str__(self) -> str:
        return f"{self.user}@{self.domain}"
