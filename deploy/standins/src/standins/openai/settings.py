"""Settings of the OpenAI stand-in, from `STANDIN_OPENAI_...`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class OpenAISettings(BaseSettings):
    """Where it listens, which key it accepts and which models it has."""

    model_config = SettingsConfigDict(env_prefix="STANDIN_OPENAI_", extra="ignore")

    listen: Annotated[str, Field(pattern=r"^.+:\d{1,5}$")] = "127.0.0.1:12112"
    api_key: SecretStr = SecretStr("sk-standin")
    image_models: tuple[str, ...] = ("gpt-image-2.5-flare", "gpt-image-2", "gpt-image-1-mini", "gpt-image-1")
    chat_models: tuple[str, ...] = ("gpt-5.4-mini", "gpt-4.1-mini", "gpt-4o-mini", "deepseek-v4-flash")
    speech_models: tuple[str, ...] = ("gpt-4o-mini-tts", "tts-1")
    chunk_delay_s: Annotated[float, Field(ge=0, le=10)] = 0.0
    """The pause between two chunks of a stream."""
