"""Settings of services that the caller's environment holds."""

from pathlib import Path

import pytest
from gateway.settings import GatewaySettings
from identity.settings import IdentitySettings
from tintype_local import containers
from tintype_local.overrides import RefusedSettingError, read_overrides
from tintype_local.ports import choose_ports
from tintype_local.processes import WAIVED, Plan
from tintype_local.secrets_file import load_or_make
from tintype_local.settings import StackSettings

BASE = 31_400
# Who calls providers.
CALLING = {"generation-worker", "generation-interactive"}
FIELDS = {"gateway": GatewaySettings.model_fields, "identity": IdentitySettings.model_fields}


def environments(folder: Path, given: dict[str, str]) -> dict[str, dict[str, str]]:
    """What each process of a stack would be started with."""
    plan = Plan(
        settings=StackSettings(),
        ports=choose_ports(BASE, {}),
        secrets=load_or_make(folder / "secrets.json"),
        data=folder,
        overrides=read_overrides(given),
    )
    return {spec.name: dict(spec.environment) for spec in (*plan.services(), *plan.stand_ins())}


def test_a_setting_reaches_the_service_it_names_and_no_other(tmp_path: Path) -> None:
    """Every process of generation gets it; it takes the place of the stack's own value."""
    given = {"GENERATION_LEASE_S": "31", "BILLING_STRIPE_SECRET_KEY": "sk_test_mine", "OTHER": "x"}
    started = environments(tmp_path, given)
    having = {name for name, values in started.items() if values.get("GENERATION_LEASE_S") == "31"}
    assert having == {"generation-api", "generation-worker", "generation-interactive"}
    assert {name for name, values in started.items() if "sk_test_mine" in values.values()} == {"billing"}
    assert all("OTHER" not in values for values in started.values())


def test_where_a_service_listens_is_refused_by_name() -> None:
    """The message says what to set instead."""
    with pytest.raises(RefusedSettingError, match=r"LEDGER_GRPC_LISTEN.*TINTYPE_BASE_PORT"):
        read_overrides({"LEDGER_GRPC_LISTEN": "0.0.0.0:1"})


def test_a_misspelt_setting_is_told_and_ignored(tmp_path: Path) -> None:
    """The nearest name is offered; no value is shown."""
    given = {"LEDGER_WELCOME_CREDIT": "secret-value", "LEDGER_FILE": "/books"}
    notes = " ".join(read_overrides(given).notes())
    assert (
        "LEDGER_WELCOME_CREDIT is no setting of a service and was ignored: LEDGER_WELCOME_CREDITS?" in notes
    )
    assert "LEDGER_FILE is no setting of a service and was ignored" in notes
    assert "secret-value" not in notes
    assert all("LEDGER_FILE" not in values for values in environments(tmp_path, given).values())


def test_another_endpoint_takes_the_place_of_the_stand_in(tmp_path: Path) -> None:
    """The worker calls it, and the stand-in isn't started."""
    alone = environments(tmp_path, {})
    assert alone["generation-worker"]["GENERATION_OPENAI_BASE_URL"].endswith(f":{BASE + 5}/v1")
    assert "openai" in alone
    given = {"GENERATION_OPENAI_BASE_URL": "https://api.example.com/v1", "GENERATION_OPENAI_API_KEY": "k"}
    named = environments(tmp_path, given)
    assert named["generation-worker"]["GENERATION_OPENAI_BASE_URL"] == "https://api.example.com/v1"
    assert "openai" not in named


def test_no_provider_key_leaves_who_calls_providers(tmp_path: Path) -> None:
    """Whichever provider's it is, under whatever name; the names of those in use reach the API too."""
    given = {
        "GENERATION_PROVIDERS": "local,openai,deepseek:openai",
        "GENERATION_OPENAI_API_KEY": "key-of-openai",
        "GENERATION_DEEPSEEK_BASE_URL": "https://api.deepseek.example",
        "GENERATION_DEEPSEEK_API_KEY": "key-of-deepseek",
    }
    started = environments(tmp_path, given)
    for key in ("key-of-openai", "key-of-deepseek"):
        assert {name for name, values in started.items() if key in values.values()} == CALLING
    assert started["generation-api"]["GENERATION_PROVIDERS"] == given["GENERATION_PROVIDERS"]
    containers.write(tmp_path, read_overrides(given))
    having = {path.name for path in tmp_path.glob("*.env") if "key-of-" in path.read_text()}
    assert having == {f"{name}.env" for name in CALLING}


def test_the_stand_ins_key_is_the_workers_alone(tmp_path: Path) -> None:
    """It is treated as a real one would be."""
    key = load_or_make(tmp_path / "secrets.json")["openai_key"]
    having = {name for name, values in environments(tmp_path, {}).items() if key in values.values()}
    assert having == CALLING | {"openai"}


def test_a_provider_that_there_is_not_is_refused_by_name() -> None:
    """The message says which there are."""
    with pytest.raises(RefusedSettingError, match=r"GENERATION_PROVIDERS.*'opnai'.*local, openai"):
        read_overrides({"GENERATION_PROVIDERS": "opnai"})


def test_containers_get_the_callers_settings_too(tmp_path: Path) -> None:
    """In the file of the service they name alone, whatever else compose needs being there."""
    containers.write(tmp_path, read_overrides({"GENERATION_OPENAI_BASE_URL": "https://api.example.com/v1"}))
    having = {path.name for path in tmp_path.glob("*.env") if "api.example.com" in path.read_text()}
    assert having == {f"{name}.env" for name in CALLING}
    assert (tmp_path / "openai.env").exists()


def test_walls_against_strangers_are_waived_on_one_machine_alone(tmp_path: Path) -> None:
    """Each is a setting of its service, that the caller can put back; containers keep theirs."""
    started = environments(tmp_path, {"GATEWAY_AUTH_LIMIT": "7/minute"})
    assert started["gateway"]["GATEWAY_AUTH_LIMIT"] == "7/minute"
    containers.write(tmp_path, read_overrides({}))
    for service, waived in WAIVED.items():
        kept = (tmp_path / f"{service}.env").read_text()
        for name, value in waived.items():
            assert f"{service.upper()}_{name}" in started[service]
            assert name not in kept
            assert value != str(FIELDS[service][name.lower()].default).lower()


def test_polar_stands_in_where_billing_sells_through_it(tmp_path: Path) -> None:
    """Its page is where people pay, and only billing and the stand-in have its token; else there is none."""
    assert "polar" not in environments(tmp_path, {})
    given = {"BILLING_PAYMENT_PROCESSOR": "polar"}
    started = environments(tmp_path, given)
    token = load_or_make(tmp_path / "secrets.json")["polar_token"]
    assert {name for name, values in started.items() if token in values.values()} == {"billing", "polar"}
    page = started["polar"]["STANDIN_POLAR_PUBLIC_URL"]
    assert started["gateway"]["GATEWAY_CHECKOUT_ORIGIN"] == page
    assert started["billing"]["BILLING_POLAR_API_URL"] == page
    containers.write(tmp_path, read_overrides(given))
    assert token in (tmp_path / "polar.env").read_text()
