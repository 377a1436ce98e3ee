"""What identity refuses is said in the reader's language: a new reason has its words when it is made."""

import ast
from collections.abc import Iterator
from pathlib import Path

import identity
import identity.domain.errors
import identity.domain.passkey_errors
import identity.domain.sign_in_errors
import pytest
from gateway.adapters.inbound.console.languages import ENGLISH, LANGUAGES, Language
from gateway.adapters.inbound.console.refusal_words import TEXTS, WORDS, translated
from identity.domain.errors import IdentityError, InvalidField

OTHERS = [language for language in LANGUAGES.values() if language is not ENGLISH]
INSIDE = Path(identity.__file__).parent
# Its texts are many, and each is known by itself.
OF_FIELDS = InvalidField.reason


def refusals(above: type[IdentityError] = IdentityError) -> Iterator[type[IdentityError]]:
    """Every class of them, of whatever module."""
    for refusal in above.__subclasses__():
        yield refusal
        yield from refusals(refusal)


def field_texts() -> Iterator[str]:
    """What the inside says of fields, with the last number of each left out."""
    for path in [*INSIDE.glob("domain/*.py"), *INSIDE.glob("application/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "InvalidField":
                yield _template(node.args[0])


def _template(text: ast.expr) -> str:
    if isinstance(text, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "%(number)s" for part in text.values)
        return "".join(map(str, parts))
    assert isinstance(text, ast.Constant)
    return str(text.value)


@pytest.mark.parametrize("language", OTHERS, ids=lambda language: language.code)
def test_every_reason_of_identity_is_said(language: Language) -> None:
    """None is left in English, and each is told apart from what was said there."""
    reasons = {refusal.reason for refusal in refusals()} - {OF_FIELDS}
    assert len(reasons) > 50
    assert reasons <= set(WORDS)
    for reason in reasons:
        assert translated(language, reason, "In English.") == language.say(WORDS[reason]) != WORDS[reason]
        assert translated(ENGLISH, reason, "In English.") == "In English."


@pytest.mark.parametrize("language", OTHERS, ids=lambda language: language.code)
def test_every_text_about_a_field_is_said(language: Language) -> None:
    """With the number that stands in it."""
    texts = set(field_texts())
    assert len(texts) > 8
    assert texts <= TEXTS
    for text in TEXTS:
        said = translated(language, OF_FIELDS, text % {"number": "1,234"})
        assert said == language.say(text) % {"number": "1,234"} != text % {"number": "1,234"}


@pytest.mark.parametrize("language", OTHERS, ids=lambda language: language.code)
def test_what_is_not_known_stays_as_it_is(language: Language) -> None:
    """Another service's words, of a reason that all have; with signs that a text could stumble over."""
    for detail in ("must be 1 to 5, not 100%", "%(number)s", "{}", ""):
        assert translated(language, OF_FIELDS, detail) == detail
        assert translated(language, "UNKNOWN_PACK", detail) == detail
