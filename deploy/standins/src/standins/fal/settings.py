"""Settings of the fal stand-in, from `STANDIN_FAL_...`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(ge=0, le=86_400)]


class FalSettings(BaseSettings):
    """Where it listens, which key it accepts, how long things take there."""

    model_config = SettingsConfigDict(env_prefix="STANDIN_FAL_", extra="ignore")

    listen: Annotated[str, Field(pattern=r"^.+:\d{1,5}$")] = "127.0.0.1:12119"
    api_key: SecretStr = SecretStr("fal_standin")
    webhook_secret: SecretStr = SecretStr("stand-in secret of fal")
    """What the key is made of that webhooks are signed with; its public half is at /.well-known/jwks.json."""
    user_id: str = "standin"
    """Whose requests they are, as webhooks say."""
    queue_s: Seconds = 0.05
    """How long a request is `IN_QUEUE`."""
    run_s: Seconds = 0.3
    """How long it is `IN_PROGRESS`."""
    output_ttl_s: Seconds = 86_400
    webhook_timeout_s: Seconds = 15
    webhook_retry_delays_s: tuple[Seconds, ...] = tuple(7.0 * 2**n for n in range(10))
    """Ten further attempts within two hours."""
