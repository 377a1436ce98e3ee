"""Fingerprints are kept with their jobs: what they are, in each version, and what makes another."""

from dataclasses import replace
from typing import Any

import pytest
from generation.application.create_generation import CreateGeneration
from generation.domain.fingerprint import fingerprint, is_fingerprint_of
from generation.domain.identifiers import AccountId, ModelId

BARE = CreateGeneration(
    account_id=AccountId("usr_1"), model_id=ModelId("local/sketch"), input={"prompt": "a red fox"}
)
WHOLE = replace(
    BARE,
    input={"ratio": "16:9", "prompt": "Füchse 🦊"},
    quote_id="q_1",
    provider_order=("local", "openai"),
    metadata={"b": [1, 2.5], "a": None},
)
# Each with its fingerprint today, and the one that rows from before there were versions have.
GOLDEN = {
    "bare": (
        BARE,
        "2:7bc45d6c8c812842e9d714e3357f0764d3ab0f4f0bed938b8df7a4591d1f44ba",
        "5f9386e13d70984dc0b2de471ce7b555427790e640e7a90f1c098257f7541ace",
    ),
    "whole": (
        WHOLE,
        "2:375e0ef3595ccd3ba492be9e5560cec9a7a83bb98be6d09336212cd8d28190cf",
        "375e0ef3595ccd3ba492be9e5560cec9a7a83bb98be6d09336212cd8d28190cf",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_fingerprints(name: str) -> None:
    """Rows with them exist, so no release may make others, nor forget the first ones."""
    command, now, first = GOLDEN[name]
    assert fingerprint(command.asked) == now
    assert is_fingerprint_of(now, command.asked)
    assert is_fingerprint_of(first, command.asked)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_further_optional_field_makes_no_other_request_of_an_old_one(name: str) -> None:
    """Unless it is there: then it is another one, whichever version was kept."""
    command, now, first = GOLDEN[name]
    for kept in (now, first):
        assert is_fingerprint_of(kept, {**command.asked, "callback": None})
        assert not is_fingerprint_of(kept, {**command.asked, "callback": 0})
        assert not is_fingerprint_of(kept, {**command.asked, "callback": "https://example.com"})


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", GOLDEN)
@pytest.mark.parametrize(
    "change",
    [
        {"model_id": ModelId("local/reel")},
        {"input": {"prompt": "another"}},
        {"quote_id": "q_2"},
        {"provider_order": ("openai", "local")},
        {"metadata": {"z": 1}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_is_asked_otherwise_is_another_request(name: str, change: dict[str, Any]) -> None:
    """In each version."""
    command, now, first = GOLDEN[name]
    for kept in (now, first):
        assert not is_fingerprint_of(kept, replace(command, **change).asked)
