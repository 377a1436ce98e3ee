"""OpenAI's words for pictures and sound, in the words of each model."""

from typing import Any

import pytest
from gateway.adapters.inbound.openai.model_input import (
    image_input,
    in_their_words,
    media_fields,
    speech_input,
)
from gateway.adapters.outbound.memory.models import MODELS, _model
from gateway.domain.errors import FieldProblem, InvalidRequest
from gateway.domain.generation import Modality, Model
from openai_world import PAINTER, SPEECH

SKETCH, EDIT = MODELS[0], MODELS[2]
WIDE = _model("wide", Modality.IMAGE, "image", 1, width={"type": "integer"}, height={"type": "integer"})
PICTURE = {"type": "string", "x-media": "image"}
MASKED = _model("masked", Modality.IMAGE, "image", 1, image=PICTURE, second_image=PICTURE, mask=PICTURE)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("model", "asked", "made"),
    [
        (SKETCH, {}, {}),
        (SKETCH, {"n": 2}, {"output_count": 2}),
        (SKETCH, {"size": "auto"}, {}),
        (SKETCH, {"size": "1024x1024"}, {"ratio": "1:1"}),
        (SKETCH, {"size": "1792x1024"}, {"ratio": "16:9"}),
        (SKETCH, {"size": "1024x1792"}, {"ratio": "9:16"}),
        (WIDE, {"size": "1536x1024"}, {"width": 1536, "height": 1024}),
        (SKETCH, {"quality": "standard"}, {}),
        (SKETCH, {"quality": "auto", "user": "u-1", "moderation": "auto", "stream": False}, {}),
        (PAINTER, {"quality": "low", "output_format": "webp"}, {"quality": "low", "output_format": "webp"}),
        (SKETCH, {"seed": 7, "ratio": "9:16"}, {"seed": 7, "ratio": "9:16"}),
        (SKETCH, {"background": None, "quality": None, "size": None, "n": None}, {}),
    ],
)
def test_a_picture(model: Model, asked: dict[str, Any], made: dict[str, Any]) -> None:
    """Each word becomes the model's, and what asks for nothing is left out."""
    assert image_input(model, {"prompt": "a heron", **asked}) == {"prompt": "a heron", **made}


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("model", "asked", "field", "reason"),
    [
        (SKETCH, {"size": "1536x1024"}, "size", "UNSUPPORTED_VALUE"),
        (SKETCH, {"size": "0x10"}, "size", "UNSUPPORTED_VALUE"),
        (SKETCH, {"size": "large"}, "size", "UNSUPPORTED_VALUE"),
        (SKETCH, {"size": 1024}, "size", "UNSUPPORTED_VALUE"),
        (SKETCH, {"quality": "high"}, "quality", "UNSUPPORTED_PARAMETER"),
        (PAINTER, {"quality": "high"}, "quality", "UNSUPPORTED_VALUE"),
        (SKETCH, {"output_format": "png"}, "output_format", "UNSUPPORTED_PARAMETER"),
        (SKETCH, {"stream": True}, "stream", "UNSUPPORTED_PARAMETER"),
        (SKETCH, {"partial_images": 2}, "partial_images", "UNSUPPORTED_PARAMETER"),
        (SKETCH, {"background": "transparent"}, "background", "UNSUPPORTED_PARAMETER"),
        (SKETCH, {"surprise": 1}, "surprise", "UNSUPPORTED_PARAMETER"),
    ],
)
def test_what_a_model_can_not_do(model: Model, asked: dict[str, Any], field: str, reason: str) -> None:
    """It is refused by the name that the client knows: nothing is left out quietly."""
    with pytest.raises(InvalidRequest) as refused:
        image_input(model, {"prompt": "a heron", **asked})
    assert (refused.value.fields[0].field, refused.value.reason) == (field, reason)


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        ({}, {}),
        ({"voice": "ash"}, {"voice": "ash"}),
        ({"voice": {"id": "ash"}}, {"voice": "ash"}),
        ({"instructions": "softly", "speed": 1.0}, {"instructions": "softly"}),
        ({"response_format": "wav"}, {"output_format": "wav"}),
        ({"response_format": "opus", "stream_format": "audio"}, {"output_format": "ogg"}),
    ],
)
def test_a_text_read_aloud(asked: dict[str, Any], made: dict[str, Any]) -> None:
    """Each word becomes the model's."""
    assert speech_input(SPEECH, {"input": "Good evening.", **asked}) == {"prompt": "Good evening.", **made}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"voice": "alloy"}, "voice"),
        ({"voice": {"name": "ash"}}, "voice"),
        ({"response_format": "pcm"}, "response_format"),
        ({"speed": 2.0}, "speed"),
        ({"stream_format": "sse"}, "stream_format"),
    ],
)
def test_what_a_voice_can_not_do(asked: dict[str, Any], field: str) -> None:
    """It is refused by name."""
    with pytest.raises(InvalidRequest) as refused:
        speech_input(SPEECH, {"input": "Good evening.", **asked})
    assert refused.value.fields[0].field == field


@pytest.mark.parametrize(
    ("model", "pictures", "mask", "made"),
    [
        (EDIT, ["upl_1", "upl_2"], None, {"images": ["upl_1", "upl_2"]}),
        (MASKED, ["upl_1"], None, {"image": "upl_1"}),
        (MASKED, ["upl_1", "upl_2"], "upl_3", {"image": "upl_1", "second_image": "upl_2", "mask": "upl_3"}),
    ],
)
def test_pictures_to_change(
    model: Model, pictures: list[str], mask: str | None, made: dict[str, Any]
) -> None:
    """They go where the model has them: in a list, or one by one."""
    assert media_fields(model, pictures, mask) == made


@pytest.mark.parametrize(
    ("model", "pictures", "mask", "field"),
    [
        (SKETCH, ["upl_1"], None, "image"),
        (EDIT, ["upl_1"] * 4, None, "image"),
        (MASKED, ["upl_1"] * 3, None, "image"),
        (EDIT, ["upl_1"], "upl_2", "mask"),
    ],
)
def test_pictures_that_a_model_does_not_take(
    model: Model, pictures: list[str], mask: str | None, field: str
) -> None:
    """Too many, or a mask where there is none."""
    with pytest.raises(InvalidRequest) as refused:
        media_fields(model, pictures, mask)
    assert refused.value.fields[0].field == field


def test_a_refused_field_has_its_old_name() -> None:
    """Whoever sent `n` does not look for `output_count`."""
    refusal = InvalidRequest("no", reason="INVALID_INPUT", fields=[FieldProblem("input.output_count", "no")])
    said = in_their_words(refusal)
    assert isinstance(said, InvalidRequest)
    assert (said.fields[0].field, said.reason) == ("n", "INVALID_INPUT")
