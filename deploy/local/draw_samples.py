"""Draw the pictures of the console's start page, by the program that the product comes with.

Usage: python deploy/local/draw_samples.py FOLDER
"""

import io
import sys
from pathlib import Path

from gateway.adapters.inbound.console.samples import SAMPLES
from generation.adapters.outbound.providers.local.encoding import draw_image
from PIL import Image

LONGER_SIDE = 640
QUALITY = 72


def main() -> None:
    """Write one WebP a sample."""
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    for sample in SAMPLES:
        job = {"prompt": sample.prompt, "ratio": sample.ratio, "seed": sample.seed, "output_format": "png"}
        picture = Image.open(io.BytesIO(draw_image(job, 0, lambda _: None))).convert("RGB")
        picture.thumbnail((LONGER_SIDE, LONGER_SIDE), Image.Resampling.LANCZOS)
        picture.save(folder / sample.file, "WEBP", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
