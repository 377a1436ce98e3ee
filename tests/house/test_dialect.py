"""One dialect in all services: what CONTRIBUTING.md says of it, held by the code's own syntax."""

import ast

import pytest
from source import INSIDE, SERVICES, classes, files, methods, package, parameters, places, tree

# What a service still has to learn, by check.
NOT_YET: dict[str, set[str]] = {
    "use_case": {"billing", "ledger", "generation", "gateway"},
    "commits": {"billing", "ledger"},
    "logs": {"billing", "generation"},
    "postgres": {"billing", "ledger", "gateway"},
    "one": set(SERVICES),
    "absent": set(SERVICES),
    "ids": set(SERVICES),
}


def services(check: str) -> pytest.MarkDecorator:
    """Each service that a check holds."""
    return pytest.mark.parametrize("service", [name for name in SERVICES if name not in NOT_YET[check]])


def _camel(stem: str) -> str:
    return "".join(part.capitalize() for part in stem.split("_"))


@services("use_case")
def test_a_use_case_is_named_as_its_file_and_called(service: str) -> None:
    """`create_checkout.py` holds `CreateCheckoutHandler`, and nothing else there is called like it."""
    wrong = []
    for path in files(service, "application"):
        for cls in classes(path):
            called, handler = "__call__" in methods(cls), cls.name.endswith("Handler")
            if called != handler or (handler and cls.name != f"{_camel(path.stem)}Handler"):
                wrong.append((path, cls.lineno))
    assert not places(wrong)


@services("commits")
def test_leaving_a_unit_of_work_commits(service: str) -> None:
    """So nothing inside a service has to say it, and moved code loses no write."""
    wrong = [
        (path, node.lineno)
        for path in files(service, *INSIDE)
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and node.attr == "commit")
        or (isinstance(node, ast.AsyncFunctionDef) and node.name == "commit")
    ]
    assert not places(wrong)


@services("logs")
def test_logs_are_structured(service: str) -> None:
    """One library, whose events have a name and fields."""
    wrong = [
        (path, node.lineno)
        for path in files(service)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Import) and any(name.name == "logging" for name in node.names)
    ]
    assert not places(wrong)


@services("postgres")
def test_postgres_is_a_folder(service: str) -> None:
    """Each service's storage is found in the same place."""
    outbound = package(service) / "adapters" / "outbound"
    assert (outbound / "postgres" / "__init__.py").is_file()
    assert not list(outbound.glob("postgres*.py"))


@services("one")
def test_nothing_is_called_one(service: str) -> None:
    """A lot is a lot, a row is a row."""
    wrong = []
    for path in files(service):
        for node in ast.walk(tree(path)):
            bound = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == "one"
            if bound or (isinstance(node, ast.arg) and node.arg == "one"):
                wrong.append((path, node.lineno))
    assert not places(wrong)


@services("absent")
def test_what_is_absent_is_none(service: str) -> None:
    """An empty text is a text."""
    wrong = [
        (path, line)
        for path in files(service, *INSIDE)
        for _, _, default, line in parameters(path)
        if isinstance(default, ast.Constant) and default.value == ""
    ]
    assert not places(wrong)


@services("ids")
def test_an_id_has_a_type_of_its_own(service: str) -> None:
    """An account's id is no generation's: mypy can only tell where both are not `str`."""
    wrong = [
        (path, line)
        for path in files(service, *INSIDE)
        for name, annotation, _, line in parameters(path)
        if name.endswith("_id") and annotation is not None and "str" in ast.unparse(annotation).split(" | ")
    ]
    assert not places(wrong)
