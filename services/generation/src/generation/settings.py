"""Configuration from `GENERATION_...` environment variables."""

from pathlib import Path
from typing import Annotated

from chassis.settings import OwnerSettings, PublisherSettings
from pydantic import AfterValidator, AnyHttpUrl, BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from generation.adapters.outbound.plain_url import plain
from generation.adapters.outbound.providers.registry import Chosen, chosen, refuse_taken


def _without_path(url: AnyHttpUrl) -> AnyHttpUrl:
    if (url.path or "/") != "/":
        # A signature covers the path that the store sees: one in front of the bucket breaks it.
        raise ValueError("must be scheme, host and port alone: no path comes before a bucket")
    return plain(url)


StoreUrl = Annotated[AnyHttpUrl, AfterValidator(_without_path)]
Providers = Annotated[Chosen, NoDecode, BeforeValidator(chosen)]


class GenerationSettings(PublisherSettings):
    """What API and worker share; README.md explains each."""

    model_config = SettingsConfigDict(env_prefix="GENERATION_")

    models_file: Path | None = None

    ledger_target: str
    caller_token: SecretStr

    s3_url: StoreUrl
    s3_public_url: StoreUrl | None = None
    s3_region: str = "us-east-1"
    s3_access_key: str
    s3_secret_key: SecretStr
    s3_bucket: str

    providers: Providers = Field(default="local", validate_default=True)

    queue_timeout_s: int = Field(default=3_600, ge=60, le=86_400)

    @field_validator("providers")
    @classmethod
    def _not_like_other_settings(cls, providers: Chosen) -> Chosen:
        return refuse_taken(providers, {**ApiSettings.model_fields, **WorkerSettings.model_fields})

    @property
    def provider_names(self) -> frozenset[str]:
        """The providers in use, as the models' definitions call them."""
        return frozenset(provider.name for provider in self.providers)


class ApiSettings(GenerationSettings):
    """What only the API is told."""

    quote_key: SecretStr = Field(min_length=32)
    quote_ttl_s: int = Field(default=900, ge=10, le=86_400)
    output_url_ttl_s: int = Field(default=900, ge=10, le=86_400)


class WorkerSettings(GenerationSettings):
    """What only the worker is told."""

    worker_concurrency: int = Field(default=4, ge=1, le=256)
    attempts_max: int = Field(default=5, ge=1, le=20)
    lease_s: float = Field(default=15, ge=2, le=300)
    drain_s: float = Field(default=160, ge=1, le=3_600)
    progress_every_s: float = Field(default=0.5, ge=0, le=30)
    ledger_give_up_s: int = Field(default=900, ge=30, le=86_400)
    output_size_max_bytes: int = Field(default=200 * 1024 * 1024, ge=1024)
    fetch_allow_loopback: bool = False


class MigrationSettings(OwnerSettings):
    """What `migrate` needs."""

    model_config = SettingsConfigDict(env_prefix="GENERATION_")

    service_role: str = "generation_service"
