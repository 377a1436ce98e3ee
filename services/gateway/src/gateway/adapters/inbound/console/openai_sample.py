"""The call that a form stands for, as a program with OpenAI's SDK would make it."""

from collections.abc import Mapping
from typing import Any

from gateway.adapters.inbound.console.code_samples import CodeSample
from gateway.domain.generation import Modality, Model

NAME = "OpenAI SDK"
# OpenAI's words for fields of ours; every other field goes beside them.
_PICTURE = {"prompt": "prompt", "output_count": "n", "output_format": "output_format", "quality": "quality"}
_SOUND = {
    "prompt": "input",
    "voice": "voice",
    "instructions": "instructions",
    "output_format": "response_format",
}


def openai_samples(public_url: str, *, model: Model, job: Mapping[str, Any]) -> list[CodeSample]:
    """Return the call, which reads the API key from `TINTYPE_TOKEN`; none for what OpenAI has no call for."""
    if any("x-media" in rule for rule in model.input_schema.get("properties", {}).values()):
        return []
    match model.modality:
        case Modality.IMAGE:
            imported, body = "from base64 import b64decode\n", _picture(model, job)
        case Modality.AUDIO if "voice" in job:
            imported, body = "", _sound(model, job)
        case Modality.TEXT if model.category == "chat":
            imported, body = "", _chat(model, job)
        case _:
            return []
    text = f"""{imported}from os import environ

from openai import OpenAI

client = OpenAI(base_url={f"{public_url}/openai/v1"!r}, api_key=environ["TINTYPE_TOKEN"])
{body}"""
    return [CodeSample(name=NAME, text=text)]


def _picture(model: Model, job: Mapping[str, Any]) -> str:
    ending = job.get("output_format", "png")
    return f"""made = client.images.generate({_arguments(model, job, _PICTURE)})
for place, picture in enumerate(made.data, 1):
    with open(f"{{place}}." + {ending!r}, "wb") as file:
        file.write(b64decode(picture.b64_json))"""


def _sound(model: Model, job: Mapping[str, Any]) -> str:
    ending = job.get("output_format", "mp3")
    return f"""sound = client.audio.speech.create({_arguments(model, job, _SOUND)})
sound.write_to_file("sound." + {ending!r})"""


def _chat(model: Model, job: Mapping[str, Any]) -> str:
    system = [{"role": "system", "content": job["system"]}] if job.get("system") else []
    messages = [*system, {"role": "user", "content": job.get("prompt", "")}]
    longest = f", max_tokens={job['max_tokens']!r}" if "max_tokens" in job else ""
    return f"""chunks = client.chat.completions.create(
    model={str(model.model_id)!r}, messages={messages!r}{longest}, stream=True
)
for chunk in chunks:
    print(chunk.choices[0].delta.content or "" if chunk.choices else "", end="", flush=True)"""


def _arguments(model: Model, job: Mapping[str, Any], words: Mapping[str, str]) -> str:
    known = {words[name]: value for name, value in job.items() if name in words and value != ""}
    beside = {name: value for name, value in job.items() if name not in words}
    listed = "".join(f", {name}={value!r}" for name, value in known.items())
    more = f", extra_body={beside!r}" if beside else ""
    return f"model={str(model.model_id)!r}{listed}{more}"
