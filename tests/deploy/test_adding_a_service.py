"""docs/adding-a-service.md, followed to the letter in a copy of the repository."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adding-a-service.md"
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".tools", ".tintype*", "__pycache__", ".*_cache", "test-results"
)
TIMEOUT_S = 300

COMMANDS = re.compile(r"^```sh\n(?P<commands>.*?)^```$", re.MULTILINE | re.DOTALL)
ADDITION = re.compile(
    r"^`(?P<file>[^`]+)`, (?:at the end|before `(?P<before>[^`]+)`):\n+```[\w-]+\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
TAKEN = "Seven files that were there are changed"

pytestmark = pytest.mark.timeout(3 * TIMEOUT_S)


def steps() -> Iterator[re.Match[str]]:
    """The page's blocks of commands and of text to add, in its order."""
    text = PAGE.read_text()
    yield from sorted((*COMMANDS.finditer(text), *ADDITION.finditer(text)), key=lambda found: found.start())


def add(path: Path, text: str, before: str | None) -> None:
    """Add to a file, at its end or before the one place that the page names."""
    content = path.read_text()
    if before is None:
        path.write_text(content.rstrip("\n") + "\n" + text)
        return
    # A line that begins so: shorter names of the same kind are somewhere else.
    places = [found.start() for found in re.finditer(f"^{re.escape(before)}", content, re.MULTILINE)]
    assert len(places) == 1, f"{before!r} is not one place of {path.name}"
    path.write_text(content[: places[0]] + text + content[places[0] :])


def environment(tree: Path) -> dict[str, str]:
    """Everything is imported from the copy, before what is installed here."""
    folders = [*tree.glob("services/*/src"), *tree.glob("libs/*/src"), *tree.glob("deploy/*/src")]
    found = os.pathsep.join(map(str, folders))
    return {**os.environ, "PYTHONPATH": found, "MYPYPATH": found}


def run(tree: Path, *command: str) -> str:
    """Run a command in the copy; return what it printed. It must succeed."""
    done = subprocess.run(
        command,
        cwd=tree,
        env=environment(tree),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository to which the page was applied."""
    copy = tmp_path_factory.mktemp("copy") / "tintype"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT, symlinks=True)
    for step in steps():
        if "file" not in step.groupdict():
            # `make` would install anew; what it runs is run by this interpreter.
            script = step["commands"].replace("make proto", f"PYTHON={sys.executable} proto/generate.sh")
            run(copy, "bash", "-euc", script)
        else:
            add(copy / step["file"], step["text"], step["before"])
    return copy


def test_what_it_takes_is_what_the_page_says(tree: Path) -> None:
    """Every file that was there and is another now is named at the page's end, and no other."""
    before = {path.relative_to(ROOT) for path in tracked()}
    changed = {str(path) for path in before if (tree / path).read_bytes() != (ROOT / path).read_bytes()}
    promised = PAGE.read_text().partition("## What it took")[2]
    assert promised.lstrip().startswith(TAKEN)
    assert changed == {
        ".env.example",
        "deploy/k8s/base/kustomization.yaml",
        "deploy/k8s/base/network-policies.yaml",
        "deploy/k8s/base/settings.yaml",
        "deploy/topology.toml",
        "docker-compose.yml",
        "tests/contract/test_completeness.py",
    }


def tracked() -> list[Path]:
    """Every file of the repository that the copy has too."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_the_arrows_hold(tree: Path) -> None:
    """import-linter checks the new service as it checks the others."""
    printed = run(tree, sys.executable, "deploy/local/lint_imports.py", "import-contracts.toml")
    assert "0 broken" in printed
    inside = tree / "services" / "greeter" / "src" / "greeter" / "domain" / "greeting.py"
    kept = inside.read_text()
    inside.write_text(f"import grpc\n{kept}")
    with pytest.raises(AssertionError, match="The inside knows no technology BROKEN"):
        run(tree, sys.executable, "deploy/local/lint_imports.py", "import-contracts.toml")
    inside.write_text(kept)


def test_the_linters_have_nothing_to_say(tree: Path) -> None:
    """Of the service's source, of its contract and of the lists that it was added to."""
    ruff, mypy, buf = (str(Path(sys.executable).parent / tool) for tool in ("ruff", "mypy", "buf"))
    run(tree, mypy, "services/greeter/src")
    run(tree, buf, "lint")
    run(tree, ruff, "check", "services/greeter", "deploy", "tests/contract")
    run(tree, ruff, "format", "--check", "services/greeter", "tests/contract")


def test_settings_and_dialect_are_checked_and_hold(tree: Path) -> None:
    """In compose, in Kubernetes and in .env.example; and the house's own checks."""
    checks = ("tests/deploy/test_settings_in_step.py", "tests/deploy/test_topology.py", "tests/house")
    printed = run(tree, sys.executable, "-m", "pytest", "-q", "-rA", *checks)
    assert "test_compose_runs_each_process[greeter]" in printed
    assert "test_the_dialect_is_kept[leaving_a_unit_of_work_commits-greeter]" in printed


def test_it_starts_hears_and_answers(tree: Path) -> None:
    """Its own tests, with a real PostgreSQL and NATS; and the contract's, the fuzzer with them."""
    printed = run(tree, sys.executable, "-m", "pytest", "-q", "-rA", "services/greeter/tests")
    assert "PASSED services/greeter/tests/test_process.py::test_from_the_event_to_the_answer" in printed
    contract = ("tests/contract/test_completeness.py", "tests/contract/test_fuzz.py", "-k", "greeter")
    printed = run(tree, sys.executable, "-m", "pytest", "-q", "-rA", *contract)
    assert "greeter" in printed
