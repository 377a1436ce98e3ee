"""Settings of the Replicate stand-in, from `STANDIN_REPLICATE_...`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(ge=0, le=86_400)]


class ReplicateSettings(BaseSettings):
    """Where it listens, which token it accepts, how long things take there."""

    model_config = SettingsConfigDict(env_prefix="STANDIN_REPLICATE_", extra="ignore")

    listen: Annotated[str, Field(pattern=r"^.+:\d{1,5}$")] = "127.0.0.1:12114"
    api_key: SecretStr = SecretStr("r8_standin")
    webhook_secret: SecretStr = SecretStr("whsec_c3RhbmQtaW4tc2VjcmV0LW9mLXJlcGxpY2F0ZQ==")
    boot_s: Seconds = 0.05
    """How long a prediction is `starting`."""
    run_s: Seconds = 0.3
    """How long it is `processing`."""
    output_ttl_s: Seconds = 3_600
    webhook_timeout_s: Seconds = 10
    webhook_retry_delays_s: tuple[Seconds, ...] = (0.5, 1, 2, 4, 8, 16, 30)
