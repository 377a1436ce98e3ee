"""The workflows that are deployed here: those of Pixio's starter, by the ids that it has for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PICTURE = "picture"
FRAMES_PER_SECOND = 16
EDGE_DEFAULT = 1024


@dataclass(frozen=True)
class Deployment:
    """A workflow's inputs by name: a type, the least and the most, or a picture's address."""

    name: str
    deployment_id: str
    inputs: Mapping[str, type | range | str]
    required: tuple[str, ...]
    words: str
    film: bool = False

    def wrong(self, given: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the input that is wrong, and why; what is not known is refused: a misspelled input shows."""
        for name in self.required:
            if name not in given:
                return name, "Field required"
        for name, value in given.items():
            rule = self.inputs.get(name)
            if rule is None:
                return name, "Unknown input"
            if not _fits(value, rule):
                return name, "Input has a value that the workflow does not take"
        return None

    def pictures(self, given: Mapping[str, Any]) -> list[str]:
        """Return the addresses that the workflow will fetch."""
        return [str(given[name]) for name, rule in self.inputs.items() if rule == PICTURE and name in given]

    def size(self, given: Mapping[str, Any]) -> tuple[int, int]:
        """Return width and height."""
        default = 512 if self.film else EDGE_DEFAULT
        return int(given.get("width", default)), int(given.get("height", default))

    def seconds(self, given: Mapping[str, Any]) -> float:
        """Return how long its film is."""
        return int(given.get("length", 81)) / FRAMES_PER_SECOND


DEPLOYMENTS = {
    deployment.deployment_id: deployment
    for deployment in (
        Deployment(
            "krea-flux",
            "3d9bb06d-af94-4247-9c29-b6dc7789f820",
            {"text": str, "width": range(64, 2049), "height": range(64, 2049)},
            required=("text",),
            words="text",
        ),
        Deployment(
            "qwen-edit",
            "5a152b3b-2b07-4f9f-81e0-d394b9fbd6a3",
            {"image1": PICTURE, "image2": PICTURE, "image3": PICTURE, "positive": str, "negative": str},
            required=("image1",),
            words="positive",
        ),
        Deployment(
            "wan-first-last-frame",
            "8c463102-0525-4cf1-8535-731fee0f93b4",
            {
                "start_image": PICTURE,
                "end_image": PICTURE,
                "positive": str,
                "negative": str,
                "width": range(64, 1281),
                "height": range(64, 1281),
                "length": range(1, 162),
            },
            required=("start_image", "end_image", "positive"),
            words="positive",
            film=True,
        ),
    )
}


def _fits(value: Any, rule: type | range | str) -> bool:
    if isinstance(rule, range):
        return isinstance(value, int) and not isinstance(value, bool) and value in rule
    if rule == PICTURE:
        return isinstance(value, str) and value.startswith(("https://", "http://"))
    return isinstance(rule, type) and isinstance(value, rule)
