"""Containers and Kubernetes run what deploy/topology.toml describes, reached by the same callers."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from embedded.topology import BadTopologyError, Process, Service, read, target_setting, topology
from tintype_local.containers import BASE_PORT

ROOT = Path(__file__).parents[2]
BASE = ROOT / "deploy" / "k8s" / "base"
SERVICES = list(topology().services.values())
by_process = pytest.mark.parametrize("process", topology().processes, ids=lambda process: process.name)
by_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


def manifests(path: Path, kind: str) -> dict[str, Any]:
    """The documents of one kind in a file, by name."""
    found = [document for document in yaml.safe_load_all(path.read_text()) if document["kind"] == kind]
    return {document["metadata"]["name"]: document for document in found}


def compose() -> dict[str, Any]:
    """What docker-compose.yml runs."""
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services


def number(process: Process, kind: str) -> int:
    """A port of a process as containers have it."""
    return BASE_PORT + getattr(process, kind).offset


@by_process
def test_compose_runs_each_process(process: Process) -> None:
    """From its image, with its own settings, after its migration, and looks after it at its port."""
    container = compose()[process.name]
    assert container["image"] == f"tintype/{process.service}"
    assert container["build"]["dockerfile"] == f"services/{process.service}/Dockerfile"
    assert container["command"] == [process.command]
    assert container["env_file"] == f".tintype-containers/{process.name}.env"
    assert f"127.0.0.1:{number(process, 'http')}/healthz" in container["healthcheck"]["test"][-1]
    assert {f"{process.service}-migrate", "nats"} <= set(container["depends_on"])


@by_service
def test_compose_migrates_each_service(service: Service) -> None:
    """As the schema's owner, before anything of it runs."""
    container = compose()[f"{service.name}-migrate"]
    assert (container["command"], container["image"]) == (["migrate"], f"tintype/{service.name}")
    assert container["env_file"] == f".tintype-containers/{service.name}-migrate.env"


@by_process
def test_kubernetes_runs_each_process(process: Process) -> None:
    """From its image, by its command, listening at its ports."""
    assert process.name in yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"]
    deployment = manifests(BASE / process.name / "deployment.yaml", "Deployment")[process.name]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert (container["image"], container["args"]) == (f"tintype/{process.service}", [process.command])
    listens = {one["name"]: one.get("value") for one in container["env"]}
    for kind in ("grpc", "http", "metrics"):
        if getattr(process, kind) is not None:
            setting = f"{process.service.upper()}_{kind.upper()}_LISTEN"
            assert listens[setting] == f"0.0.0.0:{number(process, kind)}"


@by_service
def test_kubernetes_lets_callers_in(service: Service) -> None:
    """Every process of whoever calls it, and the one that reads its metrics."""
    policies = manifests(BASE / "network-policies.yaml", "NetworkPolicy")
    (readers,) = policies["metrics-readers"]["spec"]["ingress"]
    read_at = {one["port"] for one in readers["ports"]}
    for process in service.processes:
        assert number(process, "metrics" if process.metrics else "http") in read_at
        if process.grpc is None:
            continue
        (rule,) = policies[f"{process.name}-callers"]["spec"]["ingress"]
        admitted = {one["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for one in rule["from"]}
        callers = {
            other.name
            for other in topology().processes
            if process.name in [topology().answering(called).name for called in topology().calls_of(other)]
        }
        assert callers <= admitted
        assert [one["port"] for one in rule["ports"]] == [number(process, "grpc")]


@by_service
def test_kubernetes_tells_each_whom_it_calls(service: Service) -> None:
    """By the name of the process that answers, at its port."""
    given = manifests(BASE / "settings.yaml", "ConfigMap")[f"{service.name}-settings"]["data"]
    prefix = service.name.upper()
    assert given[f"{prefix}_NATS_USER"] == service.name
    for other in service.calls:
        answering = topology().answering(other)
        target = f"{answering.name}:{number(answering, 'grpc')}"
        assert given[f"{prefix}_{target_setting(other)}"] == target


def test_the_deliverer_of_webhooks_holds_what_it_needs() -> None:
    """It sends to strangers' addresses: none of the gateway's secrets, nor its token, is in its pod."""
    deployment = manifests(BASE / "gateway-webhooks" / "deployment.yaml", "Deployment")["gateway-webhooks"]
    assert "gateway-secrets" not in str(deployment)
    (process,) = [one for one in topology().processes if one.name == "gateway-webhooks"]
    assert (process.caller, topology().calls_of(process)) == ("gateway-webhooks", ("identity",))
    policies = manifests(BASE / "network-policies.yaml", "NetworkPolicy")
    admitting = [name for name, policy in policies.items() if "gateway-webhooks" in str(policy)]
    assert admitting == ["identity-callers"]


def described(name: str, *, port: int = 1, process: str | None = None) -> str:
    """A service with one process."""
    line = f'{{ name = "{process or name}", command = "serve", http = {port} }}'
    return f"[services.{name}]\nprocesses = [{line}]\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[services.a]", "a has no process"),
        ("[services.a]\nlistens = []", "a: nobody reads listens"),
        ('[services.a]\nprocesses = [{ name = "a", http = 1 }]', "a process of a lacks command"),
        (described("a") + "calls = ['b']", "a calls b, which answers no gRPC"),
        (described("a").replace(", http", ', calls = ["b"], http'), "a calls b, which answers no gRPC"),
        (described("a") + "listens_to = ['a']", "a listens to a, which publishes nothing"),
        (described("a") + described("b"), "2 ports are at 1"),
        (described("a") + described("b", port=2, process="a"), "2 processes are called a"),
        ("[clients.a]\ncalls = ['b']", "a calls b, which answers no gRPC"),
    ],
)
def test_a_description_that_contradicts_itself_is_refused(text: str, problem: str) -> None:
    """What is wrong is said."""
    with pytest.raises(BadTopologyError, match=problem):
        read(text)


def test_every_service_that_there_is_stands_in_it() -> None:
    """What lies under services/ is described, and nothing else."""
    assert {path.parent.name for path in ROOT.glob("services/*/pyproject.toml")} == set(topology().services)
