"""The models of the stand-in's library, a few of BabySea's, with prices as its SDK's examples have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from standins.babysea.envelope import invalid

RATIOS = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9")
PROMPT_MAX = 10_000
FASTEST = "fastest"
SIDE = 768


@dataclass(frozen=True)
class BabySeaModel:
    """What it takes, and what it costs: an image, or a second by resolution."""

    identifier: str
    kind: str
    price: Decimal
    formats: tuple[str, ...]
    numbers: int = 1
    input_files: int = 0
    durations: tuple[int, ...] = ()
    resolutions: Mapping[str, Decimal] | None = None
    audio: bool = False
    orders: tuple[str, ...] = (FASTEST, "replicate, fal")

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it knows."""
        known = {"generation_prompt", "generation_ratio", "generation_output_format"}
        known |= {"generation_output_number", "generation_provider_order"}
        known |= {"generation_input_file"} if self.input_files else set()
        if self.kind == "video":
            known |= {"generation_duration"}
            known |= {"generation_input_file_last_content"} if self.input_files > 1 else set()
        known |= {"generation_resolution"} if self.resolutions else set()
        known |= {"generation_generate_audio"} if self.audio else set()
        return frozenset(known)

    def document(self) -> dict[str, Any]:
        """Return it as the library lists it."""
        schema: dict[str, Any] = {
            "generation_prompt": True,
            "generation_ratio": list(RATIOS),
            "generation_output_format": list(self.formats),
            "generation_output_number": self.numbers,
            "generation_input_file": bool(self.input_files),
        }
        if self.kind == "video":
            schema["generation_duration"] = list(self.durations)
        if self.resolutions:
            schema["generation_resolution"] = list(self.resolutions)
        if self.audio:
            schema["generation_generate_audio"] = True
        tiers = {name: float(price) for name, price in (self.resolutions or {}).items()}
        return {
            "model_type": self.kind,
            "model_identifier": self.identifier,
            "model_pricing": tiers or float(self.price),
            "model_supported_provider": sorted(
                {name for order in self.orders[1:] for name in order.split(", ")}
            ),
            "schema": schema,
            "specific_schema": [],
        }

    def refuse(self, given: Mapping[str, Any]) -> None:
        """Check a body; what is not known is refused: a misspelled field shows. Raises BabySeaError."""
        prompt = given.get("generation_prompt")
        if not isinstance(prompt, str) or not 1 <= len(prompt) <= PROMPT_MAX:
            raise invalid("generation_prompt is required.")
        for name in sorted(set(given) - self.fields):
            raise invalid(f"{name} is not supported by {self.identifier}.")
        one_of = {
            "generation_ratio": RATIOS,
            "generation_output_format": self.formats,
            "generation_output_number": tuple(range(1, self.numbers + 1)),
            "generation_provider_order": self.orders,
            "generation_duration": self.durations,
            "generation_resolution": tuple(self.resolutions or ()),
            "generation_generate_audio": (True, False),
        }
        for name, values in one_of.items():
            if name in given and not any(given[name] == v and type(given[name]) is type(v) for v in values):
                raise invalid(f"{name} must be one of: {', '.join(map(str, values))}.")
        if self.kind == "video" and "generation_duration" not in given:
            raise invalid("generation_duration is required.")
        files = given.get("generation_input_file", [])
        if not isinstance(files, list) or not all(isinstance(url, str) for url in files):
            raise invalid("generation_input_file must be an array of URLs.")

    def cost(self, *, count: int, duration: int | None, resolution: str | None) -> tuple[Decimal, Decimal]:
        """Return credits of one generation, and of all."""
        price = self.price
        if self.resolutions:
            price = self.resolutions.get(resolution or "", next(iter(self.resolutions.values())))
        one = price * (duration or self.durations[0]) if self.kind == "video" else price
        return one, one * count

    def cost_of(self, given: Mapping[str, Any]) -> Decimal:
        """Return the credits that a body is charged."""
        return self.cost(
            count=given.get("generation_output_number", 1),
            duration=given.get("generation_duration"),
            resolution=given.get("generation_resolution"),
        )[1]

    @staticmethod
    def size(given: Mapping[str, Any]) -> tuple[int, int]:
        """Return width and height."""
        across, down = (int(part) for part in given.get("generation_ratio", "1:1").split(":"))
        longer = max(across, down)
        return SIDE * across // longer // 16 * 16, SIDE * down // longer // 16 * 16


IMAGES = ("png", "jpg", "webp")
MODELS = {
    model.identifier: model
    for model in (
        BabySeaModel("bfl/flux-schnell", "image", Decimal("0.005"), IMAGES, numbers=4),
        BabySeaModel(
            "google/veo-2", "video", Decimal("0.5"), ("mp4",), input_files=1, durations=(5, 6, 7, 8)
        ),
        BabySeaModel(
            "bytedance/seedance-1-pro",
            "video",
            Decimal("0.03"),
            ("mp4",),
            input_files=2,
            durations=tuple(range(2, 13)),
            resolutions={"480p": Decimal("0.03"), "720p": Decimal("0.06"), "1080p": Decimal("0.15")},
        ),
    )
}
