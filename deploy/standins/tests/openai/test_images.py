"""Pictures, through the official SDK."""

from __future__ import annotations

import base64
import io
from typing import Literal

import httpx
import openai
import pytest
from openai.types import ImageGenCompletedEvent, ImageGenPartialImageEvent
from PIL import Image

from .conftest import IMAGE_MODEL, KEY


def picture(encoded: str | None) -> Image.Image:
    """Decode a picture to the last pixel."""
    image = Image.open(io.BytesIO(base64.b64decode(encoded or "", validate=True)))
    image.load()
    return image


@pytest.mark.parametrize(
    ("output_format", "size"), [("png", "1024x1024"), ("webp", "1536x1024"), ("jpeg", "1024x1536")]
)
def test_images_have_the_size_and_format(
    sdk: openai.OpenAI, output_format: Literal["png", "webp", "jpeg"], size: str
) -> None:
    """Each picture is a real file of the requested kind, and pictures of one request differ."""
    answer = sdk.images.generate(
        model=IMAGE_MODEL,
        prompt="a red fox",
        n=2,
        size=size,
        output_format=output_format,
        quality="low",
    )
    assert answer.data is not None
    images = [picture(item.b64_json) for item in answer.data]
    assert [(image.format, f"{image.width}x{image.height}") for image in images] == [
        (output_format.upper(), size)
    ] * 2
    assert images[0].tobytes() != images[1].tobytes()
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert answer.usage.output_tokens >= 2 * 272


def test_same_prompt_same_picture(sdk: openai.OpenAI) -> None:
    """The prompt decides the picture."""
    shown = [
        sdk.images.generate(model=IMAGE_MODEL, prompt=prompt).data for prompt in ("a fox", "a fox", "an owl")
    ]
    first, again, other = [(data or [])[0].b64_json for data in shown]
    assert first == again
    assert first != other


def test_free_sizes_and_transparency(sdk: openai.OpenAI) -> None:
    """Newer models take sizes in steps of 16; a transparent picture has an alpha channel."""
    answer = sdk.images.generate(
        model="gpt-image-2", prompt="a fox", size="320x176", background="transparent", output_format="png"
    )
    assert answer.data is not None
    image = picture(answer.data[0].b64_json)
    assert (image.mode, image.size, answer.background) == ("RGBA", (320, 176), "transparent")


def test_image_stream(sdk: openai.OpenAI) -> None:
    """The stream gives the previews in order, then the finished picture with its usage."""
    stream = sdk.images.generate(model=IMAGE_MODEL, prompt="a fox", stream=True, partial_images=2)
    events = list(stream)
    partials = [item for item in events if isinstance(item, ImageGenPartialImageEvent)]
    assert [item.partial_image_index for item in partials] == [0, 1]
    last = events[-1]
    assert isinstance(last, ImageGenCompletedEvent)
    assert picture(last.b64_json).size == picture(partials[0].b64_json).size == (1024, 1024)
    assert last.usage.output_tokens > 0


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"size": "100x100"}, "size"),
        ({"n": 11}, "n"),
        ({"output_format": "bmp"}, "output_format"),
        ({"response_format": "url"}, "response_format"),
        ({"prompt": ""}, "prompt"),
        ({"background": "transparent", "output_format": "jpeg"}, "background"),
        ({"size": "5120x16", "model": "gpt-image-2"}, "size"),
    ],
)
def test_bad_image_parameters(url: str, wrong: dict[str, object], param: str) -> None:
    """A bad parameter is a 400 that names it."""
    body = {"model": IMAGE_MODEL, "prompt": "a fox", **wrong}
    answer = httpx.post(f"{url}/v1/images/generations", json=body, headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert "data" not in answer.json()


def file(colour: str, size: tuple[int, int] = (64, 64), mode: str = "RGB") -> tuple[str, bytes, str]:
    """A picture of one colour, as a form has it."""
    target = io.BytesIO()
    Image.new(mode, size, colour).save(target, "PNG")
    return "a.png", target.getvalue(), "image/png"


def test_pictures_are_edited(sdk: openai.OpenAI) -> None:
    """One or several, with a mask or without; what came in counts, and shows."""
    answer = sdk.images.edit(model=IMAGE_MODEL, prompt="a fox", image=file("red"), quality="low", n=2)
    assert answer.data is not None
    assert len(answer.data) == 2
    three = sdk.images.edit(
        model=IMAGE_MODEL, prompt="a fox", image=[file("red"), file("blue"), file("red")], size="1536x1024"
    )
    assert answer.usage is not None
    assert three.usage is not None
    details = [usage.input_tokens_details.image_tokens for usage in (answer.usage, three.usage)]
    assert details[1] == 3 * details[0] > 0
    whole = file("white", mode="RGBA")
    kept = sdk.images.edit(model=IMAGE_MODEL, prompt="a fox", image=file("red"), mask=whole)
    assert kept.data is not None
    assert picture(kept.data[0].b64_json).convert("RGB").getpixel((9, 9)) == (255, 0, 0)


def test_what_can_not_be_edited_is_refused(sdk: openai.OpenAI) -> None:
    """No picture, another kind than it says, a mask that does not fit, a field that there is not."""
    name, content, _ = file("red")
    for wrong in (
        {"image": ("a.png", b"no picture", "image/png")},
        {"image": (name, content, "image/jpeg")},
        {"image": []},
        {"image": file("red"), "mask": file("red")},
        {"image": file("red"), "mask": file("white", (9, 9), "RGBA")},
        {"image": file("red"), "extra_body": {"strength": 1}},
    ):
        with pytest.raises(openai.BadRequestError):
            sdk.images.edit(model=IMAGE_MODEL, prompt="a fox", **wrong)  # type: ignore[call-overload]
