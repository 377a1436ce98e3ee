"""Starts the whole product on one machine, and stops it."""

import asyncio
import contextlib
import hashlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from embedded.provisioning import provision_database
from embedded.topology import topology

from tintype_local import state
from tintype_local.overrides import Overrides
from tintype_local.ports import Ports, choose_ports
from tintype_local.processes import Plan
from tintype_local.report import Report
from tintype_local.secrets_file import SERVICES, load_or_make
from tintype_local.settings import StackSettings
from tintype_local.supervisor import ProcessSpec, StartFailedError, Supervised

COMMAND_TIMEOUT_S = 120


class AlreadyRunningError(RuntimeError):
    """A stack runs on this data already."""


class Stack:
    """The running stack."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self.plan = plan
        self._report = report
        self._running: list[Supervised] = []
        self._ready = False

    @property
    def ports(self) -> Ports:
        """The ports it took."""
        return self.plan.ports

    async def start(self) -> None:
        """Start everything in order; returns once every process is ready."""
        with self._report.step("PostgreSQL, NATS, SeaweedFS"):
            for component in (self.plan.postgres, self.plan.nats, self.plan.seaweedfs):
                await asyncio.to_thread(component.prepare)
            await self._start(self.plan.infrastructure())
            await asyncio.to_thread(self.plan.seaweedfs.ensure_bucket)
        with self._report.step("databases and migrations"):
            await self._migrate()
        with self._report.step(f"stand-ins: {', '.join(spec.name for spec in self.plan.stand_ins())}"):
            await self._start(self.plan.stand_ins())
        with self._report.step(", ".join(SERVICES)):
            await asyncio.gather(self._start(self.plan.services()), self._publish_catalogue())
        with self._report.step("demo account"):
            await self._seed()
        self._ready = True
        self._tell()

    async def stop(self) -> None:
        """Stop the product first, then what it needs; nothing is left behind."""
        names = {spec.name for spec in self.plan.infrastructure()}
        for group in (False, True):
            members = [one for one in self._running if (one.spec.name in names) is group]
            await asyncio.gather(*(one.stop() for one in members))
        state.clear(self.plan.data)

    async def _start(self, specs: list[ProcessSpec]) -> None:
        started = [
            Supervised(
                spec=spec,
                log=self.plan.data / "logs" / f"{spec.name}.log",
                on_change=self._tell,
                on_crash=self._report.crashed,
            )
            for spec in specs
        ]
        self._running += started
        for one in started:
            await one.start()
        await asyncio.gather(*(one.await_ready() for one in started))

    def _tell(self) -> None:
        pids = {one.spec.name: one.pid for one in self._running}
        state.write(
            self.plan.data,
            ports=dict(self.plan.ports.by_name),
            pids={name: pid for name, pid in pids.items() if pid is not None},
            ready=self._ready,
        )

    async def _migrate(self) -> None:
        """Migrate what changed since the last start: five starts of Python cost seconds."""
        done_file = self.plan.data / "migrated.json"
        done = json.loads(done_file.read_text()) if done_file.exists() else {}
        wanted = {service: _migrations_digest(service) for service in SERVICES}
        changed = [service for service in SERVICES if done.get(service) != wanted[service]]
        for service in changed:
            about = topology().services[service]
            await asyncio.to_thread(
                provision_database,
                self.plan.postgres.admin_dsn(),
                name=about.database,
                owner_role=about.owner_role,
                owner_password=self.plan.secrets[f"owner_{service}"],
                service_role=about.service_role,
                service_password=self.plan.secrets[f"service_{service}"],
            )
        await asyncio.gather(*(self._run(service, "migrate") for service in changed))
        done_file.write_text(json.dumps(wanted))

    async def _publish_catalogue(self) -> None:
        await self._run("billing", "publish-catalogue")

    async def _seed(self) -> None:
        marker = self.plan.data / "seeded"
        settings = self.plan.settings
        if marker.exists() and marker.read_text() == settings.seed_email:
            return
        await self._run(
            "identity",
            "create-user",
            "--email",
            settings.seed_email,
            "--full-name",
            "Demo",
            "--password-stdin",
            standard_input=settings.seed_password,
        )
        marker.write_text(settings.seed_email)

    async def _run(self, service: str, *arguments: str, standard_input: str = "") -> None:
        """Run one of a service's commands to its end. Raises StartFailedError with its output."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            service,
            *arguments,
            env=self.plan.environment(service),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(standard_input.encode()), COMMAND_TIMEOUT_S)
        if process.returncode != 0:
            command = f"{service} {arguments[0]}"
            raise StartFailedError(f"{command} ended with {process.returncode}:\n{output.decode()[-2000:]}")


def _migrations_digest(service: str) -> str:
    module = __import__(service)
    folder = Path(str(module.__file__)).resolve().parents[2] / "migrations"
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


@contextlib.asynccontextmanager
async def running_stack(
    settings: StackSettings, overrides: Overrides, report: Report
) -> AsyncIterator[Stack]:
    """Start a stack on the settings' data folder; stop it on leaving, whatever happened."""
    data = settings.data_folder.resolve()
    (data / "logs").mkdir(parents=True, exist_ok=True)
    if (other := state.read(data)) is not None:
        raise AlreadyRunningError(f"a stack already runs on {data} (pid {other.supervisor_pid})")
    for process in state.left_behind(data):
        report.note(f"stopping {process.name()} (pid {process.pid}), left by a stack that was killed")
        with contextlib.suppress(Exception):
            process.terminate()
            process.wait(10)
    ports = choose_ports(settings.base_port)
    if ports.moved_from is not None:
        report.note(f"ports from {ports.moved_from} on are taken: using {ports['gateway']} on")
    for note in overrides.notes():
        report.note(note)
    secrets = load_or_make(data / "secrets.json")
    plan = Plan(settings=settings, ports=ports, secrets=secrets, data=data, overrides=overrides)
    stack = Stack(plan, report)
    try:
        await stack.start()
        yield stack
    finally:
        with report.step("stopping"):
            await stack.stop()
