"""`python -m identity serve | migrate | create-user | disable-user | enable-user | outbox`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Sequence
from pathlib import Path

from chassis import outbox_command
from chassis.process import run_until_signalled
from chassis.settings import load_settings
from chassis.telemetry import configure_telemetry

from identity.adapters.inbound import fields
from identity.adapters.outbound.postgres.tables import outbox
from identity.adapters.outbound.signing_keys import BadSigningKey, load_signing_keys
from identity.application.create_user import CreateUser
from identity.application.disable_user import DisableUser
from identity.bootstrap import real_ports, serve, wire_create_user, wire_disable_user
from identity.domain.errors import IdentityError
from identity.domain.user import Role
from identity.settings import IdentitySettings, MigrationSettings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m identity")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer gRPC, publish events and send mail until SIGTERM")
    commands.add_parser("migrate", help="bring the database to the newest schema, as its owner")
    creation = commands.add_parser("create-user", help="create an account unless the address has one")
    creation.add_argument("--email", required=True)
    creation.add_argument("--full-name", default="")
    creation.add_argument("--role", choices=[role.value for role in Role], default=Role.USER.value)
    creation.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password's line from standard input; without it the owner resets the password first",
    )
    for name, told in (
        ("disable-user", "close an account, whose sessions end everywhere within a second"),
        ("enable-user", "let a disabled account sign in again"),
    ):
        commands.add_parser(name, help=told).add_argument("--email", required=True)
    outbox_command.add_arguments(
        commands.add_parser("outbox", help="look at facts that can't be published, retry or drop them")
    )
    options = parser.parse_args(arguments)
    if options.command == "migrate":
        return _migrate()
    settings = _settings()
    if options.command == "outbox":
        url = settings.database_url.get_secret_value()
        return asyncio.run(outbox_command.run_on(url, outbox, options))
    telemetry = configure_telemetry(
        "identity",
        log_format=settings.log_format,
        log_level=settings.log_level,
        sentry_dsn=settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None,
    )
    try:
        if options.command == "serve":
            return run_until_signalled(lambda: serve(settings))
        act = _create_user if options.command == "create-user" else _disable_user
        return asyncio.run(_refusable(act(settings, options)))
    finally:
        telemetry.shutdown()


def _settings() -> IdentitySettings:
    settings = load_settings(IdentitySettings)
    try:
        load_signing_keys(settings.signing_keys.get_secret_value())
    except BadSigningKey as bad:
        sys.stderr.write(f"IDENTITY_SIGNING_KEYS: {bad}\n")
        sys.exit(2)
    return settings


def _migrate() -> int:
    # Imported here: Alembic is a quarter of the start-up time, and serving never needs it.
    from chassis.migrations import upgrade

    settings = load_settings(MigrationSettings)
    os.environ["IDENTITY_SERVICE_ROLE"] = settings.service_role
    upgrade(MIGRATIONS, settings.migration_database_url.get_secret_value())
    return 0


async def _refusable(action: Awaitable[str]) -> int:
    """Say what was done, or why not."""
    try:
        sys.stdout.write(f"{await action}\n")
    except IdentityError as refused:
        sys.stderr.write(f"{refused.reason}: {refused}\n")
        return 1
    return 0


async def _create_user(settings: IdentitySettings, options: argparse.Namespace) -> str:
    password = sys.stdin.readline().rstrip("\r\n") if options.password_stdin else None
    async with real_ports(settings) as (ports, _):
        user, is_new = await wire_create_user(ports)(
            CreateUser(
                email=fields.email_address(options.email),
                full_name=options.full_name,
                role=Role(options.role),
                password=password,
            )
        )
    return f"{'created' if is_new else 'exists'} {user.user_id} {user.email}"


async def _disable_user(settings: IdentitySettings, options: argparse.Namespace) -> str:
    disabled = options.command == "disable-user"
    async with real_ports(settings) as (ports, _):
        user = await wire_disable_user(ports)(
            DisableUser(email=fields.email_address(options.email), disabled=disabled)
        )
    return f"{'disabled' if disabled else 'enabled'} {user.user_id} {user.email}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
