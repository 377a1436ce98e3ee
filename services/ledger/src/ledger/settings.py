"""What the ledger reads from its environment (`LEDGER_...`)."""

from chassis.settings import DatabaseSettings, OwnerSettings, PublisherSettings
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict


class CommandSettings(DatabaseSettings):
    """Settings of every command that works on the database."""

    model_config = SettingsConfigDict(env_prefix="LEDGER_")

    # Credits that a new user starts with; 0 for none.
    welcome_credits: int = Field(default=1_000, ge=0, le=1_000_000_000)
    # Below this many credits an account is told that its balance is low; 0 for never.
    low_balance_credits: int = Field(default=100, ge=0, le=1_000_000_000)
    # So many days before gifts or bought credits expire their owner is told; 0 for never.
    expiry_notice_days: int = Field(default=3, ge=0, le=365)
    # Commands that may wait; past it callers are asked to try again, and memory does not grow.
    waiting_commands_max: int = Field(default=20_000, ge=500, le=1_000_000)
    database_pool_size: int = Field(default=10, ge=2, le=100)


class LedgerSettings(CommandSettings, PublisherSettings):
    """Settings of `serve`."""

    model_config = SettingsConfigDict(env_prefix="LEDGER_")

    caller_token: SecretStr
    generation_target: str
    sweep_every_s: float = Field(default=15, gt=0, le=3_600)
    # How far the hash chain trails behind the journal.
    seal_every_s: float = Field(default=1, gt=0, le=3_600)
    # Every invariant is checked over the whole database: seconds for millions of entries, minutes for more.
    verify_every_s: float = Field(default=3_600, ge=10, le=7 * 86_400)


class MigrationSettings(OwnerSettings):
    """Settings of `migrate`."""

    model_config = SettingsConfigDict(env_prefix="LEDGER_")

    service_role: str = "ledger_service"
