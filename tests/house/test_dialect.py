"""One dialect in all services: what CONTRIBUTING.md says of it, held by the code's own syntax."""

import ast
from collections.abc import Callable

import pytest
from source import (
    INSIDE,
    SERVICES,
    classes,
    files,
    is_frozen,
    log_calls,
    methods,
    package,
    parameters,
    places,
    tree,
)

ARGUMENTS_MAX = 2


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


def a_handler_is_a_frozen_dataclass(service: str) -> list[str]:
    """What a use case needs are its fields, and calls leave nothing behind in it."""
    wrong = [
        (path, cls.lineno)
        for path in files(service, "application")
        for cls in classes(path)
        if cls.name.endswith("Handler") and not is_frozen(cls)
    ]
    return places(wrong)


def what_a_use_case_is_asked_stands_in_its_file(service: str) -> list[str]:
    """A frozen `VerbNoun` beside its `VerbNounHandler`, or one or two plain arguments."""
    wrong = []
    for path in files(service, "application"):
        asked = {cls.name for cls in classes(path) if is_frozen(cls)} & {_camel(path.stem)}
        for cls in classes(path):
            call = methods(cls).get("__call__")
            if not cls.name.endswith("Handler") or call is None:
                continue
            named = [*call.args.posonlyargs, *call.args.args, *call.args.kwonlyargs][1:]
            commands = [arg.annotation for arg in named if arg.arg == "command"]
            stands = all(annotation and ast.unparse(annotation) in asked for annotation in commands)
            if not stands or len(named) > (1 if commands else ARGUMENTS_MAX):
                wrong.append((path, call.lineno))
    return places(wrong)


def ids_are_made_in_one_file(service: str) -> list[str]:
    """Whoever looks for an id's type looks into `domain/identifiers.py`."""
    wrong = [
        (path, node.lineno)
        for path in files(service)
        if path != package(service) / "domain" / "identifiers.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("NewType")
        and ast.literal_eval(node.args[0]).endswith("Id")
    ]
    return places(wrong)


def a_unit_of_work_is_of_somebody(service: str) -> list[str]:
    """`async with units.of(account_id) as work`, or `units.of_system()` for every account."""
    names = {"UnitsOfWork": "units", "UnitOfWork": "work"}
    wrong = []
    for path in files(service, *INSIDE):
        for name, annotation, _, line in parameters(path):
            if annotation is not None and names.get(ast.unparse(annotation), name) != name:
                wrong.append((path, line))
        for cls in classes(path):
            for name, method in methods(cls).items():
                if method.returns is None or "[UnitOfWork]" not in ast.unparse(method.returns):
                    continue
                if cls.name != "UnitsOfWork" or name not in {"of", "of_system"}:
                    wrong.append((path, method.lineno))
    return places(wrong)


def a_log_event_never_varies(service: str) -> list[str]:
    """A constant text, which is searched for, and fields, which are what varies."""
    wrong = []
    for path in files(service):
        for call in log_calls(path):
            event = call.args[0] if len(call.args) == 1 else None
            if not (isinstance(event, ast.Constant) and isinstance(event.value, str)):
                wrong.append((path, call.lineno))
    return places(wrong)


CHECKS: tuple[Callable[[str], list[str]], ...] = (
    a_use_case_is_named_as_its_file_and_called,
    leaving_a_unit_of_work_commits,
    logs_are_structured,
    postgres_is_a_folder,
    nothing_is_called_one,
    what_is_absent_is_none,
    an_id_has_a_type_of_its_own,
    a_handler_is_a_frozen_dataclass,
    what_a_use_case_is_asked_stands_in_its_file,
    ids_are_made_in_one_file,
    a_unit_of_work_is_of_somebody,
    a_log_event_never_varies,
)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_dialect_is_kept(check: Callable[[str], list[str]], service: str) -> None:
    """Each place that leaves it is named."""
    assert not check(service), check.__doc__
