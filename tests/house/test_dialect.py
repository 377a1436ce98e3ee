"""One dialect in all services: what CONTRIBUTING.md says of it, held by the code's own syntax."""

import ast
from collections.abc import Callable

import pytest
from source import INSIDE, SERVICES, classes, files, methods, package, parameters, places, tree

# What a service still has to learn, by check.
NOT_YET: dict[str, set[str]] = {
    "a_use_case_is_named_as_its_file_and_called": {"billing", "ledger", "generation", "gateway"},
    "leaving_a_unit_of_work_commits": {"billing", "ledger"},
    "logs_are_structured": {"billing", "generation"},
    "postgres_is_a_folder": {"billing", "ledger", "gateway"},
    "nothing_is_called_one": {"billing", "ledger", "generation", "gateway"},
    "what_is_absent_is_none": {"billing", "ledger", "generation", "gateway"},
    "an_id_has_a_type_of_its_own": {"billing", "ledger", "generation", "gateway"},
}


def _camel(stem: str) -> str:
    return "".join(part.capitalize() for part in stem.split("_"))


def a_use_case_is_named_as_its_file_and_called(service: str) -> list[str]:
    """`create_checkout.py` holds `CreateCheckoutHandler`, and nothing else there is called like it."""
    wrong = []
    for path in files(service, "application"):
        for cls in classes(path):
            called, handler = "__call__" in methods(cls), cls.name.endswith("Handler")
            if called != handler or (handler and cls.name != f"{_camel(path.stem)}Handler"):
                wrong.append((path, cls.lineno))
    return places(wrong)


def leaving_a_unit_of_work_commits(service: str) -> list[str]:
    """So nothing inside a service has to say it, and moved code loses no write."""
    wrong = [
        (path, node.lineno)
        for path in files(service, *INSIDE)
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and node.attr == "commit")
        or (isinstance(node, ast.AsyncFunctionDef) and node.name == "commit")
    ]
    return places(wrong)


def logs_are_structured(service: str) -> list[str]:
    """One library, whose events have a name and fields."""
    wrong = [
        (path, node.lineno)
        for path in files(service)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Import) and any(name.name == "logging" for name in node.names)
    ]
    return places(wrong)


def postgres_is_a_folder(service: str) -> list[str]:
    """Each service's storage is found in the same place."""
    outbound = package(service) / "adapters" / "outbound"
    beside = [(path, 1) for path in outbound.glob("postgres*.py")]
    missing = [] if (outbound / "postgres" / "__init__.py").is_file() else [(outbound / "postgres", 1)]
    return places(beside + missing)


def nothing_is_called_one(service: str) -> list[str]:
    """A lot is a lot, a row is a row."""
    wrong = []
    for path in files(service):
        for node in ast.walk(tree(path)):
            bound = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == "one"
            if bound or (isinstance(node, ast.arg) and node.arg == "one"):
                wrong.append((path, node.lineno))
    return places(wrong)


def what_is_absent_is_none(service: str) -> list[str]:
    """An empty text is a text."""
    wrong = [
        (path, line)
        for path in files(service, *INSIDE)
        for _, _, default, line in parameters(path)
        if isinstance(default, ast.Constant) and default.value == ""
    ]
    return places(wrong)


def an_id_has_a_type_of_its_own(service: str) -> list[str]:
    """An account's id is no generation's: mypy can only tell where both are not `str`."""
    wrong = [
        (path, line)
        for path in files(service, *INSIDE)
        for name, annotation, _, line in parameters(path)
        if name.endswith("_id") and annotation is not None and "str" in ast.unparse(annotation).split(" | ")
    ]
    return places(wrong)


CHECKS: tuple[Callable[[str], list[str]], ...] = (
    a_use_case_is_named_as_its_file_and_called,
    leaving_a_unit_of_work_commits,
    logs_are_structured,
    postgres_is_a_folder,
    nothing_is_called_one,
    what_is_absent_is_none,
    an_id_has_a_type_of_its_own,
)
HELD = [
    pytest.param(check, service, id=f"{check.__name__}-{service}")
    for check in CHECKS
    for service in SERVICES
    if service not in NOT_YET[check.__name__]
]


@pytest.mark.parametrize(("check", "service"), HELD)
def test_the_dialect_is_kept(check: Callable[[str], list[str]], service: str) -> None:
    """Each place that leaves it is named."""
    assert not check(service), check.__doc__
