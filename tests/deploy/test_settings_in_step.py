"""Embedded stack, containers and Kubernetes give every process the settings that it really has."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from billing.adapters.outbound.payment_back_ends import BACK_ENDS, BackEnd, setting_names
from billing.adapters.outbound.payment_back_ends import settings_of as back_end_module
from embedded.topology import topology
from generation.__main__ import DRAIN_MARGIN_S
from generation.adapters.outbound.providers.openai.settings import TIMEOUT_S_MAX
from generation.adapters.outbound.providers.registry import ChosenProvider, folders
from generation.application.take_due import PATIENCE
from generation.settings import WorkerSettings
from kubernetes_validate import validate
from pydantic_settings import BaseSettings
from tintype_local import containers
from tintype_local.overrides import NONE, Overrides
from tintype_local.ports import OFFSETS
from tintype_local.settings import StackSettings

ROOT = Path(__file__).parents[2]
K8S = ROOT / "deploy" / "k8s"
# The API that the validator has schemas for; KEDA's own kinds have none.
KUBERNETES = "1.35"


def settings_of(service: str) -> tuple[type[BaseSettings], ...]:
    """The classes that read a service's settings."""
    found = vars(import_module(f"{service}.settings")).values()
    classes = [one for one in found if isinstance(one, type) and issubclass(one, BaseSettings)]
    return tuple(one for one in classes if one.model_config.get("env_prefix") == f"{service.upper()}_")


# Each provider under its own name; more of one kind have settings of the same fields under theirs.
OF_PROVIDERS = {name for folder in folders() for name in ChosenProvider(folder, folder).setting_names}
OF_WEBHOOKS = {name for folder in folders() for name in ChosenProvider(folder, folder).webhook_setting_names}


def of_back_end(name: BackEnd) -> type[BaseSettings]:
    """What billing reads for a payment back end, if it is the one in use."""
    found: Any = back_end_module(name).WebhookSettings
    assert issubclass(found, BaseSettings)
    return found


OF_BACK_ENDS = frozenset[str]().union(*(setting_names(name) for name in BACK_ENDS))
SETTINGS = {service.upper(): settings_of(service) for service in topology().services}
KNOWN = (
    {
        f"{prefix}_{field.upper()}"
        for prefix, classes in SETTINGS.items()
        for settings in classes
        for field in settings.model_fields
    }
    | OF_PROVIDERS
    | OF_WEBHOOKS
    | OF_BACK_ENDS
)
REQUIRED = {
    f"{prefix}_{name.upper()}"
    for prefix, classes in SETTINGS.items()
    for settings in classes
    for name, field in settings.model_fields.items()
    if field.is_required()
} | {
    f"BILLING_{name.upper()}"
    for name, field in of_back_end(BACK_ENDS[0]).model_fields.items()
    if field.is_required()
}


def of_services(names: set[str]) -> set[str]:
    """Those that begin like a service's settings."""
    return {name for name in names if name.partition("_")[0] in SETTINGS}


def documents() -> list[tuple[str, dict[str, Any]]]:
    """Every manifest, with where it lies."""
    return [
        (str(path.relative_to(K8S)), document)
        for path in sorted(K8S.rglob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text())
    ]


