"""Easel, whose stand-in does as the prompt says."""

from generation.domain.model import Modality
from provider_profile import KEY, Profile

PROFILE = Profile(
    model="watercolour",
    input={"prompt": "a red fox"},
    modality=Modality.IMAGE,
    slow={"prompt": "a red fox [[stall]]"},
    refused={"prompt": "a red fox [[refuse]]"},
    settings={"BASE_URL": "{url}", "API_KEY": KEY},
    impatient={"TIMEOUT_S": "1"},
)
