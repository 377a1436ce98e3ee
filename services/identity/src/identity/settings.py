"""Configuration from `IDENTITY_...` environment variables."""

from typing import Annotated, Self

from chassis.rate_limits import RateLimit, StorageUri
from chassis.settings import DatabaseSettings, OwnerSettings, PublisherSettings
from cryptography.fernet import Fernet
from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from identity.domain.sign_up_policy import SignUpMode

# Providers that need no issuer: what they are called, and where they are. GitHub has no discovery document.
KNOWN_PROVIDERS = {"google": "Google", "github": "GitHub"}
GOOGLE_ISSUER = "https://accounts.google.com"


class CommandSettings(DatabaseSettings):
    """What commands need that look at the database alone."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_")


class NewsSettings(CommandSettings):
    """What is mailed of other services' facts."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_")

    balance_mails: bool = True
    """Whether people are mailed that their credits run low."""


class SignInProvider(BaseModel):
    """A provider of identities, as an operator registered with it."""

    model_config = ConfigDict(extra="forbid")

    client_id: str = Field(min_length=1, max_length=500)
    client_secret: SecretStr | None = None
    issuer: str | None = Field(default=None, pattern=r"^https?://[^\s?#]+$", max_length=500)
    """Where its discovery document is, letter by letter as that says; google and github need none."""
    title: str | None = Field(default=None, min_length=1, max_length=60)
    """What the button calls it."""


ProviderName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]


class IdentitySettings(PublisherSettings, NewsSettings):
    """What the identity service can be told; README.md explains each."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_")

    public_url: AnyHttpUrl
    """Where people reach the console; links in mails begin with it."""

    signing_keys: SecretStr
    second_factor_key: SecretStr | None = None
    """Seals the secrets of second factors; without one nobody can turn one on."""
    issuer: str = "tintype-identity"
    audience: str = "tintype"
    access_token_ttl_s: int = Field(default=900, ge=30, le=86_400)
    refresh_token_ttl_s: int = Field(default=30 * 86_400, ge=60, le=366 * 86_400)
    verify_email_ttl_s: int = Field(default=7 * 86_400, ge=60, le=30 * 86_400)
    change_email_ttl_s: int = Field(default=86_400, ge=60, le=30 * 86_400)
    keep_email_ttl_s: int = Field(default=7 * 86_400, ge=3_600, le=90 * 86_400)
    """How long whoever reads mail at the old address can take a change of it back."""
    reset_password_ttl_s: int = Field(default=3_600, ge=60, le=86_400)

    erasure_grace_days: int = Field(default=14, ge=0, le=90)
    """How long whoever deletes their account may take that back."""

    argon2_time_cost: int = Field(default=3, ge=1, le=20)
    argon2_memory_kib: int = Field(default=65_536, ge=1_024, le=1_048_576)
    argon2_parallelism: int = Field(default=4, ge=1, le=16)
    argon2_threads: int = Field(default=4, ge=1, le=64)
    argon2_waiting_max: int = Field(default=64, ge=1, le=10_000)

    device_token_ttl_s: int = Field(default=365 * 86_400, ge=3_600, le=5 * 366 * 86_400)

    welcome_after_confirmation: bool = True
    """Whether a new user is welcomed only once the address is verified."""
    welcome_once_per_mailbox: bool = True
    """Whether aliases of one mailbox are welcomed once in all."""

    sign_up: SignUpMode = SignUpMode.OPEN
    """Who may open an account: everybody, who is invited, or nobody."""
    sign_up_domains: str = ""
    """Domains whose addresses may sign up, with commas; all where it is empty."""
    invitation_ttl_s: int = Field(default=14 * 86_400, ge=60, le=366 * 86_400)
    sign_in_providers: dict[ProviderName, SignInProvider] = Field(default={}, max_length=20)
    """Who vouches for people, beside their passwords, by the names that addresses have."""

    rate_limit_uri: StorageUri = "memory://"
    login_limit_per_account: RateLimit = "10/5 minutes"
    login_limit_per_client: RateLimit = "60/5 minutes"
    login_limit_per_address: RateLimit = "300/hour"
    login_limit_per_device: RateLimit = "10/5 minutes"
    second_factor_limit_per_address: RateLimit = "30/hour"
    reset_limit_per_account: RateLimit = "3/hour"
    reset_limit_per_client: RateLimit = "20/hour"
    reset_limit_per_address: RateLimit = "10/hour"
    signup_limit_per_network: RateLimit = "20/hour"

    turnstile_site_key: str | None = Field(default=None, min_length=1, max_length=200)
    turnstile_secret_key: SecretStr | None = Field(default=None, min_length=1)
    turnstile_origin: str = Field(default="https://challenges.cloudflare.com", pattern=r"^https?://[^\s/]+$")

    @model_validator(mode="after")
    def _both_keys(self) -> Self:
        if (self.turnstile_site_key is None) is not (self.turnstile_secret_key is None):
            raise ValueError("TURNSTILE_SITE_KEY and TURNSTILE_SECRET_KEY go together")
        return self

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains one by one, in small letters."""
        listed = (domain.strip().lower().removeprefix("@") for domain in self.sign_up_domains.split(","))
        return tuple(domain for domain in listed if domain)

    @field_validator("sign_in_providers")
    @classmethod
    def _found(cls, providers: dict[str, SignInProvider]) -> dict[str, SignInProvider]:
        for name, provider in providers.items():
            if provider.issuer is None and name not in KNOWN_PROVIDERS:
                raise ValueError(f"{name} needs an issuer")
        return providers

    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_sender: str = "Tintype <no-reply@localhost>"
    smtp_starttls: bool = True
    smtp_timeout_s: float = Field(default=10, gt=0, le=60)

    @field_validator("second_factor_key")
    @classmethod
    def _is_a_key(cls, keys: SecretStr | None) -> SecretStr | None:
        for key in keys.get_secret_value().split(",") if keys else ():
            # The value itself is never told.
            try:
                Fernet(key.strip())
            except ValueError:
                raise ValueError(
                    "must be 32 random bytes in URL-safe base64, or several with commas"
                ) from None
        return keys

    @property
    def factor_keys(self) -> list[str]:
        """The keys of second factors: the first seals, all open."""
        keys = self.second_factor_key
        return [key.strip() for key in keys.get_secret_value().split(",")] if keys else []


class MigrationSettings(OwnerSettings):
    """What `migrate` needs."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_")

    service_role: str = Field(default="identity_service", pattern=r"^[a-z_][a-z0-9_]*$")
