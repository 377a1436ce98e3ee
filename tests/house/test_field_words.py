"""What the product's own models call their fields is in the console's catalogues."""

import tomllib
from pathlib import Path

from gateway.adapters.inbound.console.field_words import FIELD_WORDS

MODELS = Path(__file__).parents[2] / "services/generation/src/generation/models.toml"


def test_every_field_of_our_models_has_its_words_listed() -> None:
    """Each title and each description, and none that no model has."""
    models = tomllib.loads(MODELS.read_text())["models"]
    rules = [rule for model in models for rule in model["input"]["properties"].values()]
    assert {words for rule in rules for words in (rule.get("title"), rule.get("description")) if words} == {
        *FIELD_WORDS
    }
