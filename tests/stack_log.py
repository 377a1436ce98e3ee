"""What a stack's processes logged that somebody should read, for the report of a test that failed."""

import json
from datetime import datetime
from pathlib import Path

LINES_MAX = 40
LINE_MAX = 600
LEVELS = ("warning", "error", "critical")
# Servers that are not ours have formats of their own: the end of what each said.
SERVER_LINES = 5


def noteworthy(folder: Path, *, since: datetime) -> str:
    """Return the services' newest warnings and errors, in order of time, and the servers' last words."""
    told: list[tuple[str, str]] = []
    servers: list[str] = []
    for log in sorted(folder.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()
        structured = [record for line in lines if (record := _record(line))]
        told += [(at, text) for at, text in structured if text and datetime.fromisoformat(at) >= since]
        if not structured:
            servers += [f"{log.stem}: {line[:LINE_MAX]}" for line in lines[-SERVER_LINES:]]
    services = [line for _, line in sorted(told)[-LINES_MAX:]] or ["no service warned"]
    return "\n".join([*services, *servers])


def _record(line: str) -> tuple[str, str] | None:
    """Return a line's time and text, when it is a service's own; the text is empty below a warning."""
    try:
        record = json.loads(line)
        return record["timestamp"], line[:LINE_MAX] if record["level"] in LEVELS else ""
    except (ValueError, TypeError, KeyError):
        return None
