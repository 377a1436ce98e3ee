"""Configuration from `IDENTITY_...` environment variables."""

from chassis.rate_limits import RateLimit, StorageUri
from chassis.settings import DatabaseSettings, OwnerSettings, PublisherSettings
from pydantic import AnyHttpUrl, Field, SecretStr
from pydantic_settings import SettingsConfigDict


class CommandSettings(DatabaseSettings):
    """What commands need that look at the database alone."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_")


class NewsSettings(CommandSettings):
    """What is mailed of other services' facts."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_")

    balance_mails: bool = True
    """Whether people are mailed that their credits run low."""


class IdentitySettings(PublisherSettings, NewsSettings):
    """What the identity service can be told; README.md explains each."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_")

    public_url: AnyHttpUrl
    """Where people reach the console; links in mails begin with it."""

    signing_keys: SecretStr
    issuer: str = "tintype-identity"
    audience: str = "tintype"
    access_token_ttl_s: int = Field(default=900, ge=30, le=86_400)
    refresh_token_ttl_s: int = Field(default=30 * 86_400, ge=60, le=366 * 86_400)
    verify_email_ttl_s: int = Field(default=7 * 86_400, ge=60, le=30 * 86_400)
    reset_password_ttl_s: int = Field(default=3_600, ge=60, le=86_400)

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

    rate_limit_uri: StorageUri = "memory://"
    login_limit_per_account: RateLimit = "10/5 minutes"
    login_limit_per_client: RateLimit = "60/5 minutes"
    login_limit_per_address: RateLimit = "300/hour"
    login_limit_per_device: RateLimit = "10/5 minutes"
    reset_limit_per_account: RateLimit = "3/hour"
    reset_limit_per_client: RateLimit = "20/hour"
    reset_limit_per_address: RateLimit = "10/hour"
    signup_limit_per_network: RateLimit = "20/hour"

    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_sender: str = "Tintype <no-reply@localhost>"
    smtp_starttls: bool = True
    smtp_timeout_s: float = Field(default=10, gt=0, le=60)


class MigrationSettings(OwnerSettings):
    """What `migrate` needs."""

    model_config = SettingsConfigDict(env_prefix="IDENTITY_")

    service_role: str = Field(default="identity_service", pattern=r"^[a-z_][a-z0-9_]*$")
