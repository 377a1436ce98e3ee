"""`python -m identity serve | migrate | create-user | disable-user | enable-user | roles | ...`."""

import argparse
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from chassis.command_line import (
    Command,
    dead_letters_command,
    migrate_command,
    once_command,
    outbox_command,
    run_command,
    serve_command,
    telemetry_of,
)
from chassis.service import database

from identity.adapters.inbound import fields
from identity.adapters.outbound.postgres.tables import outbox
from identity.adapters.outbound.signing_keys import BadSigningKey
from identity.application.change_role import ChangeRole
from identity.application.create_user import CreateUser
from identity.application.disable_user import DisableUser
from identity.bootstrap import (
    check,
    real_ports,
    replaying,
    role_changer,
    serve,
    wire_create_user,
    wire_disable_user,
)
from identity.domain.errors import IdentityError
from identity.domain.user import Role
from identity.settings import CommandSettings, IdentitySettings, MigrationSettings, NewsSettings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    return run_command("identity", COMMANDS, arguments, bad_settings={BadSigningKey: "SIGNING_KEYS"})


def _creation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True)
    parser.add_argument("--full-name", default="")
    parser.add_argument("--role", choices=[role.value for role in Role], default=Role.USER.value)
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password's line from standard input; without it the owner resets the password first",
    )


def _address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True)


def _refusable(
    name: str,
    act: Callable[[IdentitySettings, argparse.Namespace], Awaitable[str]],
    *,
    help_text: str,
    add_arguments: Callable[[argparse.ArgumentParser], None],
) -> Command[IdentitySettings]:
    """Return a command that says what it did, or why not."""

    async def run(settings: IdentitySettings, options: argparse.Namespace) -> int:
        check(settings)
        with telemetry_of(settings, "identity"):
            try:
                sys.stdout.write(f"{await act(settings, options)}\n")
            except IdentityError as refused:
                sys.stderr.write(f"{refused.reason}: {refused}\n")
                return 1
        return 0

    return once_command(name, run, IdentitySettings, help_text=help_text, add_arguments=add_arguments)


async def _create_user(settings: IdentitySettings, options: argparse.Namespace) -> str:
    password = sys.stdin.readline().rstrip("\r\n") if options.password_stdin else None
    async with database(settings) as engine, real_ports(settings, engine) as ports:
        user, is_new = await wire_create_user(ports)(
            CreateUser(
                email=fields.email_address(options.email),
                full_name=options.full_name,
                role=Role(options.role),
                password=password,
            )
        )
    return f"{'created' if is_new else 'exists'} {user.user_id} {user.email}"


def _roles(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    granted = actions.add_parser("grant", help="let a person do more")
    granted.add_argument("email")
    granted.add_argument("role", choices=[role.value for role in Role if role is not Role.USER])
    revoked = actions.add_parser("revoke", help="let a person do what everybody may; their sessions end")
    revoked.add_argument("email")


async def _change_role(settings: MigrationSettings, options: argparse.Namespace) -> int:
    role = Role(options.role) if options.action == "grant" else Role.USER
    try:
        async with role_changer(settings) as change_role:
            user = await change_role(ChangeRole(email=fields.email_address(options.email), role=role))
    except IdentityError as refused:
        sys.stderr.write(f"{refused.reason}: {refused}\n")
        return 1
    sys.stdout.write(f"{user.role.value} {user.user_id} {user.email}\n")
    return 0


async def _disable_user(settings: IdentitySettings, options: argparse.Namespace) -> str:
    disabled = options.command == "disable-user"
    async with database(settings) as engine, real_ports(settings, engine) as ports:
        user = await wire_disable_user(ports)(
            DisableUser(email=fields.email_address(options.email), disabled=disabled)
        )
    return f"{'disabled' if disabled else 'enabled'} {user.user_id} {user.email}"


COMMANDS = (
    serve_command(
        "identity",
        serve,
        IdentitySettings,
        check=check,
        help_text="answer gRPC, publish events and send mail until SIGTERM",
    ),
    migrate_command(MIGRATIONS, MigrationSettings),
    _refusable(
        "create-user",
        _create_user,
        help_text="create an account unless the address has one",
        add_arguments=_creation,
    ),
    _refusable(
        "disable-user",
        _disable_user,
        help_text="close an account, whose sessions end everywhere within a second",
        add_arguments=_address,
    ),
    _refusable(
        "enable-user", _disable_user, help_text="let a disabled account sign in again", add_arguments=_address
    ),
    once_command(
        "roles",
        _change_role,
        MigrationSettings,
        help_text="say who is an administrator, as the database's owner",
        add_arguments=_roles,
    ),
    outbox_command(outbox, CommandSettings),
    dead_letters_command(replaying, NewsSettings),
)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
