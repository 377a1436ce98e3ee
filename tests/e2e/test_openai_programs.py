"""Programs that speak OpenAI spend credits of the running stack: another address, another key, no more."""

import json
import os
import shutil
import subprocess
import sys
import venv
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from customer import Customer
from openai import OpenAI
from tintype_local.state import StackState

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

SKETCH, EDIT, SPEECH, CHAT = "local/sketch", "tintype/edit", "openai/speech", "openai/chat"
PICTURE, CHANGED = "openai/gpt-image-1", "openai/gpt-image-edit"
MESSAGES: Any = [{"role": "user", "content": "Say something about fog."}]
NODE = """
import OpenAI from "openai";
const client = new OpenAI({ baseURL: process.env.OPENAI_BASE_URL, apiKey: process.env.OPENAI_API_KEY });
const made = await client.images.generate({ model: "local/sketch", prompt: "a heron", size: "1024x1024" });
const models = [];
for await (const model of client.models.list()) models.push(model.id);
let code = null;
try { await client.images.generate({ model: "local/nothing", prompt: "a heron" }); }
catch (failure) { code = failure.code; }
let text = "";
const messages = [{ role: "user", content: "Say something about fog." }];
const stream = await client.chat.completions.create({ model: "openai/chat", messages, stream: true });
for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? "";
const shown = [];
const asked = { model: "openai/gpt-image-1", prompt: "a heron [[pace:1]]", stream: true, partial_images: 2 };
for await (const event of await client.images.generate(asked)) shown.push(event.type);
const picture = Buffer.from(made.data[0].b64_json, "base64").subarray(1, 4).toString();
console.log(JSON.stringify({ picture, models, code, text, shown }));
"""
LANGCHAIN = """
from langchain_openai import ChatOpenAI
chat = ChatOpenAI(model="openai/chat")
whole = chat.invoke("Say something about fog.").content
assert whole == "".join(part.content for part in chat.stream("Say something about fog."))
print(whole)
"""
LITELLM = """
import os, litellm
asked = {
    "model": "openai/openai/chat", "messages": [{"role": "user", "content": "Say something about fog."}],
    "api_base": os.environ["OPENAI_BASE_URL"], "api_key": os.environ["OPENAI_API_KEY"],
}
whole = litellm.completion(**asked).choices[0].message.content
parts = litellm.completion(**asked, stream=True)
assert whole == "".join(part.choices[0].delta.content or "" for part in parts)
print(whole)
"""


@pytest.fixture
def key(customer: Customer) -> str:
    """A key of the customer's, for running models."""
    terms = {"name": "Program", "scopes": ["generations:write"]}
    made = customer.api.post("/v1/api-keys", json=terms)
    made.raise_for_status()
    return str(made.json()["key"])


@pytest.fixture
def client(stack: StackState, key: str) -> Iterator[OpenAI]:
    """The SDK, as it comes."""
    with OpenAI(base_url=f"{stack.url('gateway')}/openai/v1", api_key=key) as client:
        yield client


def settings(stack: StackState, key: str) -> dict[str, str]:
    """The two settings that any such program has."""
    return {**os.environ, "OPENAI_BASE_URL": f"{stack.url('gateway')}/openai/v1", "OPENAI_API_KEY": key}


def test_pictures_and_sound(customer: Customer, client: OpenAI) -> None:
    """Made, changed and heard; each costs what it costs, and what is told is what the balance says."""
    before = customer.balance()["available"]
    answer = client.images.with_raw_response.generate(
        model=SKETCH, prompt="A heron in the fog", n=2, size="1792x1024", response_format="b64_json"
    )
    drawn = answer.parse().data
    assert drawn is not None
    pictures = [b64decode(picture.b64_json or "") for picture in drawn]
    assert [picture[:4] for picture in pictures] == [b"\x89PNG"] * 2
    assert answer.headers["x-tintype-credits-charged"] == "10"
    edited = client.images.edit(model=EDIT, prompt="sepia", image=pictures[0], output_format="webp")
    assert edited.data is not None
    assert b64decode(edited.data[0].b64_json or "")[8:12] == b"WEBP"
    sound = client.audio.speech.create(model=SPEECH, voice="coral", input="Good evening.")
    assert len(sound.content) > 100
    customer.wait_for(available=before - 10 - 6 - 1)
    jobs = customer.api.get("/v1/generations").json()["data"]
    assert [job["model"] for job in jobs] == [SPEECH, EDIT, SKETCH]


