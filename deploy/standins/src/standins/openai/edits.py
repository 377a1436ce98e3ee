"""`POST /v1/images/edits`: a form with pictures, and perhaps a mask."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator
from typing import ClassVar, Literal

from PIL import Image as Pictures
from PIL.Image import Image
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from standins.drawing import Picture, draw
from standins.openai.errors import OpenAIError, from_validation
from standins.openai.images import ImageRequest, Images

IMAGES_MAX = 16
PARTS_MAX = 64
# What a picture counts, whatever its size.
TOKENS_EACH = 323
FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


class EditRequest(ImageRequest):
    """The fields of the form that are no files."""

    EVENTS: ClassVar[str] = "image_edit"

    input_fidelity: Literal["high", "low"] | None = None


class Edits:
    """Draws over what came in: half of the first picture shows, all of it where a mask says so."""

    def __init__(self, images: Images) -> None:
        self.images = images

    async def edit(self, request: Request) -> Response:
        """Answer as a generation is answered."""
        form = await _form(request)
        asked = _asked(form)
        files = [*form.getlist("image"), *form.getlist("image[]")]
        pictures = [await _picture(file, "image") for file in files]
        if not 1 <= len(pictures) <= IMAGES_MAX:
            message = f"Invalid 'image': expected 1 to {IMAGES_MAX} images, but got {len(pictures)} instead."
            raise OpenAIError(message, param="image", code="invalid_value")
        mask = await _mask(form.get("mask"), pictures[0])

        def drawn(picture: Picture) -> Image:
            return _over(pictures[0], mask, picture)

        return await self.images.answer(request, asked, drawn, image_tokens=TOKENS_EACH * len(pictures))


async def _form(request: Request) -> FormData:
    async def body() -> AsyncGenerator[bytes, None]:
        yield request.state.body

    try:
        return await MultiPartParser(
            request.headers, body(), max_files=PARTS_MAX, max_fields=PARTS_MAX
        ).parse()
    except (MultiPartException, KeyError) as error:
        raise OpenAIError("The body is no form of files.", code="invalid_value") from error


def _asked(form: FormData) -> EditRequest:
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    try:
        return EditRequest.model_validate(fields)
    except ValidationError as error:
        raise from_validation(error) from None


async def _picture(file: UploadFile | str, param: str) -> Image:
    content = await file.read() if isinstance(file, UploadFile) else b""
    try:
        picture = Pictures.open(io.BytesIO(content), formats=list(FORMATS))
        picture.load()
    except (OSError, SyntaxError) as error:
        message = f"Invalid '{param}': it is no image of a supported format."
        raise OpenAIError(message, param=param, code="invalid_image_file") from error
    said = file.content_type if isinstance(file, UploadFile) else None
    if said != FORMATS[str(picture.format)]:
        message = f"Invalid '{param}': unsupported mimetype ('{said}')."
        raise OpenAIError(message, param=param, code="unsupported_file_mimetype")
    return picture


async def _mask(file: UploadFile | str | None, first: Image) -> Image | None:
    if file is None:
        return None
    mask = await _picture(file, "mask")
    if mask.size != first.size or "A" not in mask.getbands():
        message = "Invalid 'mask': it has an alpha channel and the size of the image."
        raise OpenAIError(message, param="mask", code="invalid_value")
    return mask.getchannel("A")


def _over(first: Image, mask: Image | None, picture: Picture) -> Image:
    """Return the drawing with the first picture below it; what the mask covers is left as it was."""
    new = draw(picture)
    below = first.convert(new.mode).resize(new.size)
    if mask is None:
        return Pictures.blend(below, new, 0.5)
    return Pictures.composite(below, new, mask.resize(new.size))
