"""Follows a page of docs/ to the letter in a copy of the repository."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".tools", ".tintype*", "__pycache__", ".*_cache", "test-results"
)
TIMEOUT_S = 300

COMMANDS = re.compile(r"^```sh\n(?P<commands>.*?)^```$", re.MULTILINE | re.DOTALL)
ADDITION = re.compile(
    r"^`(?P<file>[^`]+)`, (?:at the end|a new file|before `(?P<before>[^`]+)`):\n+"
    r"```[\w-]+\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def copied(folder: Path) -> Path:
    """A copy of the repository."""
    copy = folder / "tintype"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT, symlinks=True)
    return copy


def follow(page: Path, tree: Path, *, instead: Mapping[str, str]) -> None:
    """Apply the page's blocks in its order, with words of its commands replaced."""
    for step in _steps(page):
        if "file" in step.groupdict():
            _add(tree / step["file"], step["text"], step["before"])
            continue
        script = step["commands"]
        for words, others in instead.items():
            script = script.replace(words, others)
        run(tree, "bash", "-euc", script)


def run(tree: Path, *command: str) -> str:
    """Run a command in the copy; return what it printed. It must succeed."""
    done = subprocess.run(
        command,
        cwd=tree,
        env=_environment(tree),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def tool(name: str) -> str:
    """A command that is installed beside this interpreter."""
    return str(Path(sys.executable).parent / name)


def changed(tree: Path) -> set[str]:
    """Every file of the repository that is another in the copy."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    return {name for name in names if (tree / name).read_bytes() != (ROOT / name).read_bytes()}


def _steps(page: Path) -> Iterator[re.Match[str]]:
    text = page.read_text()
    yield from sorted((*COMMANDS.finditer(text), *ADDITION.finditer(text)), key=lambda found: found.start())


def _add(path: Path, text: str, before: str | None) -> None:
    """Add to a file, which may be a new one, at its end or before the one place that the page names."""
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return
    content = path.read_text()
    if before is None:
        path.write_text(content.rstrip("\n") + "\n" + text)
        return
    # A line that begins so: shorter names of the same kind are somewhere else.
    places = [found.start() for found in re.finditer(f"^{re.escape(before)}", content, re.MULTILINE)]
    assert len(places) == 1, f"{before!r} is not one place of {path.name}"
    path.write_text(content[: places[0]] + text + content[places[0] :])


def _environment(tree: Path) -> dict[str, str]:
    """Everything is imported from the copy, before what is installed here."""
    folders = [*tree.glob("services/*/src"), *tree.glob("libs/*/src"), *tree.glob("deploy/*/src")]
    found = os.pathsep.join(map(str, folders))
    return {**os.environ, "PYTHONPATH": found, "MYPYPATH": found}
