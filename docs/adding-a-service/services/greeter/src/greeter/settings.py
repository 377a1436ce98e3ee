"""What the greeter reads from its environment (`GREETER_...`)."""

from chassis.settings import ServiceSettings
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class GreeterSettings(ServiceSettings):
    """Settings of `serve`: those of every service."""

    model_config = SettingsConfigDict(env_prefix="GREETER_", extra="ignore")


class MigrationSettings(BaseSettings):
    """Settings of `migrate`: the owner's connection, and the role that gets the privileges."""

    model_config = SettingsConfigDict(env_prefix="GREETER_", extra="ignore")

    migration_database_url: SecretStr
    service_role: str = Field(default="greeter_service", pattern=r"^[a-z_][a-z0-9_]*$")
