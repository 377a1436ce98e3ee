"""What a request carries along to everything that follows from it."""

from collections.abc import Mapping
from typing import Protocol

from ledger.domain.occasion import NO_METADATA


class RequestContext(Protocol):
    """Knows the request that is being answered."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that facts take along, such as the trace that the request is part of."""


class NoRequestContext:
    """Nothing is carried along."""

    def headers(self) -> Mapping[str, str]:
        """Return none."""
        return NO_METADATA
