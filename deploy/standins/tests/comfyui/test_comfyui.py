"""The ComfyUI stand-in, as ComfyUI's own page calls ComfyUI."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import httpx
import pytest
from PIL import Image
from standins.comfyui.app import create_app
from standins.comfyui.settings import ComfyUiSettings
from standins.serving import running
from websockets.sync.client import connect

ENDS_WITHIN_S = 30.0
ID = "0d5c5f5e-9a5e-5d0f-8f43-0d0a0c0b0a09"
GRAPH: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["6", 0],
            "latent_image": ["5", 0],
            "seed": 7,
            "steps": 2,
            "cfg": 1.5,
            "sampler_name": "euler",
            "scheduler": "normal",
            "denoise": 1,
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd_xl_base_1.0.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 80, "batch_size": 2}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "fox"}},
}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a running stand-in."""
    with running(create_app(ComfyUiSettings())) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def ended(client: httpx.Client, prompt_id: str) -> dict[str, Any]:
    """A run's entry of the history, once it is there."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while prompt_id not in (found := client.get(f"/history/{prompt_id}").json()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    entry: dict[str, Any] = found[prompt_id]
    return entry


def with_input(node_id: str, **inputs: Any) -> dict[str, Any]:
    """The graph with other inputs of a node."""
    graph = deepcopy(GRAPH)
    graph[node_id]["inputs"].update(inputs)
    return graph


def test_a_run_has_the_id_that_it_was_given_and_its_files_are_there(client: httpx.Client) -> None:
    """It waits, runs, and is in the history alone; a preview is of another type than what is saved."""
    graph = {**GRAPH, "10": {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}}
    answer = client.post("/prompt", json={"prompt": graph, "prompt_id": ID})
    assert (answer.json()["prompt_id"], answer.json()["node_errors"]) == (ID, {})
    queue = client.get("/queue").json()
    assert [item[1] for item in queue["queue_running"] + queue["queue_pending"]] == [ID]
    over = ended(client, ID)
    assert over["status"]["status_str"] == "success"
    assert client.get("/queue").json() == {"queue_running": [], "queue_pending": []}
    assert [file["type"] for node in over["outputs"].values() for file in node["images"]] == [
        "output"
    ] * 2 + ["temp"] * 2
    file = over["outputs"]["9"]["images"][0]
    assert Image.open(io.BytesIO(client.get("/view", params=file).content)).size == (64, 80)
    assert client.get("/view", params={"filename": "nothing"}).status_code == 404


def test_its_socket_tells_of_its_clients_runs_alone(client: httpx.Client) -> None:
    """A status first, then steps and pictures, at last the end."""
    url = str(client.base_url).replace("http", "ws")
    with (
        connect(f"{url}/ws?clientId=me", proxy=None) as mine,
        connect(f"{url}/ws?clientId=you", proxy=None) as yours,
    ):
        assert json.loads(mine.recv())["type"] == json.loads(yours.recv())["type"] == "status"
        client.post("/prompt", json={"prompt": GRAPH, "client_id": "me"})
        kinds: list[str] = []
        while "execution_success" not in kinds:
            message = mine.recv(timeout=ENDS_WITHIN_S)
            kinds.append("picture" if isinstance(message, bytes) else json.loads(message)["type"])
        assert {"execution_start", "executing", "progress", "picture", "executed"} <= set(kinds)
        with pytest.raises(TimeoutError):
            yours.recv(timeout=0)


@pytest.mark.parametrize(
    ("graph", "kind", "places"),
    [
        (
            with_input("4", ckpt_name="other.safetensors"),
            "prompt_outputs_failed_validation",
            {"4": "ckpt_name"},
        ),
        (with_input("5", width=8), "prompt_outputs_failed_validation", {"5": "width"}),
        (with_input("5", width=True), "prompt_outputs_failed_validation", {"5": "width"}),
        (with_input("3", model=["6", 0]), "prompt_outputs_failed_validation", {"3": "model"}),
        (with_input("3", model="4"), "prompt_outputs_failed_validation", {"3": "model"}),
        (with_input("6", text=7), "prompt_outputs_failed_validation", {"6": "text"}),
        (
            {**GRAPH, "6": {"class_type": "CLIPTextEncode", "inputs": {}}},
            "prompt_outputs_failed_validation",
            {"6": "text"},
        ),
        ({**GRAPH, "7": {"class_type": "Nothing", "inputs": {}}}, "invalid_prompt", {}),
        ({"4": GRAPH["4"]}, "prompt_no_outputs", {}),
        ({}, "no_prompt", {}),
        (None, "no_prompt", {}),
    ],
)
def test_a_graph_that_can_not_run_is_refused(
    client: httpx.Client, graph: object, kind: str, places: dict[str, str]
) -> None:
    """400, with the node and the input, and nothing is queued."""
    answer = client.post("/prompt", json={"prompt": graph})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, kind)
    wrong = {
        node_id: node["errors"][0]["extra_info"]["input_name"]
        for node_id, node in answer.json()["node_errors"].items()
    }
    assert wrong == places
    assert client.get("/queue").json() == {"queue_running": [], "queue_pending": []}


def test_an_upload_is_loaded_by_its_name(client: httpx.Client) -> None:
    """With the folder that it is in, where that is not the usual one."""
    file = io.BytesIO()
    Image.new("RGB", (48, 32), "teal").save(file, "PNG")
    form = {"subfolder": "mine", "type": "temp", "overwrite": "true"}
    told = client.post(
        "/upload/image", data=form, files={"image": ("a.png", file.getvalue(), "image/png")}
    ).json()
    assert told == {"name": "a.png", "subfolder": "mine", "type": "temp"}
    graph = {key: value for key, value in GRAPH.items() if key != "5"} | {
        "10": {"class_type": "LoadImage", "inputs": {"image": "mine/a.png [temp]"}},
        "11": {"class_type": "VAEEncode", "inputs": {"pixels": ["10", 0], "vae": ["4", 2]}},
    }
    graph["3"] = {**GRAPH["3"], "inputs": {**GRAPH["3"]["inputs"], "latent_image": ["11", 0]}}
    over = ended(client, client.post("/prompt", json={"prompt": graph}).json()["prompt_id"])
    (image,) = over["outputs"]["9"]["images"]
    assert Image.open(io.BytesIO(client.get("/view", params=image).content)).size == (48, 32)
    graph["10"]["inputs"]["image"] = "mine/a.png"
    assert client.post("/prompt", json={"prompt": graph}).status_code == 400


def test_one_that_runs_is_interrupted_by_its_name(client: httpx.Client) -> None:
    """Another's name stops nothing; a run that was deleted from the history is not there."""
    graph = with_input("6", text="a fox [[stall]]")
    prompt_id = client.post("/prompt", json={"prompt": graph}).json()["prompt_id"]
    deadline = time.monotonic() + ENDS_WITHIN_S
    while not client.get("/queue").json()["queue_running"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    client.post("/interrupt", json={"prompt_id": "another"})
    assert client.get(f"/history/{prompt_id}").json() == {}
    client.post("/interrupt", json={"prompt_id": prompt_id})
    over = ended(client, prompt_id)
    assert (over["status"]["status_str"], over["status"]["messages"][-1][0]) == (
        "error",
        "execution_interrupted",
    )
    client.post("/history", json={"delete": [prompt_id]})
    assert client.get(f"/history/{prompt_id}").json() == {}
