"""Requests of OpenAI's clients as inputs of our models: pure, and by each model's own schema.

A field that a model has no word for is refused by name: what somebody asks for is not quietly left out. A
field that is no word of OpenAI's and that the model has goes in as it is.
"""

import re
from collections.abc import Mapping, Sequence
from math import log
from typing import Any

from gateway.domain.errors import FieldProblem, GatewayError, InvalidRequest
from gateway.domain.generation import Document, Model

# How far the shape of a size may be from one that a model draws: 1792x1024 is 16:9 to within two hundredths.
RATIO_SLACK = 0.03
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
_RATIO = re.compile(r"(\d{1,3}):(\d{1,3})")
_RATIO_FIELDS = ("ratio", "aspect_ratio")
# Fields of OpenAI's that change nothing here, and the values with which they ask for nothing.
_WITHOUT_EFFECT: Mapping[str, tuple[Any, ...]] = {
    "user": (),
    "moderation": ("auto",),
    "background": ("auto", "opaque"),
    "partial_images": (0,),
    "stream": (False,),
    "style": ("vivid",),
    "output_compression": (100,),
    "input_fidelity": ("low",),
    "speed": (1, 1.0),
    "stream_format": ("audio",),
}
_ANY_VALUE = frozenset({"user"})
# Of inputs, in the words that OpenAI's clients know.
_NAMES = {"output_count": "n", "ratio": "size", "aspect_ratio": "size", "width": "size", "height": "size"}
# What OpenAI calls Opus in a container is Ogg here.
_FORMATS = {"opus": "ogg"}


def image_input(model: Model, asked: Mapping[str, Any]) -> Document:
    """Return the input of a picture; raises InvalidRequest, naming the field, for what the model can't do."""
    fields, rest = _fields(model), dict(asked)
    made: dict[str, Any] = {"prompt": rest.pop("prompt")}
    count = rest.pop("n", None)
    if count is not None and (count != 1 or "output_count" in fields):
        made |= _word(model, "output_count", count, said="n")
    size = rest.pop("size", None)
    if size not in (None, "auto"):
        made |= _shape(model, size)
    quality = rest.pop("quality", None)
    if quality not in (None, "auto") and (quality != "standard" or "quality" in fields):
        made |= _word(model, "quality", quality)
    if (wanted := rest.pop("output_format", None)) is not None:
        made |= _word(model, "output_format", wanted)
    return {**made, **_others(model, rest)}


def speech_input(model: Model, asked: Mapping[str, Any]) -> Document:
    """Return the input of a text that is read aloud; raises InvalidRequest as `image_input`."""
    fields, rest = _fields(model), dict(asked)
    made: dict[str, Any] = {"prompt": rest.pop("input")}
    if (voice := rest.pop("voice", None)) is not None:
        made |= _word(model, "voice", voice["id"] if isinstance(voice, Mapping) and "id" in voice else voice)
    if instructions := rest.pop("instructions", None):
        made |= _word(model, "instructions", instructions)
    if (wanted := rest.pop("response_format", None)) is not None:
        listed = fields.get("output_format", {}).get("enum", ())
        wanted = wanted if wanted in listed else _FORMATS.get(wanted, wanted)
        made |= _word(model, "output_format", wanted, said="response_format")
    return {**made, **_others(model, rest)}


def media_fields(model: Model, pictures: Sequence[str], mask: str | None) -> Document:
    """Return the fields by which a model is given pictures, by their ids."""
    fields = {name: rule for name, rule in _fields(model).items() if rule.get("x-media") == "image"}
    made: dict[str, Any] = {}
    if mask is not None:
        made |= _word(model, "mask", mask)
    own = [name for name in fields if name != "mask"]
    lists = [name for name in own if fields[name].get("type") == "array"]
    most = fields[lists[0]].get("maxItems", 16) if lists else len(own)
    if len(pictures) > most:
        raise _refused("image", f"{model.model_id} takes {most or 'no'} picture{'s' * (most != 1)}")
    if lists:
        return made | {lists[0]: list(pictures)}
    return made | dict(zip(own, pictures, strict=False))


def in_their_words(refusal: GatewayError) -> GatewayError:
    """Name the fields of a refused input as whoever asked called them."""
    if isinstance(refusal, InvalidRequest) and refusal.fields:
        fields = [
            FieldProblem(_NAMES.get(problem.field.removeprefix("input."), problem.field), problem.detail)
            for problem in refusal.fields
        ]
        return InvalidRequest(refusal.detail, reason=refusal.reason, fields=fields)
    return refusal


def _fields(model: Model) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = model.input_schema.get("properties", {})
    return fields


def _word(model: Model, name: str, value: Any, *, said: str | None = None) -> Document:
    """Return a field with its value, where the model has it and takes that value."""
    rule = _fields(model).get(name)
    if rule is None:
        raise _unsupported(model, said or name)
    if "enum" in rule and value not in rule["enum"]:
        listed = ", ".join(map(str, rule["enum"]))
        raise _refused(said or name, f"{model.model_id} takes one of {listed}")
    return {name: value}


def _shape(model: Model, size: Any) -> Document:
    """Return what makes pictures of a size, or of its shape where a model knows only shapes."""
    fields = _fields(model)
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if found is None or not int(found[1]) or not int(found[2]):
        raise _refused("size", "must be auto, or a width and a height such as 1024x1024")
    width, height = int(found[1]), int(found[2])
    if "width" in fields and "height" in fields:
        return {"width": width, "height": height}
    name = next((name for name in _RATIO_FIELDS if name in fields), None)
    if name is None:
        raise _unsupported(model, "size")
    shapes = {shape: _ratio(shape) for shape in fields[name].get("enum", ())}
    known = {shape: ratio for shape, ratio in shapes.items() if ratio}
    nearest = min(known, key=lambda shape: abs(log(known[shape]) - log(width / height)), default=None)
    if nearest is None or abs(log(known[nearest]) - log(width / height)) > RATIO_SLACK:
        raise _refused("size", f"{model.model_id} draws the shapes {', '.join(known)}")
    return {name: nearest}


def _ratio(shape: str) -> float | None:
    found = _RATIO.fullmatch(shape)
    return int(found[1]) / int(found[2]) if found else None


def _others(model: Model, rest: Mapping[str, Any]) -> Document:
    """Return what the model has a field for. Raises InvalidRequest for what asks for something else."""
    made: dict[str, Any] = {}
    for name, value in rest.items():
        if name in _fields(model):
            made[name] = value
        elif name not in _ANY_VALUE and value is not None and value not in _WITHOUT_EFFECT.get(name, ()):
            raise _unsupported(model, name)
    return made


def _unsupported(model: Model, name: str) -> InvalidRequest:
    detail = f"{model.model_id} does not take it"
    return InvalidRequest(detail, reason="UNSUPPORTED_PARAMETER", fields=[FieldProblem(name, detail)])


def _refused(name: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, reason="UNSUPPORTED_VALUE", fields=[FieldProblem(name, detail)])
