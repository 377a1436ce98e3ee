"""OpenAI's moderation through the official SDK, against its stand-in."""

from collections.abc import AsyncIterator, Iterator

import pytest
from generation.adapters.outbound.openai_moderation import OpenAIModeration
from generation.domain.moderation import Category
from generation.ports.moderation import ModerationUnavailable
from openai import AsyncOpenAI
from pydantic import SecretStr
from standins.openai.app import create_app
from standins.openai.settings import OpenAISettings
from standins.serving import running

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    """The stand-in's address."""
    with running(create_app(OpenAISettings(api_key=SecretStr("sk-test")))) as url:
        yield url


@pytest.fixture
async def client(standin: str) -> AsyncIterator[AsyncOpenAI]:
    """The SDK, as it is wired, but for a shorter patience."""
    async with AsyncOpenAI(base_url=f"{standin}/v1", api_key="sk-test", max_retries=0, timeout=2) as sdk:
        yield sdk


@pytest.mark.parametrize(
    ("texts", "categories"),
    [
        (["a heron"], set()),
        (["a massacre"], {Category.VIOLENCE}),
        (["a heron", "[[flag:hate/threatening]]", "[[flag:self-harm]]"], {Category.HATE, Category.SELF_HARM}),
        (["[[flag:sexual]]"], {Category.SEXUAL}),
        (["[[flag:sexual/minors]]"], {Category.SEXUAL_MINORS}),
        (["[[flag:illicit/violent]] [[flag:harassment]]"], {Category.ILLICIT, Category.HARASSMENT}),
        (["[[flag:weather]]"], {Category.OTHER}),
    ],
)
async def test_what_is_flagged_is_refused(
    client: AsyncOpenAI, texts: list[str], categories: set[Category]
) -> None:
    """Whichever of the texts it is; a category of which nobody has heard counts too."""
    moderation = OpenAIModeration(client, model="omni-moderation-latest")
    assert await moderation.refused(texts) == categories


@pytest.mark.parametrize("trouble", ["401", "429", "500", "quota", "hang", "fewer", "nothing", "html"])
async def test_whatever_is_no_answer_lets_nothing_through(client: AsyncOpenAI, trouble: str) -> None:
    """Nobody could say: neither that it may be made nor that it may not."""
    moderation = OpenAIModeration(client, model="omni-moderation-latest")
    with pytest.raises(ModerationUnavailable):
        await moderation.refused(["a heron", f"[[moderate:{trouble}]]"])


async def test_another_model_is_no_answer(client: AsyncOpenAI) -> None:
    """A mistyped setting is told in the log, and lets nothing through."""
    with pytest.raises(ModerationUnavailable, match="404"):
        await OpenAIModeration(client, model="omni").refused(["a heron"])


async def test_nobody_there_is_no_answer() -> None:
    """As when a network is down."""
    async with AsyncOpenAI(base_url="http://127.0.0.1:9/v1", api_key="x", max_retries=0) as client:
        with pytest.raises(ModerationUnavailable):
            await OpenAIModeration(client, model="omni-moderation-latest").refused(["a heron"])
