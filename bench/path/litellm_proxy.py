"""LiteLLM's proxy, where somebody has installed it: one process, no database, the same provider behind it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

import psutil
from embedded.component import stop, tied_to_parent
from embedded.ports import LOOPBACK, free_ports
from tintype_local.processes import answers_ok

from bench.path.stack import BenchStack

START_TIMEOUT_S = 120.0
KEY = "sk-bench"
# It asks the network for prices and reports to its makers otherwise.
SETTINGS = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "ERROR",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_TELEMETRY": "False",
}


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A proxy that runs."""

    url: str
    process: psutil.Process
    version: str
    key: str = KEY

    def processor_s(self) -> dict[str, float]:
        """Return the processor seconds that it took so far."""
        family = [self.process, *self.process.children(recursive=True)]
        return {"all": sum(sum(one.cpu_times()[:2]) for one in family)}


def missing(venv: Path | None) -> str | None:
    """Return why there is none to be measured; None where there is one."""
    if venv is None:
        return "no --litellm FOLDER and no BENCH_LITELLM: a virtual environment with litellm[proxy] in it"
    if not (venv / "bin" / "litellm").exists():
        return f"there is no litellm in {venv}"
    return None


@contextmanager
def litellm(stack: BenchStack, folder: Path, venv: Path) -> Iterator[Proxy]:
    """Start it in front of the stack's provider; stop it afterwards."""
    (port,) = free_ports(1)
    config = folder / "litellm.json"
    # JSON is YAML.
    config.write_text(json.dumps(_config(stack)))
    command = [str(venv / "bin" / "litellm"), "--config", str(config), "--port", str(port)]
    command += ["--host", LOOPBACK, "--num_workers", "1"]
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    log = folder / "litellm.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - named by whoever runs the benchmark
            tied_to_parent(command, death_signal=signal.SIGTERM),
            env=inherited | SETTINGS, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        url, deadline = f"http://{LOOPBACK}:{port}", time.monotonic() + START_TIMEOUT_S
        while not answers_ok(f"{url}/health/liveliness"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"litellm did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.2)
        yield Proxy(url=url, process=psutil.Process(process.pid), version=_version(venv))
    finally:
        stop(process, signal.SIGTERM)


def _config(stack: BenchStack) -> dict[str, object]:
    behind = {
        "model": "openai/gpt-4.1-mini",
        "api_base": f"{stack.plan.ports.url('openai')}/v1",
        "api_key": stack.plan.secrets["openai_key"],
    }
    return {
        "model_list": [{"model_name": "gpt-4.1-mini", "litellm_params": behind}],
        "general_settings": {"master_key": KEY},
        "litellm_settings": {"telemetry": False},
    }


def _version(venv: Path) -> str:
    (packages,) = list((venv / "lib").glob("python3*/site-packages"))
    return next(found.version for found in distributions(name="litellm", path=[str(packages)]))
