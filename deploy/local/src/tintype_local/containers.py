"""`python -m tintype_local.containers FOLDER`: what docker-compose.yml mounts and reads.

The same settings as the embedded stack's, with container names for addresses: one environment file a
process, the broker's users, the object store's identities, and the databases with their roles. Secrets are
made once and kept.
"""

import sys
from pathlib import Path

from embedded.topology import Process, topology

from tintype_local.environment import prefixed
from tintype_local.overrides import Overrides, read_overrides
from tintype_local.ports import OFFSETS, Ports
from tintype_local.processes import DEVELOPMENT, WAIVED, Plan
from tintype_local.secrets_file import load_or_make
from tintype_local.settings import StackSettings

BASE_PORT = 8600
# Where each port is found from another container, by its name; those of the services are the topology's.
_HOSTS = {port.name: process.name for process in topology().processes for port in process.ports} | {
    "stripe": "stripe",
    "polar": "polar",
    "mailbox": "mailbox",
    "openai": "openai",
    "oidc": "oidc",
    "smtp": "mailbox",
    "postgres": "postgres",
    "nats": "nats",
    "s3": "seaweedfs",
}
_OWNERS = ("_MIGRATION_DATABASE_URL", "_SERVICE_ROLE")
_INTERNAL = {"postgres": 5432, "nats": 4222}


class ContainerPorts(Ports):
    """Ports under their containers' names."""

    def address(self, name: str) -> str:
        """Return host and port as another container reaches them."""
        return f"{_HOSTS[name]}:{_INTERNAL.get(name, self.by_name[name])}"

    def url(self, name: str) -> str:
        """Return the http address as another container reaches it."""
        return f"http://{self.address(name)}"


def write(folder: Path, overrides: Overrides) -> None:
    """Write everything that compose needs; existing secrets stay, the caller's settings are kept."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ports = ContainerPorts({name: BASE_PORT + offset for name, offset in OFFSETS.items()})
    secrets = load_or_make(folder / "secrets.json")
    # Compose runs the stand-in of OpenAI alone.
    settings = StackSettings().model_copy(update={"stand_ins": "openai"})
    plan = Plan(settings=settings, ports=ports, secrets=secrets, data=folder, overrides=overrides)
    for process in topology().processes:
        values = _environment(plan, process)
        # Only the migration acts as the owner.
        owner = {name: values.pop(name) for name in list(values) if name.endswith(_OWNERS)}
        _write_private(folder / f"{process.name}.env", _lines(values))
        _write_private(folder / f"{process.service}-migrate.env", _lines(owner))
    for stand_in, environment in _stand_ins(plan).items():
        _write_private(folder / f"{stand_in}.env", _lines(environment))
    postgres = {"POSTGRES_PASSWORD": secrets["postgres_admin"]}
    _write_private(folder / "postgres.env", _lines(postgres))
    (folder / "init.sql").write_text(_init_sql(secrets))
    # A key in PEM has several lines, which an environment file can't hold.
    # Mounted for a user of the container's own, inside a folder that only we can enter.
    (folder / "signing-key.pem").write_text(secrets["signing_key"])
    plan.nats.prepare()
    config = folder / "nats" / "nats.conf"
    listening = config.read_text().replace(f"127.0.0.1:{ports['nats']}", "0.0.0.0:4222")
    listening = listening.replace(f"127.0.0.1:{ports['nats_monitor']}", "0.0.0.0:8222")
    (folder / "nats.conf").write_text(listening.replace(str(folder / "nats"), "/data"))
    plan.seaweedfs.prepare()
    (folder / "identities.json").write_text((folder / "seaweedfs" / "identities.json").read_text())


def _environment(plan: Plan, process: Process) -> dict[str, str]:
    """One process's settings: it listens on every address of its own container."""
    prefix = process.service.upper()
    # What one machine's stack waives holds here: whoever wants it otherwise says so by the setting itself.
    waived = prefixed(prefix, {**WAIVED.get(process.service, {}), **DEVELOPMENT})
    values = {
        name: value
        for name, value in plan.environment(process.service, process=process).items()
        if name.startswith(f"{prefix}_") and name not in waived
    }
    for kind, port in (("HTTP", process.http), ("GRPC", process.grpc), ("METRICS", process.metrics)):
        # Compose publishes the gateway's alone: the others are reached by other containers.
        if port is not None:
            values[f"{prefix}_{kind}_LISTEN"] = f"0.0.0.0:{plan.ports[port.name]}"
    return values | _as_people_reach_it(plan, process.service) | plan.callers_own(process)


