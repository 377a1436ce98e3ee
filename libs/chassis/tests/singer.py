"""`python singer.py sing | break | look | migrate`: a service of a few lines, to try the entry point with."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from chassis.command_line import migrate_command, once_command, run_command, serve_command
from chassis.settings import DatabaseSettings, LogSettings, OwnerSettings
from pydantic_settings import SettingsConfigDict


class BadSong(Exception):
    """A song that nobody knows."""


class SingerSettings(LogSettings):
    """What singing needs."""

    model_config = SettingsConfigDict(env_prefix="SINGER_")

    song: str = "la"


class LookSettings(DatabaseSettings):
    """What looking needs."""

    model_config = SettingsConfigDict(env_prefix="SINGER_")


class MigrationSettings(OwnerSettings):
    """What migrating needs."""

    model_config = SettingsConfigDict(env_prefix="SINGER_")

    service_role: str = "singer_service"


def check(settings: SingerSettings) -> None:
    """Know one song."""
    if settings.song != "la":
        raise BadSong(f"nobody knows {settings.song}")


async def sing(settings: SingerSettings) -> None:
    """Sing, and be told to stop as by a supervisor."""
    sys.stdout.write(f"{settings.song}\n")
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.Event().wait()


async def break_down(_settings: SingerSettings) -> None:
    """Fail."""
    raise RuntimeError("hoarse")


async def look(_settings: LookSettings, options: argparse.Namespace) -> int:
    """Say what was asked, and end with it."""
    sys.stdout.write(f"{options.command} {options.code}\n")
    return int(options.code)


COMMANDS = (
    serve_command("singer", sing, SingerSettings, name="sing", help_text="sing", check=check),
    serve_command("singer", break_down, SingerSettings, name="break", help_text="break down"),
    once_command(
        "look",
        look,
        LookSettings,
        help_text="look",
        add_arguments=lambda parser: parser.add_argument("code", type=int),
    ),
    migrate_command(Path("nowhere"), MigrationSettings),
)


def main(arguments: list[str]) -> int:
    """Run one command."""
    return run_command("singer", COMMANDS, arguments, bad_settings={BadSong: "SONG"})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
