"""Settings of the ComfyUI stand-in, from `STANDIN_COMFYUI_...`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(ge=0, le=86_400)]


class ComfyUiSettings(BaseSettings):
    """Where it listens, how long things take there."""

    model_config = SettingsConfigDict(env_prefix="STANDIN_COMFYUI_", extra="ignore")

    listen: Annotated[str, Field(pattern=r"^.+:\d{1,5}$")] = "127.0.0.1:12118"
    api_key: SecretStr | None = None
    """What a proxy before it would ask for; ComfyUI asks for nothing."""
    queue_s: Seconds = 0.05
    """How long a run waits for the one before it."""
    run_s: Seconds = 0.3
    output_ttl_s: Seconds = 3_600
    """The real one keeps its files until somebody deletes them."""
