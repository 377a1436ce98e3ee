"""What the greeter reads from its environment (`GREETER_...`)."""

from chassis.settings import OwnerSettings, ServiceSettings
from pydantic import Field
from pydantic_settings import SettingsConfigDict


class GreeterSettings(ServiceSettings):
    """Settings of `serve`: those of every service."""

    model_config = SettingsConfigDict(env_prefix="GREETER_")


class MigrationSettings(OwnerSettings):
    """Settings of `migrate`."""

    model_config = SettingsConfigDict(env_prefix="GREETER_")

    service_role: str = Field(default="greeter_service", pattern=r"^[a-z_][a-z0-9_]*$")
