"""Every field of each model that we ship: what its schema allows is taken, and one step beyond refused."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from generation.adapters.outbound.json_schema import JsonSchemaChecker
from generation.adapters.outbound.providers import registry
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.errors import InvalidInput
from generation.domain.identifiers import MediaId
from generation.domain.model import Model
from shipped_jobs import MEDIA, jobs_of

MODELS = TomlCatalogue(None, providers=set(registry.folders())).models()
ADDRESSES = {MediaId(MEDIA): "https://store.example/upl_1?signed"}
CHECKED = JsonSchemaChecker().checked


def beyond(rule: Mapping[str, Any]) -> Iterator[Any]:
    """Values that a field's rule just refuses: a step past each bound, and other types."""
    match rule["type"]:
        case "integer" | "number":
            yield from (rule["minimum"] - 1 for _ in ("minimum",) if "minimum" in rule)
            yield from (rule["maximum"] + 1 for _ in ("maximum",) if "maximum" in rule)
            yield from ("1", True, 1.5 if rule["type"] == "integer" else "1.5")
        case "string":
            yield from ("x" * (rule["maxLength"] + 1) for _ in ("maxLength",) if "maxLength" in rule)
            yield from ("x" * (rule["minLength"] - 1) for _ in ("minLength",) if rule.get("minLength"))
            yield from (5, ["x"])
        case "array":
            yield from ([MEDIA] * (rule["maxItems"] + 1), MEDIA, [5])
            yield from ([MEDIA] * (rule["minItems"] - 1) for _ in ("minItems",) if rule.get("minItems"))
        case "boolean":
            yield from ("true", 1)
    if "enum" in rule:
        yield "of no such kind"
    yield from (None, {})


@pytest.mark.exhaustive
@pytest.mark.parametrize("model", MODELS, ids=[model.model_id for model in MODELS])
def test_every_field_is_taken_at_its_bounds(model: Model) -> None:
    """Checked, priced, and put into the request of each provider that runs the model."""
    jobs = jobs_of(dict(model.input_schema))
    assert len(jobs) > 1
    for job in jobs:
        checked = model.drawn(CHECKED(model, job), between=lambda least, _: least)
        assert model.tariff.price(checked).credits > 0, job
        for provider in model.providers:
            assert provider.asked(checked, ADDRESSES), job


@pytest.mark.exhaustive
@pytest.mark.parametrize("model", MODELS, ids=[model.model_id for model in MODELS])
def test_one_step_beyond_is_refused_by_its_field(model: Model) -> None:
    """Of each field, and so are a field that there is not, and one that has to be there."""
    usual, *_ = jobs_of(dict(model.input_schema))
    for name, rule in model.input_schema["properties"].items():
        for wrong in beyond(rule):
            with pytest.raises(InvalidInput) as refused:
                CHECKED(model, {**usual, name: wrong})
            fields = {violation.field.partition(".")[0] for violation in refused.value.violations}
            assert fields == {name}, (name, wrong)
    with pytest.raises(InvalidInput) as strange:
        CHECKED(model, {**usual, "no_such_field": 1})
    assert [violation.field for violation in strange.value.violations] == ["no_such_field"]
    for name in model.input_schema.get("required", ()):
        with pytest.raises(InvalidInput) as missing:
            CHECKED(model, {key: value for key, value in usual.items() if key != name})
        assert [violation.field for violation in missing.value.violations] == [name]
