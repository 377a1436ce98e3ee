"""A model on offer: who is asked in which order, and what is drawn."""

from dataclasses import replace

import pytest
from generation.domain.counting import Unit
from generation.domain.errors import InvalidInput, UnknownModel
from generation.domain.identifiers import ModelId
from generation.domain.model import Modality, Model, ModelProvider
from generation.domain.pricing import Tariff
from generation.domain.request_template import RequestTemplate

MODEL = Model(
    model_id=ModelId("tintype/sketch"),
    title="Sketch",
    description="Draws",
    modality=Modality.IMAGE,
    category="pictures",
    input_schema={
        "properties": {
            "prompt": {"type": "string"},
            "seed": {"minimum": 1, "maximum": 9, "x-random": True},
            "strength": {"minimum": 2, "maximum": 8},
            "noise": {"minimum": 3, "maximum": 7, "x-random": False},
        }
    },
    tariff=Tariff(Unit.IMAGE, 5),
    providers=(ModelProvider("local", "sketch"), ModelProvider("openai", "image-1")),
    deadline_s=60,
)


def test_the_users_order_goes_before_the_models() -> None:
    """One provider alone is an order too."""
    assert MODEL.order(()) == ("local", "openai")
    assert MODEL.order(("openai", "local")) == ("openai", "local")
    assert MODEL.order(("openai",)) == ("openai",)


def test_who_cannot_run_it_is_named() -> None:
    """With those who can; a very long name is cut."""
    with pytest.raises(InvalidInput) as refused:
        MODEL.order(("local", "x" * 65))
    assert refused.value.field_violations == {"provider_order": f"{'x' * 64!r} is not one of: local, openai"}


def test_nobody_is_asked_twice() -> None:
    """By one order."""
    with pytest.raises(InvalidInput) as refused:
        MODEL.order(("local", "local"))
    assert refused.value.field_violations == {"provider_order": "names a provider twice"}


def test_only_what_is_left_open_is_drawn() -> None:
    """Within its bounds, and only where the schema says so."""
    asked: list[tuple[int, int]] = []

    def between(low: int, high: int) -> int:
        asked.append((low, high))
        return low + 1

    assert MODEL.drawn({"prompt": "fox"}, between=between) == {"prompt": "fox", "seed": 2}
    assert asked == [(1, 9)]
    assert MODEL.drawn({"seed": 0}, between=between) == {"seed": 0}
    assert asked == [(1, 9)]


def test_a_model_has_another_name_at_each_provider() -> None:
    """Its own one."""
    assert [MODEL.at(name).model for name in ("local", "openai")] == ["sketch", "image-1"]
    with pytest.raises(UnknownModel):
        MODEL.at("acme")


def test_a_model_is_asked_for_in_the_providers_words() -> None:
    """Where the catalogue has some; else the input goes as it is."""
    template = RequestTemplate.checked(
        {"text": "{prompt}"}, {"prompt": {"type": "string"}}, unused=frozenset()
    )
    assert ModelProvider("acme", "image", template).asked({"prompt": "fox"}) == {"text": "fox"}
    assert ModelProvider("acme", "image").asked({"prompt": "fox"}) == {"prompt": "fox"}


def test_a_schema_without_properties_leaves_nothing_open() -> None:
    """The input stays as it is."""
    bare = replace(MODEL, input_schema={})
    assert bare.drawn({"prompt": "fox"}, between=lambda low, high: low) == {"prompt": "fox"}
