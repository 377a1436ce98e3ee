"""What a running stack tells others: its pids, its ports and where its secrets are."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

FILE = "stack.json"


@dataclass(frozen=True)
class StackState:
    """A stack that runs, as read from its file."""

    supervisor_pid: int
    ports: dict[str, int]
    pids: dict[str, int]
    data_folder: Path
    # Whether its start is over: everything answered once, the demo account is there.
    ready: bool

    def url(self, name: str) -> str:
        """Return the http address of a port by its name."""
        return f"http://127.0.0.1:{self.ports[name]}"


def write(data_folder: Path, *, ports: dict[str, int], pids: dict[str, int], ready: bool) -> None:
    """Tell where the stack is; whole or not at all."""
    me = psutil.Process()
    content = {
        "supervisor": {"pid": me.pid, "started": me.create_time()},
        "ready": ready,
        "ports": ports,
        "processes": {
            name: {"pid": pid, "started": _started(pid)} for name, pid in pids.items() if _started(pid)
        },
    }
    unfinished = data_folder / f"{FILE}.unfinished"
    unfinished.write_text(json.dumps(content, indent=1))
    unfinished.replace(data_folder / FILE)


def read(data_folder: Path) -> StackState | None:
    """Return the stack that runs on this data, or None."""
    content = _content(data_folder)
    if content is None or not _alive(content["supervisor"]):
        return None
    return StackState(
        supervisor_pid=content["supervisor"]["pid"],
        ports=content["ports"],
        pids={name: one["pid"] for name, one in content["processes"].items()},
        data_folder=data_folder,
        ready=content["ready"],
    )


def left_behind(data_folder: Path) -> list[psutil.Process]:
    """Return processes of a supervisor that is gone: only those that it started itself."""
    content = _content(data_folder)
    if content is None or _alive(content["supervisor"]):
        return []
    return [psutil.Process(one["pid"]) for one in content["processes"].values() if _alive(one)]


def clear(data_folder: Path) -> None:
    """Tell that no stack runs."""
    (data_folder / FILE).unlink(missing_ok=True)


def _content(data_folder: Path) -> dict[str, Any] | None:
    path = data_folder / FILE
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def _alive(process: dict[str, Any]) -> bool:
    # A pid is used again in time: only pid and start time together name a process.
    return bool(_started(process["pid"]) == process["started"])


def _started(pid: int) -> float | None:
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.create_time()
    except psutil.NoSuchProcess:
        return None
