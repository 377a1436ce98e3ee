"""Settings of the Easel stand-in, from `STANDIN_EASEL_...`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class EaselSettings(BaseSettings):
    """Where it listens, and which key it accepts."""

    model_config = SettingsConfigDict(env_prefix="STANDIN_EASEL_", extra="ignore")

    listen: Annotated[str, Field(pattern=r"^.+:\d{1,5}$")] = "127.0.0.1:12120"
    api_key: SecretStr = SecretStr("sk-standin")
