"""ComfyDeploy and its kin, whose stand-in does as the workflow's text says."""

from generation.domain.model import Modality
from provider_profile import KEY, WEBHOOK_SECRET, Profile

PICTURE = {"text": "a red fox", "width": 512, "height": 384}
PROFILE = Profile(
    model="3d9bb06d-af94-4247-9c29-b6dc7789f820",
    input=PICTURE,
    modality=Modality.IMAGE,
    slow=PICTURE | {"text": "a red fox [[stall]]"},
    refused=PICTURE | {"text": "a red fox [[refuse]]"},
    settings={"BASE_URL": "{url}", "API_KEY": KEY, "TOKEN_SECRET": WEBHOOK_SECRET},
    impatient={"TIMEOUT_S": "1"},
    prompt="text",
    webhook={"WEBHOOK_SECRET": WEBHOOK_SECRET},
    knows_chaos=True,
)
