"""Settings of the Polar stand-in, from `STANDIN_POLAR_...`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(ge=0, le=86_400)]


class PolarSettings(BaseSettings):
    """Where it listens, which token it accepts, where its webhooks go and how fast things happen."""

    model_config = SettingsConfigDict(env_prefix="STANDIN_POLAR_", extra="ignore")

    listen: Annotated[str, Field(pattern=r"^.+:\d{1,5}$")] = "127.0.0.1:12113"
    public_url: Annotated[str, Field(pattern=r"^https?://.+[^/]$")] | None = None
    """What a browser calls this process; when unset, the address the API was called by."""

    access_token: SecretStr = SecretStr("polar_oat_standin")
    data_folder: Path = Path("polar-data")

    webhook_url: str | None = None
    """The one webhook endpoint; when unset, nothing is told."""
    webhook_secret: SecretStr = SecretStr("polar_whs_standin")
    webhook_timeout_s: Seconds = 10
    webhook_retry_delays_s: Annotated[tuple[Seconds, ...], Field(max_length=50)] = (0.5, 1, 2, 5, 10, 30, 60)
    """The pause before each further attempt; a delivery fails for good after the last."""

    checkout_ttl_s: Annotated[float, Field(gt=0, le=86_400)] = 3_600
    """How long a checkout page stays open."""
    async_payment_delay_s: Seconds = 3
    """How long a bank debit takes to settle or fail."""
    tax_percent: Annotated[float, Field(ge=0, le=100)] = 0
    """The flat rate of tax on what is sold; comes on top, as the price says."""
