"""Grants that anybody can carry and nobody can make."""

from typing import Protocol

from generation.domain.read_grant import ReadGrant


class ReadGrants(Protocol):
    """Signs grants and opens what it signed."""

    def sign(self, grant: ReadGrant) -> str:
        """Return the grant as text, safe in a URL; the moment it ends is rounded down to a second."""
        ...

    def open(self, signed: str) -> ReadGrant | None:
        """Return the grant again, over or not; None when it was not signed here."""
        ...
