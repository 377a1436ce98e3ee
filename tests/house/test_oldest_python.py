"""What the oldest Python we run on does otherwise stays out of what ships."""

import ast
from pathlib import Path

from source import ROOT, tree


def ships() -> list[Path]:
    """Every file of a service or a library."""
    return [path for part in ("services", "libs") for path in sorted((ROOT / part).glob("*/src/**/*.py"))]


def test_no_error_is_raised_in_an_except_of_groups() -> None:
    """Before Python 3.11.4 (Debian 12 has 3.11.2) it comes wrapped in another group: nobody catches it."""
    files = ships()
    assert len(files) > 500
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files
        for node in ast.walk(tree(path))
        if isinstance(node, ast.TryStar)
    ]
    assert found == []
