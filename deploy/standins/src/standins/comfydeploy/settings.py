"""Settings of the ComfyDeploy stand-in, from `STANDIN_COMFYDEPLOY_...`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(ge=0, le=86_400)]


class ComfyDeploySettings(BaseSettings):
    """Where it listens, which key it accepts, how long things take there."""

    model_config = SettingsConfigDict(env_prefix="STANDIN_COMFYDEPLOY_", extra="ignore")

    listen: Annotated[str, Field(pattern=r"^.+:\d{1,5}$")] = "127.0.0.1:12117"
    api_key: SecretStr = SecretStr("cd_standin")
    vocabulary: Literal["comfydeploy", "pixio"] = "comfydeploy"
    """Whose words its statuses are."""
    queue_s: Seconds = 0.05
    """How long a run waits for a machine."""
    run_s: Seconds = 0.3
    output_ttl_s: Seconds = 3_600
    webhook_timeout_s: Seconds = 10
    webhook_retry_delays_s: tuple[Seconds, ...] = (1, 2)
    """Three attempts, then no more."""
