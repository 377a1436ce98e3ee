"""Who makes media is found by folder, chosen by name, and told its key alone."""

import os
import subprocess
import sys

import pytest
from chassis.settings import load_settings
from generation.__main__ import main
from generation.adapters.outbound.providers import registry
from generation.adapters.outbound.providers.registry import ChosenProvider, chosen
from generation.settings import ApiSettings, GenerationSettings, WorkerSettings
from pydantic import SecretStr

ENVIRONMENT = {
    "GENERATION_DATABASE_URL": "postgresql://db",
    "GENERATION_NATS_URL": "nats://nats",
    "GENERATION_NATS_USER": "generation",
    "GENERATION_NATS_PASSWORD": "p",
    "GENERATION_LEDGER_TARGET": "ledger:8080",
    "GENERATION_CALLER_TOKEN": "t",
    "GENERATION_S3_URL": "https://s3.example:9000",
    "GENERATION_S3_ACCESS_KEY": "a",
    "GENERATION_S3_SECRET_KEY": "s",
    "GENERATION_S3_BUCKET": "outputs",
    "GENERATION_QUOTE_KEY": "q" * 32,
}
THERE = ", ".join(registry.folders())
# What draws, decodes and speaks to providers.
HEAVY = ("openai", "numpy", "av", "PIL")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is required of API and worker, and no provider's key."""
    for name in [name for name in os.environ if name.startswith("GENERATION_")]:
        monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def refused(cls: type[GenerationSettings], capsys: pytest.CaptureFixture[str]) -> str:
    """What is said when the start ends."""
    with pytest.raises(SystemExit) as ended:
        load_settings(cls)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_every_folder_is_found() -> None:
    """None is listed anywhere else; without a word, what needs no key is in use."""
    assert {"local", "openai"} <= set(registry.folders())
    assert load_settings(ApiSettings).provider_names == {"local"}


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("local,opnai", "there is no provider 'opnai'; there are " + THERE),
        ("deepseek:opnai", "there is no provider 'opnai'; there are " + THERE),
        ("Open AI:openai", "is no name of a provider"),
        ("", "names 1 to 20 providers; there are " + THERE),
        (",".join(["local"] * 21), "names 1 to 20 providers"),
        ("openai,openai", "two providers would read the settings generation_openai_"),
        ("a-b:openai,a_b:openai", "two providers would read the settings generation_a_b_"),
        ("s3:openai", "no provider can be called 's3': s3_url is another setting"),
        ("quote:openai", "no provider can be called 'quote': quote_key is another setting"),
    ],
)
@pytest.mark.parametrize("cls", [ApiSettings, WorkerSettings])
def test_a_name_that_can_not_be_ends_the_start(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    cls: type[GenerationSettings],
    named: str,
    words: str,
) -> None:
    """With one line that says what there is, in the API as in the worker."""
    monkeypatch.setenv("GENERATION_PROVIDERS", named)
    told = refused(cls, capsys)
    assert told.startswith("GENERATION_PROVIDERS: ")
    assert told.count("\n") == 1
    assert words in told


def test_several_of_one_kind_have_settings_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that speak OpenAI's API, each under its name, with its own address and key."""
    monkeypatch.setenv("GENERATION_OPENAI_BASE_URL", "https://api.openai.example/v1")
    monkeypatch.setenv("GENERATION_OPENAI_API_KEY", "first")
    monkeypatch.setenv("GENERATION_DEEP_SEEK_BASE_URL", "https://api.deepseek.example")
    monkeypatch.setenv("GENERATION_DEEP_SEEK_API_KEY", "second")
    loaded = registry.load(chosen("openai, deep-seek:openai"))
    told = {provider.name: settings.model_dump() for provider, settings in loaded.items()}
    assert {name: str(values["base_url"]) for name, values in told.items()} == {
        "openai": "https://api.openai.example/v1",
        "deep-seek": "https://api.deepseek.example/",
    }
    assert told["openai"]["api_key"] == SecretStr("first")
    assert told["deep-seek"]["api_key"] == SecretStr("second")


@pytest.mark.parametrize("url", ["https://host/?a=b", "https://host/#part", "https://me:secret@host/"])
def test_no_part_of_a_providers_address_is_lost_in_silence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    """The line names the setting and shows no value."""
    monkeypatch.setenv("GENERATION_OPENAI_BASE_URL", url)
    monkeypatch.setenv("GENERATION_OPENAI_API_KEY", "k")
    with pytest.raises(SystemExit):
        registry.load(chosen("openai"))
    told = capsys.readouterr().err
    assert told.startswith("GENERATION_OPENAI_BASE_URL: ")
    assert "no name, password, query or fragment" in told
    assert "secret" not in told


def test_a_worker_without_a_key_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line names what is missing, before anything is connected to."""
    monkeypatch.setenv("GENERATION_PROVIDERS", "local,deepseek:openai")
    with pytest.raises(SystemExit) as ended:
        main(["serve-worker"])
    missing = "GENERATION_DEEPSEEK_BASE_URL, GENERATION_DEEPSEEK_API_KEY"
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"missing in the environment: {missing}\n"


def test_the_api_reads_no_key() -> None:
    """None of its settings is a provider's, whichever providers there are."""
    every = [ChosenProvider(folder, folder) for folder in registry.folders()]
    keys = {name for provider in every for name in provider.setting_names}
    assert not keys & {name for provider in every for name in provider.webhook_setting_names}
    assert "GENERATION_OPENAI_API_KEY" in keys
    assert not keys & {f"GENERATION_{field.upper()}" for field in ApiSettings.model_fields}


@pytest.mark.server
def test_the_api_loads_nothing_of_a_provider() -> None:
    """Neither a provider's folder nor a library that only a provider needs."""
    program = (
        "import sys, generation.bootstrap.api as api; from generation.settings import ApiSettings; "
        "ApiSettings(); print(*sys.modules)"
    )
    environment = os.environ | {"GENERATION_PROVIDERS": "local,openai,replicate"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "generation.bootstrap.api" in loaded
    folders = {f"{registry.__package__}.{folder}" for folder in registry.folders()}
    assert not loaded & (folders | set(HEAVY))
