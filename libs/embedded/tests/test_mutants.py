"""Small changes of code: which ones there are, and that one is put in and taken out again."""

import ast
import sys
from pathlib import Path
from types import ModuleType

import pytest
from embedded.mutants import NotLive, mutants_of, mutated
from embedded.mutations import mutations

SAID: list[str] = []


def say(word: str) -> int:
    """Say it."""
    SAID.append(word)
    return len(word)


class Speaker:
    """Says more."""

    loudness = 3

    async def greet(self, name: str) -> int | None:
        """Say two words."""
        say("hello")
        return say(name)

    @property
    def is_loud(self) -> bool:
        """Whether it can be heard."""
        return self.loudness > 2


def _here() -> ModuleType:
    return sys.modules[__name__]


def of(source: str, *, is_condition: bool = False, at_import: bool = False) -> set[str]:
    """What may stand in the place of a statement, or of an expression."""
    node = ast.parse(source).body[0]
    if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call | ast.Await):
        return _of(node.value, is_condition=is_condition, at_import=at_import)
    return _of(node, is_condition=is_condition, at_import=at_import)


def _of(node: ast.stmt | ast.expr, *, is_condition: bool = False, at_import: bool = False) -> set[str]:
    found = mutations(node, is_condition=is_condition, at_import=at_import)
    mode = "eval" if isinstance(node, ast.expr) else "exec"
    return {ast.unparse(ast.parse(after, mode=mode)) for after in found}


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("a < b", {"a <= b", "a >= b"}),
        ("0 < a <= b", {"0 <= a <= b", "0 >= a <= b", "0 < a < b", "0 < a > b"}),
        ("a is not None", {"a is None"}),
        ("a and b or c", {"a and b", "c"}),
        ("a and b and c", {"b and c", "a and c", "a and b"}),
        ("not a", {"a"}),
        ("-a", {"a"}),
        ("a + b", {"a - b"}),
        ("a // b", {"a * b"}),
        ("7", {"8"}),
        ("True", {"False"}),
        ("None", set()),
        ("'reason'", {"'reason_mutant'"}),
        ("'what people read'", set()),
        ("a[:5]", {"a"}),
        ("lambda a: a.b", {"lambda a: None"}),
        ("f(a, b=1)", {"pass"}),
        ("await f(a)", {"pass"}),
        ("a.b = 1", {"pass"}),
        ("a.b, a.c = 1, 2", {"pass"}),
        ("a = 1", set()),
        ("a += 1", {"pass", "a -= 1"}),
        ("raise E", {"pass"}),
        ("del a[0]", {"pass"}),
    ],
)
def test_what_can_be_changed(source: str, changed: set[str]) -> None:
    """Boundaries, sides of and/or, arithmetic, constants, statements."""
    assert of(source) == changed


def test_a_call_loses_its_arguments_one_by_one() -> None:
    """Each that has a name, and the last that has none; `min` is `max`."""
    call = ast.parse("min(a, b, key=k, default=0)", mode="eval").body
    assert _of(call) == {
        "max(a, b, key=k, default=0)",
        "min(a, b, default=0)",
        "min(a, b, key=k)",
        "min(a, key=k, default=0)",
    }


def test_a_condition_is_true_and_is_false() -> None:
    """Besides its boundary; its opposite would say nothing new."""
    assert of("a < b", is_condition=True) == {"True", "False", "a <= b"}


def test_texts_of_what_runs_at_import_stay() -> None:
    """They are names and formats; numbers are rules."""
    assert of("'held'", at_import=True) == set()
    assert of("7", at_import=True) == {"8"}


def test_a_module_is_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docstrings, annotations, decorators, messages and log lines are left alone."""
    source = '''"""A module."""

from dataclasses import dataclass

LIMIT = 5


@dataclass(frozen=True)
class Bag:
    """A bag."""

    size: int = 0

    def fits(self, added: "int") -> bool:
        """Tell."""
        log.info("looked at", added=added + 1)
        if self.size + added > LIMIT:
            raise ValueError(f"over {LIMIT}")
        return True
'''
    (tmp_path / "a_bag.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    found = [(m.function, m.line, m.before, m.after) for m in mutants_of("a_bag")]
    assert found == [
        (None, 5, "5", "6"),
        (None, 12, "0", "1"),
        ("Bag.fits", 17, "self.size + added > LIMIT", "True"),
        ("Bag.fits", 17, "self.size + added > LIMIT", "False"),
        ("Bag.fits", 17, "self.size + added > LIMIT", "self.size + added >= LIMIT"),
        ("Bag.fits", 17, "self.size + added", "self.size - added"),
        ("Bag.fits", 18, "raise ValueError(f'over {LIMIT}')", "pass"),
        ("Bag.fits", 19, "return True", "return None"),
        ("Bag.fits", 19, "True", "False"),
    ]
    changed = mutants_of("a_bag")[4].source
    assert changed == source.replace("self.size + added > LIMIT", "(self.size + added >= LIMIT)")


def test_what_code_says_of_itself_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An abstract method, and that what is zipped has one length; any other `strict` counts."""
    source = """
class Shape:
    def area(self):
        raise NotImplementedError

    def sides(self):
        return draw(zip(self.names, self.lengths, strict=True), strict=True)
"""
    (tmp_path / "a_shape.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    zipped = "zip(self.names, self.lengths, strict=True)"
    assert [(m.before, m.after) for m in mutants_of("a_shape")] == [
        (f"return draw({zipped}, strict=True)", "return None"),
        (f"draw({zipped}, strict=True)", f"draw({zipped})"),
        (zipped, "zip(self.names, strict=True)"),
        ("True", "False"),
    ]


async def test_each_mutant_is_put_in_alone_and_taken_out() -> None:
    """Whoever holds the class has it, and afterwards everything is as it was."""
    left_out = [m for m in mutants_of(__name__) if m.function == "Speaker.greet" and m.after == "pass"]
    assert [mutant.before for mutant in left_out] == ["say('hello')"]
    speaker = Speaker()
    with mutated(left_out[0], _here()):
        assert await speaker.greet("ana") == 3
    assert SAID == ["ana"]
    SAID.clear()
    assert await speaker.greet("ana") == 3
    assert SAID == ["hello", "ana"]


def test_a_property_has_mutants_too() -> None:
    """It is no plain function."""
    [boundary] = [m for m in mutants_of(__name__) if m.after == "self.loudness >= 2"]
    speaker = Speaker()
    speaker.loudness = 2
    with mutated(boundary, _here()):
        assert speaker.is_loud
    assert not speaker.is_loud


def test_what_ran_at_import_is_said_to_be_no_live_mutant() -> None:
    """A new import would make it."""
    [loud] = [m for m in mutants_of(__name__) if m.function is None and (m.before, m.after) == ("3", "4")]
    with pytest.raises(NotLive), mutated(loud, _here()):
        pass
    assert Speaker.loudness == 3
