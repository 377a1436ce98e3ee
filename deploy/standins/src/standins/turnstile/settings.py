"""Settings of the captcha, from `STANDIN_TURNSTILE_...`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TurnstileSettings(BaseSettings):
    """Where it listens, and the one secret key that it knows."""

    model_config = SettingsConfigDict(env_prefix="STANDIN_TURNSTILE_", extra="ignore")

    listen: Annotated[str, Field(pattern=r"^.+:\d{1,5}$")] = "127.0.0.1:12122"
    secret_key: str = "standin-secret"  # noqa: S105 - of a stand-in
