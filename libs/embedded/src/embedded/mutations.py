"""Mutations: the small changes that a test should notice, as the text that would stand in a node's place.

Left alone is what no test should hold: docstrings, messages (any text with a space in it, any f-string), log
lines, annotations and decorators; and what code says of itself: `raise NotImplementedError` where a subclass
decides, and the `strict` of a `zip` of what belongs together. Where code runs at import, texts are left alone
too: they are names and formats of enums and errors, which tests of the adapters hold.
"""

import ast
import copy
import re
from collections.abc import Iterator
from typing import TypeVar

_BOUNDARIES: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
}
_OPPOSITES: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.GtE(),
    ast.LtE: ast.Gt(),
    ast.Gt: ast.LtE(),
    ast.GtE: ast.Lt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
}
_OPERATORS: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.FloorDiv(),
    ast.FloorDiv: ast.Mult(),
    ast.Div: ast.Mult(),
    ast.Mod: ast.Mult(),
    ast.BitAnd: ast.BitOr(),
    ast.BitOr: ast.BitAnd(),
}
_NAMESAKES = {"min": "max", "max": "min", "any": "all", "all": "any"}
_WORD = re.compile(r"[\w:./-]+")
_LOGS = {"log", "logger"}

Node = TypeVar("Node", bound=ast.AST)


def mutations(node: ast.stmt | ast.expr, *, is_condition: bool, at_import: bool) -> Iterator[str]:
    """Yield each text that may replace this node. What lies within it is asked for on its own.

    A condition is what `if`, `while`, a conditional expression or a comprehension decides by.
    """
    if isinstance(node, ast.stmt):
        yield from _statement(node)
    else:
        changed = _expression(node, is_condition=is_condition, at_import=at_import)
        yield from (f"({ast.unparse(expression)})" for expression in changed)


def is_log(node: ast.AST) -> bool:
    """Whether this calls a logger, whatever it is bound to."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    names = (getattr(part, "id", getattr(part, "attr", "")) for part in ast.walk(node.func.value))
    return any(name.strip("_") in _LOGS for name in names)


def is_abstract(node: ast.AST) -> bool:
    """Whether this is what a method does that every subclass has of its own."""
    return isinstance(node, ast.Raise) and ast.unparse(node) == "raise NotImplementedError"


def is_strictness(call: ast.AST, keyword: ast.AST) -> bool:
    """Whether this keyword of a call says that what is zipped has one length."""
    is_zip = isinstance(call, ast.Call) and ast.unparse(call.func) == "zip"
    return is_zip and isinstance(keyword, ast.keyword) and keyword.arg == "strict"


def _statement(node: ast.stmt) -> Iterator[str]:
    """Leave the statement out, or let it return nothing."""
    if isinstance(node, ast.Expr):
        called = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(called, ast.Call):
            yield "pass"
    elif isinstance(node, ast.Assign):
        # A name that is never bound fails by itself.
        if not any(isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) for part in ast.walk(node)):
            yield "pass"
    elif isinstance(node, ast.AugAssign):
        yield "pass"
        if (other := _OPERATORS.get(type(node.op))) is not None:
            yield ast.unparse(_with(node, op=other))
    elif isinstance(node, ast.Raise | ast.Continue | ast.Break | ast.Delete):
        yield "pass"
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "return None"


def _expression(node: ast.expr, *, is_condition: bool, at_import: bool) -> Iterator[ast.expr]:
    if is_condition and not isinstance(node, ast.Constant):
        yield ast.Constant(True)
        yield ast.Constant(False)
    if isinstance(node, ast.Compare):
        yield from _comparison(node, is_condition=is_condition)
    elif isinstance(node, ast.BoolOp):
        for left_out in range(len(node.values)):
            kept = [value for place, value in enumerate(node.values) if place != left_out]
            yield kept[0] if len(kept) == 1 else _with(node, values=kept)
    elif isinstance(node, ast.UnaryOp):
        if not is_condition:
            yield node.operand
    elif isinstance(node, ast.BinOp):
        if (other := _OPERATORS.get(type(node.op))) is not None:
            yield _with(node, op=other)
    elif isinstance(node, ast.Call):
        yield from _call(node)
    elif isinstance(node, ast.Lambda):
        if not _is_none(node.body):
            yield _with(node, body=ast.Constant(None))
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        yield node.value
    elif isinstance(node, ast.Constant):
        yield from _constant(node, at_import=at_import)


def _comparison(node: ast.Compare, *, is_condition: bool) -> Iterator[ast.expr]:
    for place, operator in enumerate(node.ops):
        if (boundary := _BOUNDARIES.get(type(operator))) is not None:
            yield _with(node, ops=[*node.ops[:place], boundary, *node.ops[place + 1 :]])
        # A condition is turned into True and into False as it is.
        if not is_condition:
            opposite = _OPPOSITES[type(operator)]
            yield _with(node, ops=[*node.ops[:place], opposite, *node.ops[place + 1 :]])


def _call(node: ast.Call) -> Iterator[ast.expr]:
    """Leave an argument out: each one that has a name, and the last that has none."""
    if isinstance(node.func, ast.Name) and node.func.id in _NAMESAKES:
        yield _with(node, func=ast.Name(_NAMESAKES[node.func.id]))
    for left_out in node.keywords:
        if left_out.arg is not None and not is_strictness(node, left_out):
            yield _with(node, keywords=[word for word in node.keywords if word is not left_out])
    if len(node.args) > 1:
        yield _with(node, args=node.args[:-1])


def _constant(node: ast.Constant, *, at_import: bool) -> Iterator[ast.expr]:
    match node.value:
        case bool():
            yield ast.Constant(not node.value)
        case int() | float():
            yield ast.Constant(node.value + 1)
        case str() if not at_import and _WORD.fullmatch(node.value):
            yield ast.Constant(f"{node.value}_mutant")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _with(node: Node, **fields: object) -> Node:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed
