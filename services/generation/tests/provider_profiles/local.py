"""The program that draws: there is nobody at the other end."""

from generation.domain.model import Modality
from provider_profile import Profile

SKETCH = {
    "prompt": "a red fox",
    "ratio": "1:1",
    "output_format": "png",
    "output_count": 1,
    "seed": 7,
    "simulate": "none",
}
PROFILE = Profile(
    model="sketch",
    input=SKETCH,
    modality=Modality.IMAGE,
    slow=SKETCH | {"simulate": "stall"},
    refused=SKETCH | {"simulate": "refuse"},
)
