"""Calls that are taken out of a function, and put back."""

import ast
import sys
from types import ModuleType

from embedded.mutants import calls, without

SAID: list[str] = []


def say(word: str) -> int:
    """Say it."""
    SAID.append(word)
    return len(word)


class Speaker:
    """Says more."""

    async def greet(self, name: str) -> int | None:
        """Say two words."""
        say("hello")
        return say(name)


def _is_say(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "say"


def _here() -> ModuleType:
    return sys.modules[__name__]


async def test_each_call_is_taken_out_alone_and_put_back() -> None:
    """The others are still made, and afterwards all are."""
    found = calls([_here()], _is_say)
    assert [site.function for site in found] == ["Speaker.greet", "Speaker.greet"]
    heard = []
    for site in found:
        with without(site):
            SAID.clear()
            heard.append((await Speaker().greet("ana"), list(SAID)))
    assert heard == [(3, ["ana"]), (None, ["hello"])]
    SAID.clear()
    assert await Speaker().greet("ana") == 3
    assert SAID == ["hello", "ana"]
