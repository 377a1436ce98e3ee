"""Runs import-linter with import-contracts.toml, each service put in where "<service>" stands for all."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

from embedded.topology import topology
from importlinter.cli import lint_imports

_MEANT = re.compile(r'"<service>([^"]*)"')


def filled(contracts: str, services: Sequence[str]) -> str:
    """Return the contracts with an entry for each service in place of one for all."""
    return _MEANT.sub(lambda meant: ", ".join(f'"{service}{meant[1]}"' for service in services), contracts)


def main(contracts: Path) -> int:
    """Check; returns the exit code."""
    with NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(filled(contracts.read_text(), list(topology().services)))
        file.flush()
        return lint_imports(config_filename=file.name)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
