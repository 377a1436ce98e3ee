"""Where Replicate is, and the token to it."""

from typing import Annotated

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr
from pydantic_settings import BaseSettings

from generation.adapters.outbound.plain_url import plain


class Settings(BaseSettings):
    """What the worker is told, as `GENERATION_<NAME>_...`; nobody else reads it."""

    base_url: Annotated[AnyHttpUrl, AfterValidator(plain)] = AnyHttpUrl("https://api.replicate.com")
    api_key: SecretStr
    timeout_s: float = Field(default=30, gt=0, le=120)
