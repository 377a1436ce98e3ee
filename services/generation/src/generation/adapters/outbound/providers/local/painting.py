"""Flowing colour fields, made of a prompt and a seed: the same words make the same picture."""

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Five colours each, dark to light. Words choose a palette, else the prompt's hash does.
PALETTES: dict[str, tuple[str, ...]] = {
    "ember": ("1a0b12", "5c1a1b", "c8452f", "f2a65a", "fde8c4"),
    "ocean": ("04151f", "0b3c5d", "1f7a8c", "7fc8a9", "eaf6f0"),
    "forest": ("0b1a12", "1e4d2b", "5a8f3c", "c5c96b", "f6f3d7"),
    "dusk": ("130f25", "3d2c66", "a14a76", "ef8354", "ffe3b3"),
    "silver": ("0e1116", "2e3a46", "6f7d8c", "b9c2c9", "f4f1ec"),
    "orchid": ("180b26", "5b1f69", "b8458f", "f29bb3", "fff0f2"),
    "desert": ("21130d", "6b3e26", "b9753f", "e3b778", "f9ecd2"),
    "aurora": ("06121f", "0d4f56", "21a179", "9be564", "f3ffd6"),
}
WORDS = {
    "ember": "red fire fox flame autumn warm lava blood rust volcano",
    "ocean": "blue sea ocean water wave rain river lake whale ship ice winter snow",
    "forest": "green forest tree leaf garden grass moss jungle spring",
    "dusk": "sunset dusk evening dawn sunrise city neon night sky cloud",
    "silver": "grey gray silver metal moon stone portrait fog smoke ghost tintype",
    "orchid": "pink purple flower rose orchid violet dream candy love",
    "desert": "desert sand gold camel canyon earth coffee bread lion",
    "aurora": "aurora space star galaxy alien robot future dragon electric",
}
GOLDEN = 0.61803398875


@dataclass(frozen=True)
class Scene:
    """Everything that a frame depends on, drawn once from prompt and seed."""

    palette: "NDArray[np.float32]"
    waves: "NDArray[np.float32]"
    warps: "NDArray[np.float32]"
    suns: "NDArray[np.float32]"
    bands: float


def scene_of(prompt: str, seed: int) -> Scene:
    """Return the scene for these words and this seed."""
    import numpy as np

    digest = hashlib.sha256(f"{prompt.strip().lower()}\x00{seed}".encode()).digest()
    draw = np.random.default_rng(int.from_bytes(digest[:16], "big"))
    waves = np.column_stack(
        [draw.uniform(1.0, 4.5, 5), draw.uniform(0, 2 * np.pi, 5), draw.uniform(0, 2 * np.pi, 5)]
    )
    warps = np.column_stack(
        [draw.uniform(1.5, 4.0, 3), draw.uniform(0, 2 * np.pi, 3), draw.uniform(0.12, 0.45, 3)]
    )
    suns = np.column_stack(
        [draw.uniform(0.15, 0.85, 2), draw.uniform(0.15, 0.85, 2), draw.uniform(0.08, 0.24, 2)]
    )
    return Scene(
        palette=_palette(prompt, digest),
        waves=waves.astype(np.float32),
        warps=warps.astype(np.float32),
        suns=suns.astype(np.float32),
        bands=float(draw.uniform(5, 11)),
    )


def paint(scene: Scene, width: int, height: int, *, phase: float = 0.0) -> "NDArray[np.uint8]":
    """One frame, height x width x 3. Phases 0 and 1 are the same frame, so films loop."""
    import numpy as np

    aspect = width / height
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width * aspect, y / height
    turn = np.float32(2 * np.pi * phase)
    for frequency, angle, strength in scene.warps:
        lean = np.cos(angle) * x + np.sin(angle) * y
        swing = frequency * lean * np.float32(np.pi) + angle + np.sin(turn + angle)
        x = x + np.float32(0.5) * strength * np.sin(swing)
        y = y + np.float32(0.5) * strength * np.cos(swing)
    field = np.zeros_like(x)
    for frequency, angle, offset in scene.waves:
        lean = np.cos(angle) * x + np.sin(angle) * y
        field += np.sin(frequency * lean * np.float32(np.pi) + offset + np.sin(turn + offset))
    tone = np.float32(0.5) + field / np.float32(2.2 * np.sqrt(len(scene.waves)))
    tone = _with_suns(scene, tone, width, height, turn)
    return _coloured(scene, np.clip(tone, 0, 1))


def _with_suns(scene: Scene, tone: Any, width: int, height: int, turn: Any) -> Any:
    import numpy as np

    aspect = width / height
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width * aspect, y / height
    for place, (sun_x, sun_y, radius) in enumerate(scene.suns):
        drift = np.float32(0.05) * np.sin(turn + place * GOLDEN * 10)
        distance = np.hypot(x - sun_x * aspect - drift, y - sun_y + drift)
        disc = 1 / (1 + np.exp((distance - radius) * np.float32(60)))
        glow = np.exp(-((distance / (radius * np.float32(2.4))) ** 2))
        lift = np.float32(0.55 if place == 0 else -0.4)
        tone = tone + lift * (np.float32(0.55) * disc + np.float32(0.45) * glow)
    return tone


def _coloured(scene: Scene, tone: Any) -> "NDArray[np.uint8]":
    import numpy as np

    height, width = tone.shape
    stops = np.linspace(0, 1, len(scene.palette), dtype=np.float32)
    channels = [np.interp(tone, stops, scene.palette[:, channel]) for channel in range(3)]
    picture = np.stack(channels, axis=-1).astype(np.float32)
    # Fine contour lines, like those of a map, where the tone crosses a band.
    edge = np.abs(np.mod(tone * scene.bands, 1) - np.float32(0.5)) * 2
    lines = np.clip((edge - np.float32(0.9)) * 10, 0, 1)[..., None]
    picture = picture * (1 - lines * np.float32(0.18))
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    vignette = 1 - np.float32(0.28) * np.clip(x**2 + y**2 - np.float32(0.35), 0, 1)
    grain = np.random.default_rng(7).normal(0, 2.0, (height, width, 1)).astype(np.float32)
    shaded: NDArray[np.uint8] = np.clip(picture * vignette[..., None] + grain, 0, 255).astype(np.uint8)
    return shaded


def palette_name(prompt: str) -> str | None:
    """Return the palette that most of these words choose; None where none does."""
    words = set(re.findall(r"[a-z]+", prompt.lower()))
    scores = {name: len(words & set(known.split())) for name, known in WORDS.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] else None


def _palette(prompt: str, digest: bytes) -> "NDArray[np.float32]":
    import numpy as np

    name = palette_name(prompt) or sorted(PALETTES)[digest[16] % len(PALETTES)]
    colours = [[int(colour[i : i + 2], 16) for i in (0, 2, 4)] for colour in PALETTES[name]]
    return np.array(colours, dtype=np.float32)
