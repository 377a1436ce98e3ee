"""What of an input is asked about, and what its writer is told."""

from generation.domain.generation import Failure
from generation.domain.moderation import Category, refusal, texts_of

SCHEMA = {
    "properties": {
        "prompt": {"type": "string"},
        "ratio": {"type": "string", "enum": ["1:1"]},
        "image": {"type": "string", "x-media": "image"},
    }
}


def test_what_a_person_wrote_is_asked_about() -> None:
    """Every text, wherever it is; not what was chosen, nor ids, nor numbers, nor blanks."""
    job = {
        "prompt": "a fox",
        "ratio": "1:1",
        "image": "upl_1",
        "seed": 3,
        "messages": [{"role": "user", "content": "hello"}, ["deep"]],
        "negative": "  ",
    }
    assert texts_of(job, SCHEMA) == ["a fox", "user", "hello", "deep"]
    assert texts_of({"ratio": "1:1"}, {}) == ["1:1"]
    assert texts_of({}, SCHEMA) == []


def test_a_refusal_names_its_categories() -> None:
    """In words, in one order."""
    told = refusal(frozenset({Category.VIOLENCE, Category.HATE}))
    assert told == Failure("CONTENT_REFUSED", "the request was refused for: hate, violence")
