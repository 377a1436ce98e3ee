"""The models that this fal runs, as their pages there describe their inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from standins.fal.errors import RunError, model_error

ADDRESS = "address"
ADDRESSES = "addresses"
ADDRESSES_MAX = 14
SIZES = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
EDGE_MAX = 14_142
SIDE = 768
Rule = type | tuple[Any, ...] | range | str


@dataclass(frozen=True)
class FalModel:
    """Its fields by name: a type, the values of an enum, the least and the most, or addresses of files."""

    fields: Mapping[str, Rule]
    required: tuple[str, ...] = ("prompt",)
    # What a film lasts when nobody says; None where pictures are made.
    seconds: int | None = None
    default_kind: str = "jpeg"

    def wrong(self, given: Mapping[str, Any]) -> RunError | None:
        """Return what the result will say of this input; None when the model takes it.

        What the model does not know is refused, though fal ignores it: a misspelled field shows.
        """
        for name in self.required:
            if name not in given:
                return model_error(422, "missing", "Field required", field=name)
        for name, value in given.items():
            rule = self.fields.get(name)
            if rule is None:
                return model_error(422, "extra_forbidden", "Extra inputs are not permitted", field=name)
            if not _fits(value, rule):
                return model_error(422, "invalid", "Input should be valid", field=name)
        return None

    def count(self, given: Mapping[str, Any]) -> int:
        """Return how many files it makes."""
        return int(given.get("num_images", 1))

    def kind(self, given: Mapping[str, Any]) -> str:
        """Return what its files are called."""
        kind = "mp4" if self.seconds is not None else str(given.get("output_format", self.default_kind))
        return "jpg" if kind == "jpeg" else kind

    def size(self, given: Mapping[str, Any]) -> tuple[int, int]:
        """Return width and height."""
        asked = given.get("image_size")
        if isinstance(asked, dict):
            return int(asked["width"]), int(asked["height"])
        if asked is not None or "aspect_ratio" not in given:
            return SIZES[str(asked or "landscape_4_3")]
        ratio = str(given["aspect_ratio"])
        across, down = (int(part) for part in (ratio if ":" in ratio else "4:3").split(":"))
        longer = max(across, down)
        return SIDE * across // longer // 16 * 16, SIDE * down // longer // 16 * 16


RATIOS = ("21:9", "16:9", "3:2", "4:3", "5:4", "1:1", "4:5", "3:4", "2:3", "9:16")
MODELS = {
    "fal-ai/flux/schnell": FalModel(
        fields={
            "prompt": str,
            "image_size": "size",
            "num_inference_steps": range(1, 13),
            "num_images": range(1, 5),
            "seed": int,
            "guidance_scale": float,
            "enable_safety_checker": bool,
            "output_format": ("jpeg", "png"),
            "acceleration": ("none", "regular", "high"),
        },
    ),
    "fal-ai/nano-banana/edit": FalModel(
        fields={
            "prompt": str,
            "image_urls": ADDRESSES,
            "num_images": range(1, 5),
            "aspect_ratio": ("auto", *RATIOS),
            "output_format": ("jpeg", "png", "webp"),
            "seed": int,
        },
        required=("prompt", "image_urls"),
        default_kind="png",
    ),
    "fal-ai/flux-pro/kontext": FalModel(
        fields={
            "prompt": str,
            "image_url": ADDRESS,
            "seed": int,
            "guidance_scale": float,
            "num_images": range(1, 5),
            "output_format": ("jpeg", "png"),
            "safety_tolerance": ("1", "2", "3", "4", "5", "6"),
            "enhance_prompt": bool,
            "aspect_ratio": ("21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21"),
        },
        required=("prompt", "image_url"),
    ),
    "fal-ai/bytedance/seedance/v1/pro/image-to-video": FalModel(
        fields={
            "prompt": str,
            "image_url": ADDRESS,
            "end_image_url": ADDRESS,
            "aspect_ratio": ("auto", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16"),
            "resolution": ("480p", "720p", "1080p"),
            "duration": tuple(str(seconds) for seconds in range(2, 13)),
            "camera_fixed": bool,
            "seed": int,
            "enable_safety_checker": bool,
        },
        required=("prompt", "image_url"),
        seconds=5,
    ),
}


def app_of(path: str) -> str:
    """Return owner and app of a model: all that the addresses of its requests have of it."""
    return "/".join(path.split("/")[:2])


def _fits(value: Any, rule: Rule) -> bool:
    if rule == "size":
        edges = [value.get("width"), value.get("height")] if isinstance(value, dict) else []
        sized = bool(edges) and all(isinstance(edge, int) and 0 < edge <= EDGE_MAX for edge in edges)
        return sized or (isinstance(value, str) and value in SIZES)
    if rule == ADDRESS:
        return isinstance(value, str) and value.startswith(("https://", "http://", "data:"))
    if rule == ADDRESSES:
        listed = isinstance(value, list) and 1 <= len(value) <= ADDRESSES_MAX
        return listed and all(_fits(each, ADDRESS) for each in value)
    if isinstance(rule, range):
        return isinstance(value, int) and not isinstance(value, bool) and value in rule
    if isinstance(rule, tuple):
        return any(value == allowed and type(value) is type(allowed) for allowed in rule)
    if rule is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if rule is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(rule, type) and isinstance(value, rule)
