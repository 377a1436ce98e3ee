"""What an operator's shell needs of the stack that runs here, and starting one of its processes anew."""

import os
import shlex
import time
from collections.abc import Iterator

from embedded.topology import topology

from tintype_local import state
from tintype_local.processes import Plan
from tintype_local.state import StackState
from tintype_local.supervisor import READY_TIMEOUT_S


def shell_settings(plan: Plan) -> str:
    """Return lines for a shell to evaluate: PostgreSQL's programs and superuser, where each /metrics is, the
    data folder."""
    return "\n".join(f"export {name}={value}" for name, value in _settings(plan))


def _settings(plan: Plan) -> Iterator[tuple[str, str]]:
    ports = plan.ports
    host, _, port = ports.address("postgres").partition(":")
    yield "TINTYPE_DATA_FOLDER", shlex.quote(str(plan.data))
    yield "PATH", f"{shlex.quote(str(plan.postgres.programs()))}:$PATH"
    yield "PGHOST", host
    yield "PGPORT", port
    yield "PGUSER", "postgres"
    yield "PGPASSWORD", shlex.quote(plan.secrets["postgres_admin"])
    for process in topology().processes:
        listens = process.metrics or process.http
        name = process.name.upper().replace("-", "_")
        yield f"METRICS_{name}", f"{ports.url(listens.name)}/metrics"


def restart(running: StackState, plan: Plan, name: str) -> None:
    """Stop one process; returns once its supervisor has started it anew and it is ready.

    Raises LookupError for one that does not run, TimeoutError.
    """
    specs = {spec.name: spec for spec in (*plan.infrastructure(), *plan.stand_ins(), *plan.services())}
    pid = running.pids.get(name)
    if pid is None or name not in specs:
        raise LookupError(f"There is no process {name!r}. There are: {', '.join(running.pids)}")
    os.kill(pid, specs[name].stop_signal)
    deadline = time.monotonic() + specs[name].stop_timeout_s + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        now = state.read(running.data_folder)
        if now is not None and now.pids.get(name, pid) != pid and specs[name].ready():
            return
        time.sleep(0.1)
    raise TimeoutError(f"{name} is not back; see: tintype logs {name}")
