"""Where the server is, and how whatever stands before it lets us in."""

import base64
from typing import Annotated

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from generation.adapters.outbound.plain_url import plain


class Settings(BaseSettings):
    """What the worker is told, as `GENERATION_<NAME>_...`; nobody else reads it.

    ComfyUI itself asks nobody who they are: a key, or a name and a password (`name:password`), are for a
    proxy before it.
    """

    base_url: Annotated[AnyHttpUrl, AfterValidator(plain)]
    api_key: SecretStr | None = None
    basic_auth: SecretStr | None = None
    timeout_s: float = Field(default=30, gt=0, le=120)

    @field_validator("basic_auth")
    @classmethod
    def _one_way_in(cls, given: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if given is not None and info.data.get("api_key") is not None:
            raise ValueError("stands beside a key; a request can carry one of them")
        if given is not None and ":" not in given.get_secret_value():
            raise ValueError("must be a name and a password with a colon between them")
        return given

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        if self.api_key is not None:
            return {"authorization": f"Bearer {self.api_key.get_secret_value()}"}
        if self.basic_auth is not None:
            word = base64.b64encode(self.basic_auth.get_secret_value().encode()).decode()
            return {"authorization": f"Basic {word}"}
        return {}
