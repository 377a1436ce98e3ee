"""Where the deployments are, and the key to them."""

from typing import Annotated

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr
from pydantic_settings import BaseSettings

from generation.adapters.outbound.plain_url import plain
from generation.adapters.outbound.providers.comfydeploy.webhook import WebhookSecret


class Settings(BaseSettings):
    """What the worker is told, as `GENERATION_<NAME>_...`; nobody else reads it."""

    base_url: Annotated[AnyHttpUrl, AfterValidator(plain)]
    api_key: SecretStr
    # Makes the addresses at which runs are told of; the API has the same text as its WEBHOOK_SECRET.
    token_secret: WebhookSecret | None = None
    timeout_s: float = Field(default=30, gt=0, le=120)
