"""A running OpenAI stand-in and the official SDK pointed at it."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest
from pydantic import SecretStr
from standins.openai.app import create_app
from standins.openai.settings import OpenAISettings
from standins.serving import running

KEY = "sk-of-these-tests"
IMAGE_MODEL = "gpt-image-1-mini"
CHAT_MODEL = "gpt-4.1-mini"


@pytest.fixture
def url() -> Iterator[str]:
    """A running stand-in."""
    with running(create_app(OpenAISettings(api_key=SecretStr(KEY)))) as address:
        yield address


@pytest.fixture
def sdk(url: str) -> Iterator[openai.OpenAI]:
    """The official client; without retries, so that each answer is seen."""
    with openai.OpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0) as client:
        yield client