def _as_people_reach_it(plan: Plan, service: str) -> dict[str, str]:
    """Addresses that a browser on this machine uses."""
    public = {name: f"http://127.0.0.1:{plan.ports[name]}" for name in ("gateway", "stripe", "polar", "s3")}
    return {
        "identity": {
            "IDENTITY_PUBLIC_URL": public["gateway"],
            "IDENTITY_SIGNING_KEYS": "/run/tintype/signing-key.pem",
        },
        "billing": {"BILLING_PUBLIC_URL": public["gateway"]},
        "generation": {"GENERATION_S3_PUBLIC_URL": public["s3"]},
        "gateway": {
            "GATEWAY_PUBLIC_URL": public["gateway"],
            "GATEWAY_MEDIA_ORIGIN": public["s3"],
            "GATEWAY_MEDIA_INSIDE_ORIGIN": plan.ports.url("s3"),
            "GATEWAY_CHECKOUT_ORIGIN": public[plan.payment_processor],
            "GATEWAY_PORTAL_ORIGIN": public[plan.payment_processor],
        },
    }.get(service, {})


def _stand_ins(plan: Plan) -> dict[str, dict[str, str]]:
    found = {}
    for spec in plan.stand_ins():
        found[spec.name] = {
            name: value for name, value in spec.environment.items() if name.startswith("STANDIN_")
        }
    found["stripe"] |= {
        "STANDIN_STRIPE_LISTEN": f"0.0.0.0:{plan.ports['stripe']}",
        "STANDIN_STRIPE_PUBLIC_URL": f"http://127.0.0.1:{plan.ports['stripe']}",
        "STANDIN_STRIPE_DATA_FOLDER": "/data",
    }
    # Its container runs in a profile of its own; compose reads its file all the same.
    found["polar"] = found.get("polar", {}) | {
        "STANDIN_POLAR_LISTEN": f"0.0.0.0:{plan.ports['polar']}",
        "STANDIN_POLAR_PUBLIC_URL": f"http://127.0.0.1:{plan.ports['polar']}",
        "STANDIN_POLAR_DATA_FOLDER": "/data",
    }
    found["mailbox"] |= {
        "STANDIN_MAILBOX_LISTEN": f"0.0.0.0:{plan.ports['mailbox']}",
        "STANDIN_MAILBOX_SMTP_LISTEN": f"0.0.0.0:{plan.ports['smtp']}",
        "STANDIN_MAILBOX_DATA_FOLDER": "/data",
    }
    # Its container runs even where another endpoint is named: compose knows no condition.
    found["openai"] = {
        "STANDIN_OPENAI_API_KEY": plan.secrets["openai_key"],
        "STANDIN_OPENAI_LISTEN": f"0.0.0.0:{plan.ports['openai']}",
    }
    # The same holds for the one that people sign in with.
    found["oidc"] = {
        "STANDIN_OIDC_LISTEN": f"0.0.0.0:{plan.ports['oidc']}",
        "STANDIN_OIDC_PUBLIC_URL": f"http://127.0.0.1:{plan.ports['oidc']}",
    }
    return found


def _init_sql(secrets: dict[str, str]) -> str:
    """Databases and roles, as `embedded.provisioning` makes them; every secret is hex digits."""
    statements = []
    for service, about in topology().services.items():
        owner, role, name = about.owner_role, about.service_role, about.database
        statements += [
            f"CREATE ROLE {owner} LOGIN PASSWORD '{secrets[f'owner_{service}']}';",
            f"CREATE ROLE {role} LOGIN NOBYPASSRLS PASSWORD '{secrets[f'service_{service}']}';",
            f"CREATE DATABASE {name} OWNER {owner};",
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC;",
            f"GRANT CONNECT ON DATABASE {name} TO {role};",
            f"\\connect {name}",
            "REVOKE ALL ON SCHEMA public FROM PUBLIC;",
            f"GRANT ALL ON SCHEMA public TO {owner};",
            f"GRANT USAGE ON SCHEMA public TO {role};",
            "\\connect postgres",
        ]
    return "\n".join(statements) + "\n"


def _lines(values: dict[str, str]) -> str:
    if broken := [name for name, value in values.items() if "\n" in value]:
        raise ValueError(f"an environment file has one line a value: {', '.join(broken)}")
    return "".join(f"{name}={value}\n" for name, value in sorted(values.items()))


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


if __name__ == "__main__":
    write(Path(sys.argv[1]).resolve(), read_overrides())
