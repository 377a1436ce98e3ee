"""Mutants: a module's code with one call taken out, for tests of whether the tests would notice."""

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType

IsSite = Callable[[ast.Call], bool]


@dataclass(frozen=True)
class Site:
    """One call in a module: within which top-level function or method, and which of the module's calls."""

    module: ModuleType
    function: str
    line: int
    number: int

    def __str__(self) -> str:
        return f"{self.module.__name__}.{self.function}:{self.line}"


def calls(modules: Iterable[ModuleType], is_site: IsSite) -> list[Site]:
    """Return every call inside of a function of these modules that `is_site` says yes to."""
    return [
        Site(module, function, call.lineno, number)
        for module in modules
        for number, (function, call) in enumerate(_calls(_tree(module)))
        if function and is_site(call)
    ]


@contextmanager
def without(site: Site) -> Iterator[None]:
    """Let a function run without one of its calls: its arguments aren't evaluated, its value is None.

    Everybody who imported the function, or its class, gets the mutant.
    """
    live = _function(site)
    mutant = _code(compile(_mutated(site), live.__code__.co_filename, "exec"), site.function)
    original, live.__code__ = live.__code__, mutant
    try:
        yield
    finally:
        live.__code__ = original


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def _calls(tree: ast.Module) -> list[tuple[str, ast.Call]]:
    found: list[tuple[str, ast.Call]] = []

    def look(node: ast.AST, name: str, *, is_within: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                found.append((name if is_within else "", child))
            if is_within or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                look(child, name, is_within=is_within)
            else:
                inner = f"{name}.{child.name}" if name else child.name
                look(child, inner, is_within=not isinstance(child, ast.ClassDef))

    look(tree, "", is_within=False)
    return found


def _mutated(site: Site) -> ast.Module:
    tree = _tree(site.module)
    target = _calls(tree)[site.number][1]

    class TakeOut(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            if node is target:
                return ast.copy_location(ast.Constant(None), node)
            return self.generic_visit(node)

    TakeOut().visit(tree)
    return ast.fix_missing_locations(tree)


def _function(site: Site) -> FunctionType:
    found: object = site.module
    for name in site.function.split("."):
        found = inspect.getattr_static(found, name)
    found = inspect.unwrap(getattr(found, "__func__", getattr(found, "fget", found)))  # type: ignore[arg-type]
    if not isinstance(found, FunctionType):
        raise TypeError(f"{site} is in no plain function")
    return found


def _code(within: CodeType, name: str) -> CodeType:
    for one in within.co_consts:
        if isinstance(one, CodeType):
            if one.co_qualname == name:
                return one
            if name.startswith(f"{one.co_qualname}."):
                return _code(one, name)
    raise LookupError(name)