def listed() -> set[str]:
    """Every name in .env.example."""
    return set(re.findall(r"^#? ?([A-Z]+_[A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_the_example_lists_every_setting() -> None:
    """Nothing is forgotten, and nothing is listed that no service reads."""
    assert of_services(listed()) == KNOWN


def test_the_example_lists_the_stacks_own_settings() -> None:
    """Each is there, and no other; of the ports, which are many of one kind, at least one is."""
    own = {name for name in listed() if name.startswith("TINTYPE_")}
    ports = {f"TINTYPE_{name.upper()}_PORT" for name in OFFSETS}
    assert own - ports == {f"TINTYPE_{field.upper()}" for field in StackSettings.model_fields}
    assert own & ports


def test_containers_get_the_settings_they_need(tmp_path: Path) -> None:
    """Every name is a real setting, every required one is there, and only migrations act as the owner."""
    containers.write(tmp_path, NONE)
    given: set[str] = set()
    for path in tmp_path.glob("*.env"):
        names = {line.partition("=")[0] for line in path.read_text().splitlines()}
        assert of_services(names) <= KNOWN, path.name
        if not path.name.endswith("-migrate.env"):
            assert not [name for name in names if "MIGRATION" in name], path.name
        given |= names
    assert given >= REQUIRED
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    wanted = {service.get("env_file") for service in compose["services"].values()} - {None}
    assert {Path(name).name for name in wanted} <= {path.name for path in tmp_path.glob("*.env")}
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        if "build" in service:
            assert (ROOT / service["build"]["dockerfile"]).exists()


def test_kubernetes_gives_real_settings() -> None:
    """What config maps and pods set is what the services read."""
    names: set[str] = set()
    for _, document in documents():
        if document["kind"] == "ConfigMap":
            names |= set(document["data"])
        if document["kind"] == "Deployment":
            (container,) = document["spec"]["template"]["spec"]["containers"]
            names |= {one["name"] for one in container["env"]}
    assert names
    assert names <= KNOWN


@pytest.mark.parametrize(
    ("path", "document"),
    [pytest.param(*one, id=f"{one[0]}-{number}") for number, one in enumerate(documents())],
)
def test_manifests_are_valid(path: str, document: dict[str, Any]) -> None:
    """Strictly, by Kubernetes' own schemas; a kustomization lists files that exist."""
    if document["kind"] in ("Kustomization", "Component"):
        listed = document.get("resources", []) + document.get("components", [])
        assert listed
        assert all((K8S / path).parent.joinpath(name).exists() for name in listed)
    elif not document["apiVersion"].startswith("keda.sh/"):
        validate(document, KUBERNETES, strict=True)


def test_no_pod_has_more_rights_than_it_needs() -> None:
    """Not root, nothing to escalate to, no token, no writable root."""
    for path, document in documents():
        if document["kind"] not in ("Deployment", "Job"):
            continue
        pod = document["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"], path
        assert pod["automountServiceAccountToken"] is False, path
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"], path
            assert security["allowPrivilegeEscalation"] is False, path
            assert security["capabilities"] == {"drop": ["ALL"]}, path


def test_only_who_calls_providers_reads_their_keys(tmp_path: Path) -> None:
    """Kubernetes keeps them in a secret of their own; no file of containers but theirs has them."""
    secret = "generation-provider-secrets"
    reading = {path for path, document in documents() if secret in str(document)}
    assert reading == {
        "base/generation-interactive/deployment.yaml",
        "base/generation-worker/deployment.yaml",
    }
    assert "GENERATION_OPENAI_API_KEY" in OF_PROVIDERS
    assert not [path for path, document in documents() if any(name in str(document) for name in OF_PROVIDERS)]
    containers.write(tmp_path, NONE)
    files = {path.name: path.read_text() for path in tmp_path.glob("*.env")}
    having = {name for name, text in files.items() if any(f"{setting}=" in text for setting in OF_PROVIDERS)}
    assert having == {"generation-interactive.env", "generation-worker.env"}


def test_only_the_api_reads_what_verifies_webhooks(tmp_path: Path) -> None:
    """A secret of its own in Kubernetes; and of what the caller sets, the API's file alone has it."""
    secret = "generation-webhook-secrets"
    reading = {path for path, document in documents() if secret in str(document)}
    assert reading == {"base/generation-api/deployment.yaml"}
    assert "GENERATION_REPLICATE_WEBHOOK_SECRET" in OF_WEBHOOKS
    assert not OF_WEBHOOKS & OF_PROVIDERS
    given = {"GENERATION_REPLICATE_WEBHOOK_SECRET": "w", "GENERATION_REPLICATE_API_KEY": "k"}
    containers.write(tmp_path, Overrides(given, {}))
    files = {path.name: path.read_text() for path in tmp_path.glob("*.env")}
    calling = {"generation-worker.env", "generation-interactive.env"}
    for name, having in zip(given, ({"generation-api.env"}, calling), strict=True):
        assert {path for path, text in files.items() if f"{name}=" in text} == having


@pytest.mark.parametrize("name", ["generation-worker", "generation-interactive"])
def test_nothing_kills_a_worker_during_its_drain(name: str) -> None:
    """Calls that are being paid for may end: whatever stops a worker waits longer than its drain."""
    drain_s = WorkerSettings.model_fields["drain_s"].default
    assert drain_s > TIMEOUT_S_MAX
    assert PATIENCE.total_seconds() > TIMEOUT_S_MAX
    needed_s = drain_s + DRAIN_MARGIN_S
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    grace = compose["services"][name]["stop_grace_period"]
    assert float(grace.removesuffix("s")) > needed_s
    path = K8S / "base" / name / "deployment.yaml"
    pod = yaml.safe_load(path.read_text())["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > needed_s
    (worker,) = [process for process in topology().processes if process.name == name]
    assert worker.stop_timeout_s is not None
    assert worker.stop_timeout_s > needed_s
