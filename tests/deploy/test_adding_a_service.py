"""docs/adding-a-service.md, followed to the letter in a copy of the repository."""

import sys
from pathlib import Path

import pytest
from following_a_page import ROOT, TIMEOUT_S, changed, copied, follow, run, tool

PAGE = ROOT / "docs" / "adding-a-service.md"
TAKEN = "Seven files that were there are changed"

pytestmark = pytest.mark.timeout(3 * TIMEOUT_S)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository to which the page was applied."""
    copy = copied(tmp_path_factory.mktemp("copy"))
    # `make` would install anew; what it runs is run by this interpreter.
    follow(PAGE, copy, instead={"make proto": f"PYTHON={sys.executable} proto/generate.sh"})
    return copy


def test_what_it_takes_is_what_the_page_says(tree: Path) -> None:
    """Every file that was there and is another now is named at the page's end, and no other."""
    promised = PAGE.read_text().partition("## What it took")[2]
    assert promised.lstrip().startswith(TAKEN)
    assert changed(tree) == {
        ".env.example",
        "deploy/k8s/base/kustomization.yaml",
        "deploy/k8s/base/network-policies.yaml",
        "deploy/k8s/base/settings.yaml",
        "deploy/topology.toml",
        "docker-compose.yml",
        "tests/contract/test_completeness.py",
    }


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
    run(tree, tool("mypy"), "services/greeter/src")
    run(tree, tool("buf"), "lint")
    run(tree, tool("ruff"), "check", "services/greeter", "deploy", "tests/contract")
    run(tree, tool("ruff"), "format", "--check", "services/greeter", "tests/contract")


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
