"""Settings that every service has, and a start that fails with one clear line a bad setting."""

import re
import sys
from typing import Literal, NoReturn, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError


class LogSettings(BaseSettings):
    """How a process logs, and where it reports its errors."""

    model_config = SettingsConfigDict(extra="ignore")

    log_format: Literal["json", "console"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    sentry_dsn: SecretStr | None = None


class DatabaseSettings(BaseSettings):
    """The database, by the login of the service's own role: all that many a command needs."""

    model_config = SettingsConfigDict(extra="ignore")

    database_url: SecretStr


class OwnerSettings(BaseSettings):
    """What `migrate` reads: the owner's connection, and the role that gets the privileges.

    A service says its prefix, and its role's name as the default.
    """

    model_config = SettingsConfigDict(extra="ignore")

    migration_database_url: SecretStr
    service_role: str


class ServiceSettings(LogSettings, DatabaseSettings):
    """What each service reads from its environment, under its own prefix (`LEDGER_...`)."""

    nats_url: str
    nats_user: str
    nats_password: SecretStr
    grpc_listen: str = "127.0.0.1:0"
    http_listen: str = "127.0.0.1:0"
    # Caller service name -> sha256 (hex) of the token that it presents.
    callers: dict[str, str] = {}


class PublisherSettings(ServiceSettings):
    """What a service that publishes facts reads besides."""

    # How many servers of the broker's cluster hold the service's stream; a single server holds one.
    nats_replicas: int = Field(default=1, ge=1, le=5)


_FIELD = re.compile(r'field "(\w+)"')
S = TypeVar("S", bound=BaseSettings)


def load_settings(cls: type[S]) -> S:
    """Read the settings from the environment, or print one line for all that are missing and one for each
    bad one, and exit with 2.

    The values themselves are never printed: any of them may be a secret.
    """
    try:
        return cls()
    except ValidationError as invalid:
        _refuse(cls, invalid)
    except SettingsError as unreadable:
        # A structured value that is no JSON at all; its message names the field, and shows no value.
        prefix = cls.model_config.get("env_prefix", "").upper()
        field = _FIELD.search(str(unreadable))
        sys.stderr.write(f"{prefix}{field[1].upper() if field else '...'}: must be JSON\n")
        sys.exit(2)


def _refuse(cls: type[BaseSettings], invalid: ValidationError) -> NoReturn:
    prefix = cls.model_config.get("env_prefix", "").upper()
    missing: list[str] = []
    for problem in invalid.errors(include_input=False, include_url=False):
        name = prefix + "_".join(str(part) for part in problem["loc"]).upper()
        if problem["type"] == "missing":
            missing.append(name)
        else:
            sys.stderr.write(f"{name}: {problem['msg'].lower()}\n")
    if missing:
        sys.stderr.write(f"missing in the environment: {', '.join(missing)}\n")
    sys.exit(2)
