"""Settings of the Stripe stand-in, from `STANDIN_STRIPE_...`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

API_VERSION = "2026-10-28.endive"

Seconds = Annotated[float, Field(ge=0, le=3600)]


class StripeSettings(BaseSettings):
    """Where it listens, which key it accepts, where its webhooks go and how fast things happen."""

    model_config = SettingsConfigDict(env_prefix="STANDIN_STRIPE_", extra="ignore")

    listen: Annotated[str, Field(pattern=r"^.+:\d{1,5}$")] = "127.0.0.1:12111"
    public_url: Annotated[str, Field(pattern=r"^https?://.+[^/]$")] | None = None
    """What a browser calls this process; when unset, the address the API was called by."""

    api_key: SecretStr = SecretStr("sk_test_standin")
    data_folder: Path = Path("stripe-data")

    webhook_url: str | None = None
    """The one webhook endpoint; when unset, events are only stored."""
    webhook_secret: SecretStr = SecretStr("whsec_standin")
    webhook_api_version: str = API_VERSION
    webhook_timeout_s: Seconds = 10
    webhook_retry_delays_s: Annotated[tuple[Seconds, ...], Field(max_length=50)] = (
        0.5,
        1,
        2,
        5,
        10,
        30,
        60,
        120,
        300,
    )
    """The pause before each further attempt; a delivery fails for good after the last."""

    async_payment_delay_s: Seconds = 3
    """How long a bank debit takes to settle or fail."""

    tax_percent: Annotated[float, Field(ge=0, le=100)] = 10.0
    """The flat rate of automatic tax, until a test orders another."""
    retry_delays_days: Annotated[tuple[Annotated[float, Field(gt=0, le=60)], ...], Field(max_length=8)] = (
        3,
        5,
        7,
    )
    """The pause before each further attempt at a subscription's invoice; after the last Stripe gives up."""
