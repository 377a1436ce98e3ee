"""The services' own source, as syntax trees."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from embedded.topology import topology

ROOT = Path(__file__).parents[2]
SERVICES = tuple(topology().services)
Function = ast.FunctionDef | ast.AsyncFunctionDef
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
INSIDE = ("domain", "application", "ports")


def package(service: str) -> Path:
    """Where a service's code lies."""
    return ROOT / "services" / service / "src" / service


def files(service: str, *layers: str) -> list[Path]:
    """Its Python files, of some layers or of all."""
    folders = [package(service) / layer for layer in layers] or [package(service)]
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    """A file's syntax."""
    return ast.parse(path.read_text())


def classes(path: Path) -> list[ast.ClassDef]:
    """The classes of a file's top level."""
    return [node for node in tree(path).body if isinstance(node, ast.ClassDef)]


def is_frozen(cls: ast.ClassDef) -> bool:
    """Whether it is a frozen dataclass."""
    return any(
        isinstance(made, ast.Call)
        and ast.unparse(made.func).endswith("dataclass")
        and any(word.arg == "frozen" and ast.unparse(word.value) == "True" for word in made.keywords)
        for made in cls.decorator_list
    )


def methods(cls: ast.ClassDef) -> dict[str, Function]:
    """A class's own methods by name."""
    return {node.name: node for node in cls.body if isinstance(node, Function)}


def log_calls(path: Path) -> Iterator[ast.Call]:
    """Every call that writes a line into the log, whatever the log is bound to."""
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in LEVELS or node.func.attr.removeprefix("a") in LEVELS:
            names = (getattr(part, "id", getattr(part, "attr", "")) for part in ast.walk(node.func.value))
            if any(name.strip("_") in {"log", "logger"} for name in names):
                yield node


def parameters(path: Path) -> Iterator[tuple[str, ast.expr | None, ast.expr | None, int]]:
    """Every parameter and every annotated field: name, annotation, default, line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, Function):
            named = [*node.args.posonlyargs, *node.args.args]
            defaults = [None] * (len(named) - len(node.args.defaults)) + list(node.args.defaults)
            both = [*zip(named, defaults, strict=True)]
            both += zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            yield from ((arg.arg, arg.annotation, default, arg.lineno) for arg, default in both)
        elif isinstance(node, ast.ClassDef):
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    yield field.target.id, field.annotation, field.value, field.lineno


def places(found: list[tuple[Path, int]]) -> list[str]:
    """As a person finds them."""
    return [f"{path.relative_to(ROOT)}:{line}" for path, line in found]
