"""What a person reads is a person's words."""

import re

import pytest
from gateway.adapters.inbound.console.templates import environment
from gateway.domain.credits import EntryKind

JARGON = re.compile(
    r"\b(lots?|settle[ds]?|settlement|reserv\w+|idempoten\w+|journal|ledger)\b", re.IGNORECASE
)


# Reads every page.
@pytest.mark.real_time
def test_no_text_of_ours_speaks_our_jargon() -> None:
    """Texts that are said to people have none of the words that only we know."""
    assert environment.loader is not None
    said: list[tuple[str, str]] = []
    for name in environment.list_templates(extensions=["html"]):
        source, _, _ = environment.loader.get_source(environment, name)
        said += [
            (name, " ".join(filter(None, messages if isinstance(messages, tuple) else (messages,))))
            for _, _, messages in environment.extract_translations(source)  # type: ignore[attr-defined]
        ]
    assert len(said) > 120
    assert [(name, text) for name, text in said if JARGON.search(text)] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", EntryKind)
def test_every_line_of_the_history_is_said(kind: EntryKind) -> None:
    """A kind without words would be a page that fails."""
    source = '{% from "components/entry.html" import entry_words %}{{ entry_words(entry) }}'
    template = environment.from_string(source)
    shown = template.render(entry={"kind": kind})
    assert kind.value not in shown
    assert re.search(r">[A-Z][a-z ]+<", shown)
