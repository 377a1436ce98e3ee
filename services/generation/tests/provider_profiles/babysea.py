"""BabySea, whose stand-in does as the prompt says."""

from generation.domain.model import Modality
from provider_profile import KEY, WEBHOOK_SECRET, Profile

PICTURE = {
    "generation_prompt": "a red fox",
    "generation_ratio": "1:1",
    "generation_output_format": "webp",
    "generation_output_number": 2,
}
PROFILE = Profile(
    model="image/bfl/flux-schnell",
    input=PICTURE,
    modality=Modality.IMAGE,
    slow=PICTURE | {"generation_prompt": "a red fox [[stall]]"},
    refused=PICTURE | {"generation_prompt": "a red fox [[refuse]]"},
    settings={"BASE_URL": "{url}", "API_KEY": KEY, "CREDIT_USD": "1"},
    impatient={"TIMEOUT_S": "1"},
    prompt="generation_prompt",
    webhook={"WEBHOOK_SECRET": WEBHOOK_SECRET},
    endpoint_by_hand=True,
    knows_chaos=True,
)
