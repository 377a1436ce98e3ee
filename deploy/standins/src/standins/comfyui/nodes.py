"""The nodes that it knows, and what is said of a graph that it does not take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FILE = "a file that was uploaded"
Rule = type | range | str | tuple[str, ...]
SAMPLERS = ("euler", "euler_ancestral", "dpmpp_2m", "dpmpp_sde", "lcm", "uni_pc")
SCHEDULERS = ("simple", "normal", "karras", "sgm_uniform", "exponential")
EDGE = range(16, 16_385)
CHECKPOINTS = ("flux1-schnell-fp8.safetensors", "sd_xl_base_1.0.safetensors")


@dataclass(frozen=True)
class Node:
    """What a class takes: a type, bounds, a choice, a file, or the kind that another node gives."""

    takes: Mapping[str, Rule]
    gives: tuple[str, ...] = ()
    saves: bool = False


NODES = {
    "CheckpointLoaderSimple": Node({"ckpt_name": CHECKPOINTS}, ("MODEL", "CLIP", "VAE")),
    "CLIPTextEncode": Node({"text": str, "clip": "CLIP"}, ("CONDITIONING",)),
    "EmptyLatentImage": Node({"width": EDGE, "height": EDGE, "batch_size": range(1, 4_097)}, ("LATENT",)),
    "EmptySD3LatentImage": Node({"width": EDGE, "height": EDGE, "batch_size": range(1, 4_097)}, ("LATENT",)),
    "LoadImage": Node({"image": FILE}, ("IMAGE", "MASK")),
    "ImageScaleToTotalPixels": Node(
        {
            "image": "IMAGE",
            "upscale_method": ("nearest-exact", "bilinear", "area", "lanczos"),
            "megapixels": float,
        },
        ("IMAGE",),
    ),
    "VAEEncode": Node({"pixels": "IMAGE", "vae": "VAE"}, ("LATENT",)),
    "KSampler": Node(
        {
            "model": "MODEL",
            "positive": "CONDITIONING",
            "negative": "CONDITIONING",
            "latent_image": "LATENT",
            "seed": range(2**64),
            "steps": range(1, 10_001),
            "cfg": float,
            "sampler_name": SAMPLERS,
            "scheduler": SCHEDULERS,
            "denoise": float,
        },
        ("LATENT",),
    ),
    "VAEDecode": Node({"samples": "LATENT", "vae": "VAE"}, ("IMAGE",)),
    "SaveImage": Node({"images": "IMAGE", "filename_prefix": str}, saves=True),
    "PreviewImage": Node({"images": "IMAGE"}, saves=True),
}


def wrong(graph: Any, files: Mapping[str, bytes]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the error and the errors of nodes, as the server words them; None for a good graph."""
    if not isinstance(graph, dict) or not graph:
        return _error("no_prompt", "No prompt provided"), {}
    for node_id, node in graph.items():
        kind = node.get("class_type") if isinstance(node, dict) else None
        if kind not in NODES:
            return _error("invalid_prompt", f"Node ID '#{node_id}': node type {kind!r} not found."), {}
    if not any(NODES[node["class_type"]].saves for node in graph.values()):
        return _error("prompt_no_outputs", "Prompt has no outputs"), {}
    errors = {node_id: list(_wrong_in(node, graph, files)) for node_id, node in graph.items()}
    told = {
        node_id: {"errors": found, "dependent_outputs": [], "class_type": graph[node_id]["class_type"]}
        for node_id, found in errors.items()
        if found
    }
    return (
        (_error("prompt_outputs_failed_validation", "Prompt outputs failed validation"), told)
        if told
        else None
    )


def inputs(graph: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    """Return the inputs of every node of a class."""
    return (node["inputs"] for node in graph.values() if node["class_type"] == kind)


def _wrong_in(node: Any, graph: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    given = node.get("inputs", {})
    for name, rule in NODES[node["class_type"]].takes.items():
        if name not in given:
            yield _node_error("required_input_missing", "Required input is missing", name)
        elif isinstance(value := given[name], list):
            if not _is_link(value, rule, graph):
                yield _node_error("bad_linked_input", "Bad linked input", name)
        elif fault := _fault(value, rule, files):
            yield _node_error(*fault, name)


def _is_link(value: list[Any], rule: Rule, graph: Mapping[str, Any]) -> bool:
    node = graph.get(value[0]) if len(value) == 2 and isinstance(value[0], str) else None
    gives = NODES[node["class_type"]].gives if node else ()
    slot = value[1] if len(value) == 2 else None
    return isinstance(slot, int) and slot < len(gives) and gives[slot] == rule


def _fault(value: Any, rule: Rule, files: Mapping[str, bytes]) -> tuple[str, str] | None:
    if isinstance(rule, tuple):
        return None if value in rule else ("value_not_in_list", "Value not in list")
    if isinstance(rule, range):
        if isinstance(value, bool) or not isinstance(value, int):
            return "invalid_input_type", "Failed to convert an input value to a INT value"
        return None if value in rule else ("value_out_of_bounds", "Value out of bounds")
    if rule is float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return (
            None if is_number else ("invalid_input_type", "Failed to convert an input value to a FLOAT value")
        )
    if rule is str:
        return None if isinstance(value, str) else ("invalid_input_type", "Not a STRING value")
    if rule == FILE:
        return None if value in files else ("custom_validation_failed", "Invalid image file")
    return "return_type_mismatch", "An input that another node gives"


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"type": kind, "message": message, "details": message, "extra_info": {}}


def _node_error(kind: str, message: str, name: str) -> dict[str, Any]:
    return {"type": kind, "message": message, "details": name, "extra_info": {"input_name": name}}
