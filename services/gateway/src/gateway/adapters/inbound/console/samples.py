"""The pictures of the start page: what the product's own program draws of a few words.

`make samples` draws them again; the same words and the same seed make the same picture.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One picture: its file, and what was asked for."""

    name: str
    prompt: str
    ratio: str
    seed: int

    @property
    def file(self) -> str:
        """Return the name by which assets know it."""
        return f"{self.name}.webp"

    @property
    def shape(self) -> str:
        """Return the number in the name of a tile's class, as `shape_class` does for generations."""
        width, height = map(int, self.ratio.split(":"))
        return str(round(20 * width / height))


MODEL = "local/sketch"
# Each three, and each two, add up to the same width.
SAMPLES = (
    Sample(name="lanterns", prompt="Paper lanterns at dusk", ratio="16:9", seed=7),
    Sample(name="lighthouse", prompt="A lighthouse above the sea", ratio="3:4", seed=3),
    Sample(name="harbour", prompt="Northern lights over a quiet harbour, aurora", ratio="1:1", seed=11),
    Sample(name="fox", prompt="A fox of autumn leaves", ratio="1:1", seed=5),
    Sample(name="orchid", prompt="An orchid that dreams", ratio="3:4", seed=19),
    Sample(name="caravan", prompt="A caravan of gold in the desert", ratio="16:9", seed=23),
)
