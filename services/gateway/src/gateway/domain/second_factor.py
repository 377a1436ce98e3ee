"""A second factor, as its person sees it."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class SecondFactor:
    """Since when sign-ins ask for a code, None for not at all, and how many recovery codes are good."""

    confirmed_at: datetime | None
    recovery_codes_left: int


@dataclass(frozen=True, kw_only=True)
class FactorSecret:
    """What an authenticator app is given, this once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
