"""Settings of the BabySea stand-in, from `STANDIN_BABYSEA_...`."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(ge=0, le=86_400)]


class BabySeaSettings(BaseSettings):
    """Where it listens, which key it accepts, how long things take there."""

    model_config = SettingsConfigDict(env_prefix="STANDIN_BABYSEA_", extra="ignore")

    listen: Annotated[str, Field(pattern=r"^.+:\d{1,5}$")] = "127.0.0.1:12116"
    api_key: SecretStr = SecretStr("bye_standin")
    balance: Annotated[Decimal, Field(ge=0)] = Decimal(1_000_000)
    """Credits of the account; what fails or is canceled gives them back."""
    pending_s: Seconds = 0.05
    """How long a generation is `pending`."""
    run_s: Seconds = 0.3
    """How long it is `processing`."""
    output_ttl_s: Seconds = 3_600
    rate_limit: Annotated[int, Field(ge=1)] = 100_000
    """Requests a minute."""
    webhook_url: str | None = None
    webhook_secret: SecretStr = SecretStr("whsec_standin")
    """The whole text is the key."""
    webhook_timeout_s: Seconds = 10
    webhook_retry_delays_s: tuple[Seconds, ...] = (1, 4, 16, 60)
    """Attempts after 0, 1, 4, 16 and 60 seconds, each counted from the one before; then no more."""
