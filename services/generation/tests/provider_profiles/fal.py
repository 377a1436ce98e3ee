"""fal, whose stand-in does as the prompt says."""

from generation.domain.model import Modality
from provider_profile import KEY, Profile

PICTURE = {"prompt": "a red fox", "image_size": "square", "num_images": 2, "output_format": "png"}
PROFILE = Profile(
    model="fal-ai/flux/schnell",
    input=PICTURE,
    modality=Modality.IMAGE,
    slow=PICTURE | {"prompt": "a red fox [[stall]]"},
    refused=PICTURE | {"prompt": "a red fox [[refuse]]"},
    settings={"BASE_URL": "{url}", "API_KEY": KEY},
    impatient={"TIMEOUT_S": "1"},
    webhook={"WEBHOOK_JWKS_URL": "{url}/.well-known/jwks.json"},
    knows_chaos=True,
)
