"""Where BabySea is, the key to it, and what a credit there costs us."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr
from pydantic_settings import BaseSettings

from generation.adapters.outbound.plain_url import plain


class Settings(BaseSettings):
    """What the worker is told, as `GENERATION_<NAME>_...`; nobody else reads it."""

    api_key: SecretStr
    region: Literal["us", "eu", "jp"] = "us"
    # In place of the region's own address.
    base_url: Annotated[AnyHttpUrl, AfterValidator(plain)] | None = None
    timeout_s: float = Field(default=30, gt=0, le=120)
    # Dollars. Without it nobody knows what a run cost us, and none is said.
    credit_usd: Decimal | None = Field(default=None, ge=0, le=1_000)

    @property
    def address(self) -> str:
        """Where the API is."""
        return str(self.base_url) if self.base_url else f"https://api.{self.region}.babysea.ai"