def test_chats(customer: Customer, client: OpenAI) -> None:
    """Whole, in chunks, with a tool, and as a response: what it cost is what the balance says."""
    before = customer.balance()["available"]
    spent = 0
    answer = client.chat.completions.with_raw_response.create(model=CHAT, messages=MESSAGES)
    said = answer.parse()
    assert said.choices[0].message.content
    spent += int(answer.headers["x-tintype-credits-charged"])
    chunks = list(
        client.chat.completions.create(
            model=CHAT, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    spent += (chunks[-1].model_extra or {})["tintype"]["credits_charged"]
    response = client.responses.create(model=CHAT, input="Say something about fog.")
    assert response.output_text
    spent += (response.model_extra or {})["tintype"]["credits_charged"]
    with client.responses.stream(model=CHAT, input="Say something about fog.") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert kinds[-1] == "response.completed"
    spent += (final.model_extra or {})["tintype"]["credits_charged"]
    assert spent > 0
    customer.wait_for(available=before - spent)


def test_streamed_pictures(customer: Customer, client: OpenAI) -> None:
    """Previews, then the whole picture with its tokens; what was shown is charged, and bought once a key."""
    before = customer.balance()["available"]
    asked: Any = {
        "model": PICTURE,
        "prompt": "A heron in the fog [[pace:1]]",
        "quality": "low",
        "stream": True,
    }
    key = {"Idempotency-Key": "streamed-heron"}
    *shown, last = client.images.generate(**asked, partial_images=2, extra_headers=key)
    assert [event.type for event in shown] == ["image_generation.partial_image"] * 2
    assert [event.partial_image_index for event in shown] == [0, 1]
    assert all(b64decode(event.b64_json).startswith(b"\x89PNG") for event in [*shown, last])
    assert (last.type, last.size, last.output_format) == (
        "image_generation.completed",
        "1024x1024",
        "png",
    )
    assert last.usage.output_tokens == 272 + 2 * 100
    assert (last.model_extra or {})["tintype"]["credits_charged"] == 8 + 2
    customer.wait_for(available=before - 10)
    # The same key again, streamed or whole: the picture that is there, and nothing is charged.
    (again,) = client.images.generate(**asked, partial_images=2, extra_headers=key)
    assert again.b64_json == last.b64_json
    asked.pop("stream")
    whole = client.images.generate(**asked, extra_headers=key)
    assert whole.data is not None
    assert whole.data[0].b64_json == last.b64_json
    *shown, changed = client.images.edit(
        model=CHANGED,
        prompt="in sepia [[pace:1]]",
        image=b64decode(last.b64_json),
        stream=True,
        partial_images=1,
    )
    assert [event.type for event in [*shown, changed]] == [
        "image_edit.partial_image",
        "image_edit.completed",
    ]
    customer.wait_for(available=before - 10 - 11)
    # Who shows nothing has the picture all the same.
    (only,) = client.images.generate(model=SKETCH, prompt="a heron", stream=True, partial_images=3)
    assert (only.type, only.usage.total_tokens) == ("image_generation.completed", 0)
    customer.wait_for(available=before - 10 - 11 - 5)


def test_streamed_pictures_that_come_to_nothing(customer: Customer, client: OpenAI) -> None:
    """Several, refused at once or after previews, left: each as the SDK knows it, none costs anything."""
    before = customer.balance()["available"]
    asked: Any = {"model": PICTURE, "prompt": "a heron", "stream": True, "partial_images": 2}
    with pytest.raises(openai.BadRequestError) as several:
        client.images.generate(**asked, n=2)
    assert several.value.param == "n"
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(**asked | {"prompt": "a heron [[fail:moderation]]"})
    assert refused.value.code == "content_policy_violation"
    shown = []
    with pytest.raises(openai.APIError) as late:
        shown += client.images.generate(**asked | {"prompt": "a heron [[pace:1]][[answer:refused_late]]"})
    assert late.value.code == "content_policy_violation"
    slow = client.images.generate(**asked | {"prompt": "a heron [[pace:60]]"})
    assert next(iter(slow)).type == "image_generation.partial_image"
    slow.close()
    customer.wait_for(available=before)
    statuses = [job["status"] for job in customer.api.get("/v1/generations").json()["data"]]
    assert statuses == ["cancelled", "failed", "failed"]


def test_errors(customer: Customer, client: OpenAI) -> None:
    """Each is one that the SDK knows, and none of them costs anything."""
    before = customer.balance()
    with pytest.raises(openai.NotFoundError) as absent:
        client.images.generate(model="gpt-image-9", prompt="a heron")
    assert absent.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as wrong:
        client.images.generate(model=SKETCH, prompt="a heron", size="1536x1024")
    assert wrong.value.param == "size"
    with pytest.raises(openai.InternalServerError) as failed:
        client.with_options(max_retries=0).images.generate(
            model=SKETCH, prompt="a heron", extra_body={"simulate": "fail"}
        )
    assert failed.value.code == "generation_failed"
    with pytest.raises(openai.APITimeoutError):
        client.with_options(max_retries=0, timeout=2).images.generate(
            model=SKETCH, prompt="a heron", extra_body={"simulate": "stall"}
        )
    # Whoever left has it cancelled.
    customer.wait_for(available=before["available"])
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="sk-other").models.list()


def test_the_sdk_for_node(stack: StackState, key: str, tmp_path: Path) -> None:
    """The same, in JavaScript."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    installed = subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "openai@7.59.0"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if installed.returncode:
        pytest.skip(f"npm has no openai here: {installed.stderr[-200:]}")
    (tmp_path / "program.mjs").write_text(NODE)
    ran = subprocess.run(
        ["node", "program.mjs"],
        cwd=tmp_path, env=settings(stack, key), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert (said["picture"], said["code"]) == ("PNG", "model_not_found")
    assert SKETCH in said["models"]
    assert said["text"]
    assert said["shown"] == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]


@pytest.mark.parametrize(
    ("package", "program"),
    [("langchain-openai==1.7.4", LANGCHAIN), ("litellm==1.110.2", LITELLM)],
    ids=["LangChain", "LiteLLM"],
)
def test_what_is_built_on_the_sdk(
    stack: StackState, key: str, tmp_path: Path, package: str, program: str
) -> None:
    """A chat by each, in an environment of its own: their dependencies are not ours."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    installed = subprocess.run(
        [python, "-m", "pip", "install", "-q", package],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    if installed.returncode:
        pytest.skip(f"{package} can't be installed here: {installed.stderr[-200:]}")
    ran = subprocess.run(
        [python, "-c", program],
        env=settings(stack, key), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.strip(), sys.version
