"""Whoever speaks OpenAI's API; prompts carry orders for the stand-in."""

from generation.domain.model import Modality
from provider_profile import KEY, Profile

PICTURE = {"prompt": "a red fox", "ratio": "1:1", "quality": "low", "output_format": "png", "output_count": 1}
PROFILE = Profile(
    model="gpt-image-1",
    input=PICTURE,
    modality=Modality.IMAGE,
    slow=PICTURE | {"prompt": "a red fox [[stall:60]]"},
    refused=PICTURE | {"prompt": "a red fox [[fail:moderation]]"},
    settings={"BASE_URL": "{url}/v1", "API_KEY": KEY},
    impatient={"TIMEOUT_S": "1"},
)
