"""A postal address among the parameters."""

from __future__ import annotations

from standins.stripe.parameters import Nested


class Address(Nested):
    """A postal address."""

    city: str | None = None
    country: str | None = None
    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    state: str | None = None
