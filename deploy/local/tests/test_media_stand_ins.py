"""Every provider of media has a stand-in that the stack can start, and is led to it."""

from importlib import import_module
from pathlib import Path

import pytest
from chassis.settings import load_settings
from generation.adapters.outbound.providers.registry import ChosenProvider, chosen, folders
from pydantic_settings import BaseSettings
from tintype_local.containers import write
from tintype_local.media_stand_ins import MEDIA_STAND_INS
from tintype_local.overrides import NONE, Overrides
from tintype_local.ports import choose_ports
from tintype_local.processes import Plan
from tintype_local.secrets_file import load_or_make
from tintype_local.settings import StackSettings

# They have no stand-in to be led to, or one of their own.
APART = {"local", "openai"}


def plan(folder: Path, *, overrides: Overrides = NONE, **settings: str) -> Plan:
    """What would be run."""
    return Plan(
        settings=StackSettings.model_validate(settings),
        ports=choose_ports(31_700, {}),
        secrets=load_or_make(folder / "secrets.json"),
        data=folder,
        overrides=overrides,
    )


def environments(plan: Plan) -> dict[str, dict[str, str]]:
    """The settings of every process."""
    return {spec.name: dict(spec.environment) for spec in (*plan.stand_ins(), *plan.services())}


def test_nobody_is_led_to_a_stand_in_of_nothing() -> None:
    """Each is of a provider that there is, and has no other."""
    assert set(MEDIA_STAND_INS) <= set(folders()) - APART


def test_only_openai_has_one_unless_it_is_said(tmp_path: Path) -> None:
    """Nothing is told of the others, and nobody is asked to call back."""
    found = environments(plan(tmp_path))
    assert not found.keys() & MEDIA_STAND_INS.keys()
    assert found["generation-worker"]["GENERATION_PROVIDERS"] == "local,openai"
    assert found["generation-api"]["GENERATION_STAND_INS"] == "openai"
    assert "GENERATION_PUBLIC_URL" not in found["generation-worker"]


def test_each_is_led_to_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker has the key, the API what verifies webhooks; each reads what it was given."""
    made = plan(tmp_path, stand_ins="all")
    found = environments(made)
    worker, api = found["generation-worker"], found["generation-api"]
    assert {one.name for one in chosen(worker["GENERATION_PROVIDERS"])} == APART | set(MEDIA_STAND_INS)
    assert set(api["GENERATION_STAND_INS"].split(",")) == {"openai", *MEDIA_STAND_INS}
    for name in MEDIA_STAND_INS:
        provider = ChosenProvider(name, name)
        assert provider.setting_names & worker.keys()
        assert not provider.setting_names & api.keys()
        assert not provider.webhook_setting_names & worker.keys()
        assert provider.has_webhook == bool(provider.webhook_setting_names & api.keys())
        with monkeypatch.context() as environment:
            for setting, value in (worker | found[name]).items():
                environment.setenv(setting, value)
            read = load_settings(provider.settings_class())
            stand_in = _settings_of(name)
        assert str(read.model_dump()["base_url"]).rstrip("/") == made.ports.url(name)
        theirs, ours = stand_in.model_dump()["api_key"], read.model_dump()["api_key"]
        assert theirs == ours
        assert stand_in.model_dump()["listen"] == made.ports.address(name)


def test_what_the_caller_set_is_the_callers(tmp_path: Path) -> None:
    """A provider of which a setting is in the environment is the real one."""
    own = Overrides({"GENERATION_FAL_API_KEY": "key"}, {})
    found = environments(plan(tmp_path, overrides=own, stand_ins="all"))
    assert "fal" not in found
    assert found["generation-worker"]["GENERATION_FAL_API_KEY"] == "key"
    assert "GENERATION_FAL_BASE_URL" not in found["generation-worker"]


def test_containers_stay_with_openais(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose has no others to run."""
    monkeypatch.setenv("TINTYPE_STAND_INS", "all")
    write(tmp_path, NONE)
    assert not [name for name in MEDIA_STAND_INS if (tmp_path / f"{name}.env").exists()]
    assert "PROVIDERS=local,openai\n" in (tmp_path / "generation-worker.env").read_text()


def _settings_of(name: str) -> BaseSettings:
    found = vars(import_module(f"standins.{name}.settings")).values()
    (cls,) = (
        one
        for one in found
        if isinstance(one, type) and issubclass(one, BaseSettings) and one is not BaseSettings
    )
    return cls()
