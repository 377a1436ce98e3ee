"""Where an OpenAI-compatible API is, and the key to it."""

from typing import Annotated

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr
from pydantic_settings import BaseSettings

from generation.adapters.outbound.plain_url import plain

# A stopping worker lets its calls end (DRAIN_S), and others leave them to it (PATIENCE): both wait longer.
TIMEOUT_S_MAX = 150.0


class Settings(BaseSettings):
    """What the worker is told, as `GENERATION_<NAME>_...`; nobody else reads it."""

    base_url: Annotated[AnyHttpUrl, AfterValidator(plain)]
    api_key: SecretStr
    timeout_s: float = Field(default=TIMEOUT_S_MAX, gt=0, le=TIMEOUT_S_MAX)
