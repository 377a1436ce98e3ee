"""`python -m identity serve | migrate | create-user | disable-user | enable-user | roles | ...`."""

import argparse
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
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
from identity.application.change_user import ChangeUser
from identity.application.create_user import CreateUser
from identity.application.erase_user import EraseUser
from identity.application.find_user import FindUserHandler
from identity.application.read_erasure import ReadErasureHandler
from identity.application.request_erasure import OthersWord
from identity.bootstrap.parts import (
    wire_change_user,
    wire_create_user,
    wire_erase_user,
    wire_handlers,
    wire_invite_user,
)
from identity.bootstrap.production import check, mailer, real_ports, replaying, role_changer, serve
from identity.domain.audit import Actor
from identity.domain.errors import IdentityError
from identity.domain.user import Role
from identity.settings import CommandSettings, IdentitySettings, MigrationSettings, NewsSettings

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    return run_command("identity", COMMANDS, arguments, bad_settings={BadSigningKey: "SIGNING_KEYS"})


def _acting(parser: argparse.ArgumentParser) -> None:
    """Say who acts and why, for the record that is kept of it."""
    user = os.environ.get("USER") or "unnamed"
    parser.add_argument("--actor", default=user, help="who you are; kept with what you did")
    parser.add_argument("--reason", help="why; kept too")


def _creation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True)
    parser.add_argument("--full-name", default="")
    parser.add_argument("--role", choices=[role.value for role in Role], default=Role.USER.value)
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password's line from standard input; without it the owner resets the password first",
    )
    parser.add_argument("--actor", default=os.environ.get("USER") or "unnamed", help="who you are; kept")


def _address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True)
    _acting(parser)


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
                actor=Actor.operator(options.actor),
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
    for action in (granted, revoked):
        _acting(action)


async def _change_role(settings: MigrationSettings, options: argparse.Namespace) -> int:
    role = Role(options.role) if options.action == "grant" else Role.USER
    try:
        async with role_changer(settings) as (find_user, change_user):
            found = await find_user(fields.email_address(options.email))
            user = await change_user(
                ChangeUser(
                    user_id=found.user_id,
                    actor=Actor.operator(options.actor),
                    role=role,
                    reason=options.reason,
                )
            )
    except IdentityError as refused:
        sys.stderr.write(f"{refused.reason}: {refused}\n")
        return 1
    sys.stdout.write(f"{user.role.value} {user.user_id} {user.email}\n")
    return 0


def _leaver(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("user", help="the id of the account, or its address")
    _acting(parser)
    parser.add_argument(
        "--at-once",
        action="store_true",
        help="now and for good; without it after the usual time, as if the person had asked for it",
    )


def _erased(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("user", help="the id of the account")


async def _erase_user(settings: IdentitySettings, options: argparse.Namespace) -> str:
    async with database(settings) as engine, real_ports(settings, engine) as ports:
        if "@" in options.user:
            user_id = (await FindUserHandler(ports.directory)(fields.email_address(options.user))).user_id
        else:
            user_id = fields.user_id(options.user)
        if not options.at_once:
            user = await wire_handlers(ports).erasure.request(
                user_id, OthersWord(actor=Actor.operator(options.actor), reason=options.reason)
            )
            return f"leaving {user_id} on {user.erased_from:%Y-%m-%d %H:%M} UTC"
        is_new = await wire_erase_user(ports)(
            EraseUser(user_id=user_id, actor=Actor.operator(options.actor), reason=options.reason)
        )
    return f"{'erased' if is_new else 'was erased before'} {user_id}"


async def _show_erasure(settings: IdentitySettings, options: argparse.Namespace) -> str:
    user_id = fields.user_id(options.user)
    async with database(settings) as engine, real_ports(settings, engine) as ports:
        standing = await ReadErasureHandler(ports.units)(user_id)
    if standing.erased_from is not None:
        return f"leaving {user_id} on {standing.erased_from:%Y-%m-%d %H:%M} UTC"
    return "\n".join(
        f"{part:<12} {f'erased {erased_at:%Y-%m-%d %H:%M:%S} UTC' if erased_at else 'not yet'}"
        for part, erased_at in standing.parts.items()
    )


def _invited(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("email")


async def _invite(settings: IdentitySettings, options: argparse.Namespace) -> str:
    async with database(settings) as engine, real_ports(settings, engine) as ports:
        invite_user = wire_invite_user(ports, mailer(settings), timedelta(seconds=settings.invitation_ttl_s))
        invitation = await invite_user(fields.email_address(options.email))
    return f"invited {invitation.email} until {invitation.expires_at:%Y-%m-%d %H:%M} UTC"


async def _disable_user(settings: IdentitySettings, options: argparse.Namespace) -> str:
    disabled = options.command == "disable-user"
    async with database(settings) as engine, real_ports(settings, engine) as ports:
        user = await FindUserHandler(ports.directory)(fields.email_address(options.email))
        await wire_change_user(ports.units, ports.ids, ports.clock)(
            ChangeUser(
                user_id=user.user_id,
                actor=Actor.operator(options.actor),
                disabled=disabled,
                reason=options.reason,
            )
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
        "invite",
        _invite,
        help_text="mail an address a link with which it may sign up, whoever else may",
        add_arguments=_invited,
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
    _refusable(
        "erase",
        _erase_user,
        help_text="erase an account and its person, here and in every other service",
        add_arguments=_leaver,
    ),
    _refusable(
        "erasure", _show_erasure, help_text="show what of an account was erased where", add_arguments=_erased
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
