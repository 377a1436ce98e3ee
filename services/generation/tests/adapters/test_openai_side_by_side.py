"""Several servers that speak OpenAI's API, each under a name of its own, and the page that shows how."""

import re
import tomllib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from chassis.settings import load_settings
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.memory_services import MemorySpool
from generation.adapters.outbound.providers.folder import opened
from generation.adapters.outbound.providers.registry import chosen, load
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.domain.identifiers import AttemptId, ModelId
from generation.ports.media_provider import Run, RunState
from provider_stage import ended
from pydantic import SecretStr
from standins.openai.app import create_app
from standins.openai.settings import OpenAISettings
from standins.serving import running

PAGE = Path(__file__).parents[4] / "docs" / "providers.md"
NAMES = ("openai", "openrouter")
CHAT = {"system": "", "max_tokens": 50}


def prompts(url: str, name: str) -> Mapping[str, int]:
    """What a server was asked, by the key that it knows."""
    headers = {"authorization": f"Bearer sk-{name}"}
    counted = httpx.get(f"{url}/_test/calls", headers=headers).raise_for_status().json()["data"]
    return {each["prompt"]: each["calls"] for each in counted}


@pytest.mark.server
@pytest.mark.real_time
async def test_each_has_its_own_address_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither hears of the other's jobs, and their runs are told apart."""
    with ExitStack() as stack:
        urls = {}
        for name in NAMES:
            settings = OpenAISettings(api_key=SecretStr(f"sk-{name}"), chat_models=(f"model-of-{name}",))
            urls[name] = stack.enter_context(running(create_app(settings)))
            monkeypatch.setenv(f"GENERATION_{name.upper()}_BASE_URL", f"{urls[name]}/v1")
            monkeypatch.setenv(f"GENERATION_{name.upper()}_API_KEY", f"sk-{name}")
        fetch = GuardedClient(allow_loopback=True, size_bytes_max=1_000_000)
        settings_of_each = load(chosen("openai, openrouter:openai"))
        runs = {}
        async with opened(settings_of_each, fetch=fetch, spool=MemorySpool()) as providers:
            assert set(providers) == set(NAMES)
            for name, provider in providers.items():
                job = {**CHAT, "prompt": f"for {name}"}
                run = Run(AttemptId("att_1"), f"model-of-{name}", job)
                runs[name] = await provider.submit(run)
                assert (await ended(provider, runs[name])).state is RunState.SUCCEEDED
        await fetch.close()
        assert len(set(runs.values())) == len(NAMES)
        for name in NAMES:
            assert prompts(urls[name], name) == {f"for {name}": 1}


def block(kind: str, has: str) -> str:
    """The page's block of this kind that has a word."""
    (found,) = [
        text for text in re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.DOTALL) if has in text
    ]
    return str(found)


def test_what_the_page_sets_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its four servers has an address and a key."""
    lines = [line for line in block("ini", "OPENROUTER").splitlines() if not line.startswith("#")]
    given = dict(line.split("=", 1) for line in lines)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    read = [provider for provider in chosen(given["GENERATION_PROVIDERS"]) if provider.folder == "openai"]
    assert [provider.name for provider in read] == ["openai", "openrouter", "deepseek", "ollama"]
    for provider in read:
        settings = load_settings(provider.settings_class()).model_dump()
        assert str(settings["base_url"]).rstrip("/") == given[f"{provider.prefix}BASE_URL"]


def test_what_the_page_offers_is_offered(tmp_path: Path) -> None:
    """With whichever of its two servers is in use."""
    text = block("toml", "openrouter")
    assert tomllib.loads(text)
    path = tmp_path / "models.toml"
    path.write_text(text)
    for names in ({"openrouter"}, {"ollama"}, {"openrouter", "ollama"}):
        (model,) = TomlCatalogue(path, providers=names).models()
        assert {provider.name for provider in model.providers} == names
    assert TomlCatalogue(None, providers={"deepseek"}).model(ModelId("deepseek/v4-flash"))
