"""Fails when a dependency that some pyproject.toml names is missing from the lock. Works offline."""

import re
import sys
import tomllib
from pathlib import Path

_NAME = re.compile(r"^([A-Za-z0-9._-]+)")


def normalised(name: str) -> str:
    """Return a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def named(text: str) -> str:
    """Return the distribution that a requirement or a line of the lock names."""
    match = _NAME.match(text)
    return normalised(match.group(1)) if match else ""


def main(lock: Path, projects: list[Path]) -> int:
    """Compare; print what is missing."""
    locked = {named(line) for line in lock.read_text().splitlines() if _NAME.match(line)}
    missing: list[str] = []
    for path in projects:
        content = tomllib.loads(path.read_text())
        wanted = content.get("project", {}).get("dependencies", [])
        wanted = wanted + content.get("dependency-groups", {}).get("dev", [])
        missing += [
            f"{path}: {one}"
            for one in wanted
            if not named(one).startswith("tintype-") and named(one) not in locked
        ]
    for one in missing:
        sys.stderr.write(f"not in {lock}: {one}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), [Path(one) for one in sys.argv[2:]]))
