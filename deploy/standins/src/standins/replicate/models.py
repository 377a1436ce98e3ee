"""The models that this Replicate runs, as their pages there describe their inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.responses import Response

from standins.replicate.errors import invalid

RATIOS = ("1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21")
SIDE = 768


@dataclass(frozen=True)
class ReplicateModel:
    """Its fields by name: a type, the values of an enum, or the least and the most."""

    name: str
    version: str
    fields: Mapping[str, type | tuple[Any, ...] | range]
    # What a film lasts when nobody says; None where pictures are made.
    seconds: int | None = None
    # Whether the output is a list of addresses, or one.
    lists: bool = True
    required: tuple[str, ...] = ("prompt",)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def refused(self, given: Mapping[str, Any]) -> Response | None:
        """Return the refusal of this input; None when the model takes it.

        What the model does not know is refused, though Replicate ignores it: a misspelled field shows.
        """
        for name in self.required:
            if name not in given:
                return invalid(f"input.{name}", "required", f"{name} is required")
        for name, value in given.items():
            rule = self.fields.get(name)
            if rule is None:
                return invalid(
                    f"input.{name}", "additional_property", f"Additional property {name} is not allowed"
                )
            if not _fits(value, rule):
                return invalid(f"input.{name}", "invalid", f"Does not match what {name} may be")
        return None

    def count(self, given: Mapping[str, Any]) -> int:
        """Return how many files it makes."""
        return int(given.get("num_outputs", 1))

    def kind(self, given: Mapping[str, Any]) -> str:
        """Return what its files are called."""
        return "mp4" if self.seconds is not None else str(given.get("output_format", "webp"))

    def size(self, given: Mapping[str, Any]) -> tuple[int, int]:
        """Return width and height."""
        ratio = str(given.get("aspect_ratio", "1:1"))
        # What came in is not looked at.
        across, down = (int(part) for part in (ratio if ":" in ratio else "1:1").split(":"))
        longer = max(across, down)
        return SIDE * across // longer // 16 * 16, SIDE * down // longer // 16 * 16


FLUX = ReplicateModel(
    name="black-forest-labs/flux-schnell",
    version="c846a69991daf4c0e5d016514849d14ee5b2e6846ce6b9d6f21369e564cfe51e",
    fields={
        "prompt": str,
        "aspect_ratio": RATIOS,
        "num_outputs": range(1, 5),
        "num_inference_steps": range(1, 5),
        "seed": range(2**32),
        "output_format": ("webp", "jpg", "png"),
        "output_quality": range(101),
        "disable_safety_checker": bool,
        "go_fast": bool,
        "megapixels": ("1", "0.25"),
    },
)
SEEDANCE = ReplicateModel(
    name="bytedance/seedance-1-lite",
    version="f22bbc7d965c70af30ba3b157e3bb05d232136555885e934b92878ad773f48c1",
    fields={
        "prompt": str,
        "image": str,
        "last_frame_image": str,
        "duration": range(2, 13),
        "resolution": ("480p", "720p", "1080p"),
        "aspect_ratio": ("16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "9:21"),
        "fps": (24,),
        "camera_fixed": bool,
        "seed": range(2**32),
    },
    seconds=5,
    lists=False,
)
FLUX_PRO = ReplicateModel(
    name="black-forest-labs/flux-1.1-pro",
    version="609793a667ed94b210242837d3c3c9fc9a64ae93685f15d75002ba0ed9a97f2b",
    fields={
        "prompt": str,
        "image_prompt": str,
        "aspect_ratio": ("1:1", "16:9", "3:2", "2:3", "4:5", "5:4", "9:16", "3:4", "4:3"),
        "output_format": ("webp", "jpg", "png"),
        "output_quality": range(101),
        "safety_tolerance": range(1, 7),
        "prompt_upsampling": bool,
        "seed": range(2**32),
    },
    lists=False,
)
FLUX_KONTEXT = ReplicateModel(
    name="black-forest-labs/flux-kontext-pro",
    version="0a1381936934845a14efcc9f309ce7d031cb905867878b5c5830280e00e97606",
    fields={
        "prompt": str,
        "input_image": str,
        "aspect_ratio": ("match_input_image", *RATIOS),
        "prompt_upsampling": bool,
        "seed": range(2**32),
        "output_format": ("jpg", "png"),
        "safety_tolerance": range(7),
    },
    lists=False,
)
SEEDANCE_PRO = replace(
    SEEDANCE,
    name="bytedance/seedance-1-pro",
    version="a5fd550893da3b6f67997812759065652454ddaca10e96b83b59cbae1814cb36",
)
MODELS = {model.name: model for model in (FLUX, FLUX_PRO, FLUX_KONTEXT, SEEDANCE, SEEDANCE_PRO)}


def of_version(version: str) -> ReplicateModel | None:
    """Return the model of `owner/name:version`, of a bare version, or of `owner/name`."""
    name, _, number = version.rpartition(":")
    for model in MODELS.values():
        if version in (model.name, model.version) or (name == model.name and number == model.version):
            return model
    return None


def _fits(value: Any, rule: type | tuple[Any, ...] | range) -> bool:
    if isinstance(rule, range):
        return isinstance(value, int) and not isinstance(value, bool) and value in rule
    if isinstance(rule, tuple):
        return any(value == allowed and type(value) is type(allowed) for allowed in rule)
    return isinstance(value, rule)
