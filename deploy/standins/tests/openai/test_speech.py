"""Speech, through the official SDK."""

from __future__ import annotations

import io
from typing import Literal

import av
import openai
import pytest

MODEL = "gpt-4o-mini-tts"
TEXT = "A lighthouse keeper counts the waves"


def seconds(content: bytes, container: str) -> float:
    """How long a sound is, by decoding all of it."""
    with av.open(io.BytesIO(content), format=container) as file:
        frames = file.decode(file.streams.audio[0])
        return sum(frame.samples / frame.sample_rate for frame in frames)


@pytest.mark.parametrize(("kind", "container"), [("mp3", "mp3"), ("wav", "wav"), ("opus", "ogg")])
def test_a_text_is_hummed(sdk: openai.OpenAI, kind: Literal["mp3", "wav", "opus"], container: str) -> None:
    """A tone for each word; the same again is the same, another voice or speed is not."""
    first, again = (
        sdk.audio.speech.create(model=MODEL, input=TEXT, voice="coral", response_format=kind).content
        for _ in range(2)
    )
    assert seconds(first, container) == seconds(again, container)
    assert 1.3 < seconds(first, container) < 1.7
    other = sdk.audio.speech.create(model=MODEL, input=TEXT, voice="ash", response_format=kind)
    assert other.content != first
    fast = sdk.audio.speech.create(model=MODEL, input=TEXT, voice="coral", response_format=kind, speed=2)
    assert seconds(fast.content, container) < 0.9


def test_what_can_not_be_said_is_refused(sdk: openai.OpenAI) -> None:
    """Nothing, too much, a voice that there is not."""
    for wrong in ({"input": ""}, {"input": "a" * 4_097}, {"voice": "nobody"}, {"speed": 9}):
        with pytest.raises(openai.BadRequestError):
            sdk.audio.speech.create(**{"model": MODEL, "input": TEXT, "voice": "ash", **wrong})  # type: ignore[arg-type]
    with pytest.raises(openai.NotFoundError):
        sdk.audio.speech.create(model="gpt-image-1", input=TEXT, voice="ash")


def test_instructions_are_obeyed(sdk: openai.OpenAI) -> None:
    """As in any other text."""
    with pytest.raises(openai.InternalServerError):
        sdk.audio.speech.create(model=MODEL, input="[[fail:500]]", voice="ash")
    page = sdk.audio.speech.create(model=MODEL, input="[[answer:html]]", voice="ash")
    assert page.content.startswith(b"<!doctype html>")
