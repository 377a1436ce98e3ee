"""The opponent: pgbench with 32 clients, each command one call of a plpgsql function in its transaction."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from embedded.testing import ServiceDatabase

from bench.ledger.databases import ACCOUNTS, RESERVED_CREDITS

CLIENTS = 32
THREADS = 2
# A script is two commands, each a transaction of its own.
COMMANDS_PER_SCRIPT = 2

# The scope of row level security is set once a session, as one would by hand. Tables that were empty when a
# plan was made would be scanned whole for ever: an experienced hand pins that too.
_SESSION = "-c app.account=* -c enable_seqscan=off"
_SCRIPT = r"""\set account random(1, {accounts})
SELECT bench_reserve('usr_' || lpad((:account)::text, 32, '0'), {amount}) AS reservation \gset
SELECT bench_charge(:reservation, {amount});
"""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Commands a second, and how many there were in all, the warm-up included."""

    commands_s: float
    commands: int


def measure(
    binary: Path, database: ServiceDatabase, *, accounts: int, seconds: int, warm_up_s: int
) -> Measured:
    """Run reserve and charge on accounts chosen at random; with one account they all wait for it."""
    if not 1 <= accounts <= ACCOUNTS:
        raise ValueError(f"1 to {ACCOUNTS} accounts, not {accounts}")
    with TemporaryDirectory() as folder:
        script = Path(folder, "reserve_and_charge.sql")
        script.write_text(_SCRIPT.format(accounts=accounts, amount=RESERVED_CREDITS))
        warmed = _run(binary, database, script, seconds=warm_up_s) if warm_up_s else (0.0, 0)
        rate, scripts = _run(binary, database, script, seconds=seconds)
    return Measured(
        commands_s=rate * COMMANDS_PER_SCRIPT, commands=(warmed[1] + scripts) * COMMANDS_PER_SCRIPT
    )


def _run(binary: Path, database: ServiceDatabase, script: Path, *, seconds: int) -> tuple[float, int]:
    url = urlsplit(database.url)
    command = [str(binary), "--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}", f"--jobs={THREADS}",
               f"--time={seconds}", f"--file={script}", f"--host={url.hostname}", f"--port={url.port}",
               f"--username={url.username}", url.path.lstrip("/")]  # fmt: skip
    environment = {
        **os.environ,
        "PGPASSWORD": url.password or "",
        "PGOPTIONS": _SESSION,
    }
    done = subprocess.run(  # noqa: S603 - the wheel's own binary
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"pgbench failed:\n{done.stderr[-2000:]}")
    return _number(r"^tps = ([\d.]+)", done.stdout), int(
        _number(r"transactions actually processed: (\d+)", done.stdout)
    )


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"pgbench printed something else:\n{text[-2000:]}")
    return float(found[1])
