"""docs/benchmarks.md: each benchmark writes its own part, under its own title."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
_PARTS = re.compile(r"^(?=# )", re.MULTILINE)


def write_part(part: str, *, page: Path = DOCS / "benchmarks.md") -> None:
    """Put a part in the place of the one with its title, or at the end."""
    title = part.partition("\n")[0]
    parts = [known for known in _PARTS.split(page.read_text()) if known.strip()] if page.exists() else []
    titles = [known.partition("\n")[0] for known in parts]
    if title in titles:
        parts[titles.index(title)] = part
    else:
        parts.append(part)
    page.write_text("\n\n".join(known.strip() for known in parts) + "\n")
    # Its settings stand in the repository; only its command reads them.
    subprocess.run([sys.executable, "-m", "mdformat", page], check=True, cwd=DOCS.parent)  # noqa: S603


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, its numbers to the right."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))
