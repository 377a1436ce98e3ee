"""What the tests of OpenAI's dialect share: models that its clients ask for, and errors as they read them."""

from typing import Any

import httpx
from gateway.adapters.outbound.memory.models import _model
from gateway.domain.generation import GenerationStatus, Modality
from gateway_world import Door

SPEECH = _model(
    "speech",
    Modality.AUDIO,
    "character",
    1,
    voice={"type": "string", "enum": ["coral", "ash"], "default": "coral"},
    instructions={"type": "string", "maxLength": 100},
    output_format={"type": "string", "enum": ["mp3", "wav", "ogg"], "default": "mp3"},
)
PAINTER = _model(
    "painter",
    Modality.IMAGE,
    "image",
    8,
    quality={"type": "string", "enum": ["low", "medium"], "default": "medium"},
    output_format={"type": "string", "enum": ["png", "webp"], "default": "png"},
)
FILE = b"\x89PNG a heron"


async def enter_openai(door: Door, *, welcome: int = 1000) -> None:
    """Ada calls with a key that may run models; what she makes is done at once."""
    await door.sign_up(welcome_credits=welcome)
    await use_key(door)
    door.world.generations.more_models += [SPEECH, PAINTER]
    door.world.generations.ends_at_once = GenerationStatus.SUCCEEDED
    door.world.output_files.otherwise = [FILE[:4], FILE[4:]]


async def use_key(door: Door, *scopes: str, **more: Any) -> None:
    """Call with a key from now on."""
    body = {"name": "Program", "scopes": list(scopes) or ["generations:write"], **more}
    made = await door.http.post("/v1/api-keys", json=body)
    assert made.status_code == 201, made.text
    door.http.headers["Authorization"] = f"Bearer {made.json()['key']}"


def assert_error(answer: httpx.Response, status: int, code: str, param: str | None = None) -> dict[str, Any]:
    """Check that an answer is an error as OpenAI writes them; returns it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"error"}
    error: dict[str, Any] = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param), error
    assert error["message"]
    return error
