"""A page's blocks of commands, and a shell to type them into."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tintype_local.state import StackState

DONE = "--- the block is done ---"
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)


def sections(page: str) -> dict[str, list[str]]:
    """A page's blocks of commands, by heading."""
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    blocks = {heading: _BLOCK.findall(text) for heading, text in zip(parts[1::2], parts[2::2], strict=True)}
    return {heading: typed for heading, typed in blocks.items() if typed}


class Terminal:
    """A shell in the repository, as the page's first block leaves it."""

    def __init__(self, stack: StackState, folder: Path) -> None:
        # Wherever the tests' own environment is, the page calls it .venv.
        (folder / ".venv").symlink_to(sys.prefix)
        self._shell = subprocess.Popen(
            ["bash", "-euo", "pipefail"],
            cwd=folder,
            env={"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin", "COLUMNS": "200",
                 "TINTYPE_DATA_FOLDER": str(stack.data_folder), "TMPDIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )  # fmt: skip
        self.type('eval "$(.venv/bin/tintype environment)"')

    def type(self, block: str) -> str:
        """Run a block to its end; return what it printed. Fails when a command of it failed."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f"{{ :\n{block}\n}} </dev/null\necho '{DONE}'\n")
        self._shell.stdin.flush()
        printed = []
        for line in self._shell.stdout:
            if line.rstrip("\n").endswith(DONE):
                return "".join(printed) + line.rstrip("\n").removesuffix(DONE)
            printed.append(line)
        pytest.fail(f"ended with {self._shell.wait()}:\n{block}\n{''.join(printed)}", pytrace=False)

    def close(self) -> None:
        """Close the shell."""
        self._shell.kill()
        self._shell.communicate()
