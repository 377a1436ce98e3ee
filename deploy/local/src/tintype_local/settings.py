"""Settings of the embedded stack, from `TINTYPE_...`."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

StandIns = Literal["openai", "all"]


class StackSettings(BaseSettings):
    """Where the stack keeps its data, which ports it takes, and who can sign in at once."""

    model_config = SettingsConfigDict(env_prefix="TINTYPE_", extra="ignore")

    data_folder: Path = Path(".tintype")
    # The first of the ports; each can be set alone (TINTYPE_GATEWAY_PORT=...).
    base_port: int = Field(default=8600, ge=1024, le=65_000)
    seed_email: str = "demo@example.com"
    seed_password: str = "tintype-demo-account"  # noqa: S105 - printed at every start: a public demo account
    welcome_credits: int = Field(default=1_000, ge=0)
    worker_concurrency: int = Field(default=4, ge=1, le=64)
    # Which providers of media a stand-in answers for: with `all`, every one that has no setting of its own.
    stand_ins: StandIns = "openai"
    openai_base_url: str | None = None
    openai_api_key: str | None = None
    log_level: str = "INFO"
    # How fast the stand-in settles a bank debit.
    async_payment_delay_s: float = 3
