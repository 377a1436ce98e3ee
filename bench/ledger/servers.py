"""PostgreSQL and NATS of the benchmark's own, in a temporary folder, both as durable as in production."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.component import running
from embedded.nats_server import NatsServer
from embedded.ports import free_ports
from embedded.postgres import Postgres
from embedded.testing import PASSWORD, nats_passwords

# Of an ordinary small server, and the same for both sides. Checkpoints stay out of the measured seconds:
# each would fall on whichever side happens to run.
SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "30min",
    "wal_buffers": "64MB",
    "jit": "off",
}
_SLOW_FSYNC = Path(__file__).parent / "slow_fsync.c"


@dataclass(frozen=True, kw_only=True)
class TunedPostgres(Postgres):
    """The embedded PostgreSQL with fsync on and the memory of a small server."""

    def program(self, name: str) -> Path:
        """Return the path of one of PostgreSQL's own programs."""
        return self._binaries() / "bin" / name

    def command(self) -> list[str]:
        """Return the command that runs it in the foreground."""
        options = [word for key, value in SETTINGS.items() for word in ("-c", f"{key}={value}")]
        return [*super().command(), *options]


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a folder that PostgreSQL may enter under whatever user it runs, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tintype-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def postgres(folder: Path) -> TunedPostgres:
    """Return a server on the folder's data: it can be run again, and finds its databases."""
    return TunedPostgres(
        data_folder=folder / "postgres" / "data", port=free_ports(1)[0], admin_password=PASSWORD
    )


@contextmanager
def nats(folder: Path) -> Iterator[NatsServer]:
    """Run NATS with `sync_interval: always`."""
    server = NatsServer(data_folder=folder / "nats", port=free_ports(1)[0], passwords=nats_passwords())
    with running(server, log=folder / "nats.log"):
        yield server


def slow_fsync(folder: Path, *, added_us: int) -> dict[str, str] | None:
    """Return the environment in which each fsync of PostgreSQL takes longer; None without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    library = folder / "slow_fsync.so"
    build = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(_SLOW_FSYNC), "-ldl"]
    if subprocess.run(build, check=False).returncode != 0:  # noqa: S603 - our own source
        return None
    library.chmod(0o755)
    return {"LD_PRELOAD": str(library), "SLOW_FSYNC_US": str(added_us)}
