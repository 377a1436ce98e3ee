"""The form by which OpenAI's clients send pictures in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData, UploadFile

from gateway.domain.errors import FieldProblem, InvalidRequest, MalformedRequest
from gateway.domain.generation import Model

IMAGES_MAX, PARTIAL_IMAGES_MAX = 16, 3
_IMAGES = ("image", "image[]")
_BINARY: dict[str, Any] = {"type": "string", "format": "binary", "description": "A PNG, JPEG or WebP."}
EDIT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["model", "prompt", "image"],
                    "properties": {
                        "model": {"type": "string", "description": "A model that changes pictures."},
                        "prompt": {"type": "string", "description": "What to change."},
                        "image": _BINARY,
                        "mask": _BINARY,
                        "n": {"type": "string", "description": "How many."},
                        "size": {"type": "string", "description": "As of a picture from words."},
                        "quality": {"type": "string", "description": "One of the model's, or `auto`."},
                        "output_format": {"type": "string", "description": "One of the model's."},
                        "response_format": {
                            "type": "string",
                            "enum": ["url", "b64_json"],
                            "description": "How the pictures come; both ways without it.",
                        },
                        "stream": {"type": "string", "enum": ["true", "false"], "description": "In events."},
                        "partial_images": {"type": "string", "description": "Previews at most: 0 to 3."},
                    },
                },
                "example": {"model": "local/edit", "prompt": "in sepia", "image": "the picture's bytes"},
            }
        },
    }
}
_OWN = frozenset({*_IMAGES, "mask", "model", "models", "response_format", "stream", "partial_images"})


@dataclass(frozen=True, kw_only=True)
class PictureForm:
    """What came in a form: pictures, and fields that are all texts."""

    models: Sequence[str]
    images: Sequence[UploadFile]
    mask: UploadFile | None
    response_format: str | None
    stream: bool
    partial_images: int | None
    fields: Mapping[str, str]

    def fields_for(self, model: Model) -> Mapping[str, Any]:
        """Return the fields, numbers where OpenAI or the model has numbers."""
        rules = model.input_schema.get("properties", {})
        kinds = {"n": "integer"} | {name: rule.get("type", "string") for name, rule in rules.items()}
        return {name: _valued(name, text, kinds.get(name, "string")) for name, text in self.fields.items()}


def picture_form(sent: FormData) -> PictureForm:
    """Read a form. Raises MalformedRequest and InvalidRequest, which names the field."""
    images = [file for name in _IMAGES for file in sent.getlist(name)]
    mask = sent.get("mask")
    texts = {name: value for name, value in sent.multi_items() if isinstance(value, str)}
    for name in ("model", "prompt"):
        if not texts.get(name):
            raise _missing(name)
    if not images:
        raise _missing("image")
    if len(images) > IMAGES_MAX:
        raise _wrong("image", f"at most {IMAGES_MAX} pictures can be sent")
    files = [file for file in images if isinstance(file, UploadFile)]
    if len(files) != len(images) or isinstance(mask, str):
        raise MalformedRequest("A picture must come as a file.", reason="MALFORMED_MULTIPART")
    if texts.get("response_format") not in (None, "url", "b64_json"):
        raise _wrong("response_format", "must be url or b64_json")
    return PictureForm(
        models=list(
            dict.fromkeys([texts["model"], *(m for m in sent.getlist("models") if isinstance(m, str))])
        ),
        images=files,
        mask=mask,
        response_format=texts.get("response_format"),
        stream=_valued("stream", texts.get("stream", "false"), "boolean"),
        partial_images=_partial_images(texts.get("partial_images")),
        fields={name: text for name, text in texts.items() if name not in _OWN},
    )


def _valued(name: str, text: str, kind: str) -> Any:
    try:
        match kind:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}[text.lower()]
            case _:
                return text
    except (ValueError, KeyError):
        raise _wrong(name, f"must be of type {kind}") from None


def _partial_images(text: str | None) -> int | None:
    if text is None:
        return None
    count = int(_valued("partial_images", text, "integer"))
    if not 0 <= count <= PARTIAL_IMAGES_MAX:
        raise _wrong("partial_images", f"must be 0 to {PARTIAL_IMAGES_MAX}")
    return count


def _missing(name: str) -> InvalidRequest:
    return _wrong(name, "is missing")


def _wrong(name: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, reason="INVALID_FIELD", fields=[FieldProblem(name, detail)])
