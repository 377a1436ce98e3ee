"""Mutants: a module's code with one small change, for tests of whether the tests would notice."""

import ast
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from embedded.mutations import is_abstract, is_log, is_strictness, mutations

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Condition = ast.If | ast.While | ast.IfExp | ast.comprehension


class NotLive(Exception):
    """A mutant of what ran at import: only a new import makes it."""


@dataclass(frozen=True)
class Mutant:
    """One change in a module. `first_line` and `last_line` are those of the statement that it is in."""

    module: str
    path: Path
    # The outermost function or method that holds it, None where the code runs at import.
    function: str | None
    line: int
    first_line: int
    last_line: int
    before: str
    after: str
    # The whole module, changed.
    source: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.module}.{self.function or ''}:{self.line} {self.before} -> {self.after}"


def mutants_of(module: str) -> list[Mutant]:
    """Return every mutant of a module, which need not be imported."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise LookupError(module)
    path = Path(spec.origin)
    return list(_Finder(module, path, path.read_text()).found())


@contextmanager
def mutated(mutant: Mutant, module: ModuleType) -> Iterator[None]:
    """Let a function run with the change. Everybody who imported it, or its class, gets the mutant.

    Raises NotLive when the change is in what ran at import.
    """
    live = live_function(module, mutant.function)
    original = live.__code__
    replace_code(mutant, live)
    try:
        yield
    finally:
        live.__code__ = original


def replace_code(mutant: Mutant, live: FunctionType) -> None:
    """Put the mutant's code into a function. Raises NotLive when it doesn't fit in."""
    code = compile(mutant.source, live.__code__.co_filename, "exec", dont_inherit=True)
    try:
        live.__code__ = _code(code, live.__qualname__)
    except (LookupError, ValueError) as misfit:
        raise NotLive(str(mutant)) from misfit


def live_function(module: ModuleType, name: str | None) -> FunctionType:
    """Return the function or method of this qualified name, without what decorates it. Raises NotLive."""
    found: object = module
    try:
        for part in (name or "").split("."):
            found = inspect.getattr_static(found, part)
    except AttributeError as missing:
        raise NotLive(f"{module.__name__}.{name}") from missing
    for within in ("__func__", "fget", "func"):
        found = getattr(found, within, found)
    found = inspect.unwrap(found)  # type: ignore[arg-type]  # whatever it is, it is asked for `__wrapped__` only
    if not isinstance(found, FunctionType):
        raise NotLive(f"{module.__name__}.{name}")
    return found


@dataclass(frozen=True)
class _Place:
    """Where the walk is: within which function, and in which lines of a statement."""

    scope: tuple[str, ...] = ()
    function: str | None = None
    lines: tuple[int, int] = (1, 1)
    is_condition: bool = False


class _Finder:
    def __init__(self, module: str, path: Path, source: str) -> None:
        self._module, self._path, self._source = module, path, source
        # Columns of a syntax tree count bytes.
        self._lines = source.encode().splitlines(keepends=True)

    def found(self) -> Iterator[Mutant]:
        yield from self._within(ast.parse(self._source), _Place())

    def _within(self, node: ast.AST, place: _Place) -> Iterator[Mutant]:
        for name, child in _children(node):
            is_condition = isinstance(node, _Condition) and name in {"test", "ifs"}
            yield from self._look(child, _moved(child, node, place, is_condition=is_condition))

    def _look(self, node: ast.AST, place: _Place) -> Iterator[Mutant]:
        if is_log(node) or is_abstract(node) or isinstance(node, ast.JoinedStr):
            return
        if isinstance(node, ast.Expr) and (isinstance(node.value, ast.Constant) or is_log(node.value)):
            return
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        at_import = place.function is None
        if isinstance(node, ast.stmt | ast.expr):
            for after in mutations(node, is_condition=place.is_condition, at_import=at_import):
                yield self._mutant(node, after, place)
        yield from self._within(node, place)

    def _mutant(self, node: ast.stmt | ast.expr, after: str, place: _Place) -> Mutant:
        start = self._offset(node.lineno, node.col_offset)
        end = self._offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        source = self._source.encode()
        return Mutant(
            module=self._module,
            path=self._path,
            function=place.function,
            line=node.lineno,
            first_line=place.lines[0],
            last_line=place.lines[1],
            before=ast.unparse(node),
            after=_read(after) if isinstance(node, ast.expr) else after,
            source=(source[:start] + after.encode() + source[end:]).decode(),
        )

    def _offset(self, line: int, column: int) -> int:
        return sum(map(len, self._lines[: line - 1])) + column


def _read(expression: str) -> str:
    return ast.unparse(ast.parse(expression, mode="eval").body)


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every child but what is said of the code, and what decorates it."""
    left_out = {"annotation", "returns", "decorator_list", "bases", "type_params"}
    for name, value in ast.iter_fields(node):
        if name in left_out or (isinstance(node, ast.ClassDef) and name == "keywords"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not is_strictness(node, child):
                yield name, child


def _moved(node: ast.AST, parent: ast.AST, place: _Place, *, is_condition: bool) -> _Place:
    scope, function, lines = place.scope, place.function, place.lines
    if isinstance(parent, _Function | ast.ClassDef) and isinstance(node, ast.stmt):
        scope = (*scope, parent.name)
        if isinstance(parent, _Function):
            function = function or ".".join(scope)
    if isinstance(node, ast.stmt):
        lines = (node.lineno, node.end_lineno or node.lineno)
    elif isinstance(node, ast.expr) and isinstance(parent, ast.stmt) and hasattr(parent, "body"):
        # What heads a block: the block's own lines may never be reached.
        lines = (node.lineno, node.end_lineno or node.lineno)
    return _Place(scope, function, lines, is_condition)


def _code(within: CodeType, name: str) -> CodeType:
    for code in within.co_consts:
        if isinstance(code, CodeType):
            if code.co_qualname == name:
                return code
            if name.startswith(f"{code.co_qualname}."):
                return _code(code, name)
    raise LookupError(name)
