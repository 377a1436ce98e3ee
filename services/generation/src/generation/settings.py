"""Configuration from `GENERATION_...` environment variables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from chassis.settings import OwnerSettings, PublisherSettings
from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from generation.adapters.outbound.plain_url import plain
from generation.adapters.outbound.providers.registry import Chosen, chosen, refuse_taken


def _without_path(url: AnyHttpUrl) -> AnyHttpUrl:
    if (url.path or "/") != "/":
        # A signature covers the path that the store sees: one in front of the bucket breaks it.
        raise ValueError("must be scheme, host and port alone: no path comes before a bucket")
    return plain(url)


def _names(listed: str) -> frozenset[str]:
    return frozenset(name for each in listed.split(",") if (name := each.strip()))


StoreUrl = Annotated[AnyHttpUrl, AfterValidator(_without_path)]
Providers = Annotated[Chosen, NoDecode, BeforeValidator(chosen)]
Names = Annotated[frozenset[str], NoDecode, BeforeValidator(_names)]


class CatalogueSettings(BaseSettings):
    """Which models there are, and whose providers are in use."""

    model_config = SettingsConfigDict(env_prefix="GENERATION_", extra="ignore")

    models_file: Path | None = None
    providers: Providers = Field(default="local", validate_default=True)

    @field_validator("providers")
    @classmethod
    def _not_like_other_settings(cls, providers: Chosen) -> Chosen:
        return refuse_taken(providers, {**ApiSettings.model_fields, **InteractiveSettings.model_fields})

    @property
    def provider_names(self) -> frozenset[str]:
        """The providers in use, as the models' definitions call them."""
        return frozenset(provider.name for provider in self.providers)


class GenerationSettings(PublisherSettings, CatalogueSettings):
    """What API and worker share; README.md explains each."""

    model_config = SettingsConfigDict(env_prefix="GENERATION_")

    ledger_target: str
    caller_token: SecretStr

    s3_url: StoreUrl
    s3_public_url: StoreUrl | None = None
    s3_region: str = "us-east-1"
    s3_access_key: str
    s3_secret_key: SecretStr
    s3_bucket: str

    # An upload that no job is made from goes after so long.
    upload_unused_ttl_s: int = Field(default=86_400, ge=60, le=366 * 86_400)

    queue_timeout_s: int = Field(default=3_600, ge=60, le=86_400)


class ApiSettings(GenerationSettings):
    """What only the API is told."""

    # Providers in whose place a stand-in answers, as whoever leads the service there says: never guessed.
    stand_ins: Names = Field(default="", validate_default=True)
    quote_key: SecretStr = Field(min_length=32)
    quote_ttl_s: int = Field(default=900, ge=10, le=86_400)
    output_url_ttl_s: int = Field(default=900, ge=10, le=86_400)
    # A file, and all that one account keeps of them.
    upload_size_max_bytes: int = Field(default=25 * 1024 * 1024, ge=1024, le=64_000_000)
    # One that goes straight to the store.
    awaited_upload_size_max_bytes: int = Field(default=100 * 1024 * 1024, ge=1024, le=2 * 1024**3)
    uploads_per_account_max: int = Field(default=500, ge=1, le=1_000_000)
    uploads_per_account_max_bytes: int = Field(default=2 * 1024**3, ge=1024)


class WorkerSettings(GenerationSettings):
    """What only the worker is told."""

    public_url: Annotated[AnyHttpUrl, AfterValidator(plain)] | None = None
    worker_concurrency: int = Field(default=4, ge=1, le=256)
    attempts_max: int = Field(default=5, ge=1, le=20)
    lease_s: float = Field(default=15, ge=2, le=300)
    drain_s: float = Field(default=160, ge=1, le=3_600)
    progress_every_s: float = Field(default=0.5, ge=0, le=30)
    ledger_give_up_s: int = Field(default=900, ge=30, le=86_400)
    output_size_max_bytes: int = Field(default=200 * 1024 * 1024, ge=1024)
    fetch_allow_loopback: bool = False
    # Who says what is not to be made, and what is done while nobody can say.
    moderation: Literal["off", "words", "openai"] = "off"
    moderation_when_away: Literal["closed", "open"] = "closed"
    moderation_words_file: Path | None = None
    moderation_api_key: SecretStr | None = None
    moderation_base_url: Annotated[AnyHttpUrl, AfterValidator(plain)] = AnyHttpUrl(
        "https://api.openai.com/v1"
    )
    moderation_model: str = Field(default="omni-moderation-latest", min_length=1)
    moderation_timeout_s: float = Field(default=10, gt=0, le=60)

    # Outputs say where they come from, signed with this key, where both are there.
    c2pa_certificates_file: Path | None = None
    c2pa_key_file: Path | None = None

    # What is made is kept so long, and for longer where a plan opens a word; None: for good.
    output_retention_days: int | None = Field(default=None, ge=1, le=36_500)
    output_retention_days_by_entitlement: Mapping[str, Annotated[int, Field(ge=1, le=36_500)]] = {}

    @model_validator(mode="after")
    def _c2pa_is_whole(self) -> Self:
        if (self.c2pa_certificates_file is None) != (self.c2pa_key_file is None):
            raise ValueError("c2pa_certificates_file and c2pa_key_file are set together")
        return self

    @model_validator(mode="after")
    def _moderation_is_whole(self) -> Self:
        needed = {"words": "moderation_words_file", "openai": "moderation_api_key"}.get(self.moderation)
        if needed and getattr(self, needed) is None:
            raise ValueError(f"moderation={self.moderation} needs {needed}")
        return self


class InteractiveSettings(WorkerSettings):
    """What is told to whoever runs jobs in the call itself: what a worker is, and how many run at once."""

    interactive_streams_max: int = Field(default=200, ge=1, le=10_000)
    interactive_streams_per_account_max: int = Field(default=16, ge=1, le=10_000)
    # Jobs that show previews: each holds a picture or two.
    interactive_previews_max: int = Field(default=8, ge=1, le=1_000)
    interactive_previews_per_account_max: int = Field(default=4, ge=1, le=1_000)
    # To the database: each chat needs one for a moment when it begins and when it ends. Two show that the
    # process is there, two are its relay's.
    interactive_connections_max: int = Field(default=20, ge=5, le=200)


class MigrationSettings(OwnerSettings):
    """What `migrate` needs."""

    model_config = SettingsConfigDict(env_prefix="GENERATION_")

    service_role: str = "generation_service"
