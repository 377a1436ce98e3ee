"""`make test-fast` stays fast: a property is tried fewer times there, which its test has to let happen."""

import re

from source import ROOT

A_NUMBER = re.compile(r"\b(?:max_examples|stateful_step_count)=\d")


def test_how_often_a_property_is_tried_depends_on_the_hurry() -> None:
    """`examples(200)` of embedded.memory_only instead of 200."""
    texts = {
        str(path.relative_to(ROOT)): path.read_text()
        for part in ("services", "libs")
        for path in ROOT.glob(f"{part}/*/tests/**/test_*.py")
        if path.name != "test_memory_only.py"
    }
    assert sum("=examples(" in text for text in texts.values()) > 5
    assert not [name for name, text in texts.items() if A_NUMBER.search(text)]
