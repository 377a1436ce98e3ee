"""What a request carries along to everything that follows from it."""

from collections.abc import Mapping
from typing import Protocol

from ledger.domain.occasion import NO_METADATA


class RequestContext(Protocol):
    """Knows the request that is being answered."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that facts take along, such as the trace that the request is part of."""

    def committed(self, headers: Mapping[str, str], *, commands: int, duration_s: float) -> None:
        """Note that the request with these headers was committed just now, in a batch of so many."""


class NoRequestContext:
    """Nothing is carried along."""

    def headers(self) -> Mapping[str, str]:
        """Return none."""
        return NO_METADATA

    def committed(self, headers: Mapping[str, str], *, commands: int, duration_s: float) -> None:
        """Forget it."""
