"""A ComfyUI server, whose stand-in does as the graph's words say."""

from generation.domain.model import Modality
from provider_profile import KEY, Profile

GRAPH = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
            "seed": 7,
            "steps": 4,
            "cfg": 1,
            "sampler_name": "euler",
            "scheduler": "simple",
            "denoise": 1,
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "flux1-schnell-fp8.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 256, "height": 192, "batch_size": 2}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "tintype"}},
}


def saying(words: str) -> dict[str, object]:
    """The graph with other words."""
    return {**GRAPH, "6": {"class_type": "CLIPTextEncode", "inputs": {"text": words, "clip": ["4", 1]}}}


PROFILE = Profile(
    model="flux-schnell",
    input=GRAPH,
    modality=Modality.IMAGE,
    slow=saying("a red fox [[stall]]"),
    refused=saying("a red fox [[refuse]]"),
    settings={"BASE_URL": "{url}", "API_KEY": KEY},
    impatient={"TIMEOUT_S": "1"},
    says=saying,
    knows_chaos=True,
)
