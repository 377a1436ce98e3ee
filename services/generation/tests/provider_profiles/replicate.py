"""Replicate, whose stand-in does as the prompt says."""

from generation.domain.model import Modality
from provider_profile import KEY, WEBHOOK_SECRET, Profile

PICTURE = {"prompt": "a red fox", "aspect_ratio": "1:1", "num_outputs": 2, "output_format": "webp"}
PROFILE = Profile(
    model="black-forest-labs/flux-schnell",
    input=PICTURE,
    modality=Modality.IMAGE,
    slow=PICTURE | {"prompt": "a red fox [[stall]]"},
    refused=PICTURE | {"prompt": "a red fox [[refuse]]"},
    settings={"BASE_URL": "{url}", "API_KEY": KEY},
    impatient={"TIMEOUT_S": "1"},
    webhook={"WEBHOOK_SECRET": WEBHOOK_SECRET},
    knows_chaos=True,
)
