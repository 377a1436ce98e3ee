"""What the README tells a newcomer to type is there on a machine that has just been installed."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
# A fresh Debian with what the README asks for first, and what the project itself brings.
THERE = {"make", "git", "curl", "python3", "cd", "echo", "export", ".venv/bin/tintype"}


def commands(script: str) -> set[str]:
    """The programs that a shell script runs: of each line, each pipe and each substitution."""
    script = re.sub(r"\\\n\s*", " ", script)
    # Texts in single quotes are data.
    script = re.sub(r"'[^']*'", "''", script)
    found: set[str] = set()
    for part in re.split(r"[\n|;]|&&|\$\(", script):
        words = [word for word in part.split("#")[0].split() if not re.match(r"^[\w]+=", word)]
        program = words[0].rstrip(')"') if words else ""
        if re.fullmatch(r"[\w./-]+", program):
            found.add(program)
    return found


def test_every_command_is_there() -> None:
    """Every program of every shell block is one that a newcomer has."""
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    used = set().union(*(commands(block) for block in blocks))
    assert {"curl", "python3"} <= used
    assert used <= THERE


def test_a_command_is_found_wherever_it_stands() -> None:
    """In a pipe, in a substitution within quotes, on a continued line."""
    script = 'token=$(curl -s x | jq -r y) \\\n  -d \'{"a": 1}\'\nhttp "k: $(uuidgen)" && make up  # done\n'
    assert commands(script) == {"curl", "jq", "http", "uuidgen", "make"}
