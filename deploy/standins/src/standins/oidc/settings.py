"""Settings of the sign-in provider, from `STANDIN_OIDC_...`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class OidcSettings(BaseSettings):
    """Where it listens, and where browsers find it."""

    model_config = SettingsConfigDict(env_prefix="STANDIN_OIDC_", extra="ignore")

    listen: Annotated[str, Field(pattern=r"^.+:\d{1,5}$")] = "127.0.0.1:12121"
    public_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+$")] | None = None
    """What a browser calls it, where that is not the address by which services reach it."""
