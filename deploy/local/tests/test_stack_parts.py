"""Parts of the embedded stack: ports, secrets, the supervisor, the statement."""

import asyncio
import hashlib
import json
import os
import signal
import socket
import stat
import sys
from pathlib import Path

import pytest
from embedded.topology import target_setting, topology
from tintype_local import state
from tintype_local.demo.statement import adds_up
from tintype_local.ports import OFFSETS, PortTakenError, choose_ports
from tintype_local.processes import Plan
from tintype_local.secrets_file import SERVICES, load_or_make
from tintype_local.settings import StackSettings
from tintype_local.supervisor import ProcessSpec, StartFailedError, Supervised

BASE = 31_500


@pytest.fixture
def taken_port() -> int:
    """A port that other software holds."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    holder.listen()
    yield holder.getsockname()[1]  # type: ignore[misc]
    holder.close()


def test_a_taken_port_that_was_asked_for_is_named(taken_port: int) -> None:
    """The error says which port and which setting."""
    with pytest.raises(PortTakenError, match=f"{taken_port}.*TINTYPE_LEDGER_GRPC_PORT"):
        choose_ports(BASE, {"TINTYPE_LEDGER_GRPC_PORT": str(taken_port)})


def test_taken_defaults_move_and_a_chosen_base_does_not(taken_port: int) -> None:
    """Without a setting the next free hundred is used, and said."""
    base = taken_port - OFFSETS["mailbox"]
    moved = choose_ports(base, {})
    assert moved.moved_from == base
    assert moved["gateway"] > base
    with pytest.raises(PortTakenError, match="TINTYPE_BASE_PORT"):
        choose_ports(base, {"TINTYPE_BASE_PORT": str(base)})


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    """Only their owner reads them, and a second start finds the same."""
    path = tmp_path / "secrets.json"
    first = load_or_make(path)
    assert load_or_make(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len({first[f"service_{service}"] for service in SERVICES}) == len(SERVICES)


def test_no_service_gets_anothers_secrets(tmp_path: Path) -> None:
    """Each process's environment holds its own, and never the owner's connection."""
    secrets = load_or_make(tmp_path / "secrets.json")
    plan = Plan(settings=StackSettings(), ports=choose_ports(BASE, {}), secrets=secrets, data=tmp_path)
    for spec in plan.services():
        service = spec.name.partition("-")[0]
        everything = " ".join(spec.environment.values())
        foreign = [
            name
            for name, secret in secrets.items()
            if secret in everything and name.startswith(("owner_", "service_", "nats_", "token_", "s3_admin"))
        ]
        (process,) = [each for each in topology().processes if each.name == spec.name]
        assert set(foreign) <= {f"service_{service}", f"nats_{service}", f"token_{process.caller}"}
        opens_sessions = secrets["session_key"] in everything
        assert opens_sessions is (spec.name == "gateway")


def test_whoever_calls_is_known_by_its_own_token(tmp_path: Path) -> None:
    """To everybody whom it calls, at the address where they answer: a process of its own name too."""
    secrets = load_or_make(tmp_path / "secrets.json")
    plan = Plan(settings=StackSettings(), ports=choose_ports(BASE, {}), secrets=secrets, data=tmp_path)
    for process in topology().processes:
        given = plan.environment(process.service, process=process)
        prefix = process.service.upper()
        targets = {name for name in given if name.startswith(prefix) and name.endswith("_TARGET")}
        called = topology().calls_of(process)
        assert targets == {f"{prefix}_{target_setting(other)}" for other in called}
        for other in called:
            answering = topology().answering(other).service
            callers = json.loads(plan.environment(answering)[f"{answering.upper()}_CALLERS"])
            token = given[f"{prefix}_CALLER_TOKEN"]
            assert callers[process.caller] == hashlib.sha256(token.encode()).hexdigest()


def supervised(folder: Path, script: str, crashes: list[tuple[str, int]]) -> Supervised:
    """A small Python program under supervision; ready once it has written `ready`."""
    spec = ProcessSpec(
        name="small",
        command=[sys.executable, "-c", script],
        environment={"PATH": os.environ["PATH"]},
        ready=(folder / "ready").exists,
    )
    return Supervised(
        spec=spec,
        log=folder / "small.log",
        on_change=lambda: None,
        on_crash=lambda name, code: crashes.append((name, code)),
    )


async def test_a_killed_process_is_started_again_and_stopped_in_the_end(tmp_path: Path) -> None:
    """One crash, one restart; nothing is left."""
    crashes: list[tuple[str, int]] = []
    script = f"import pathlib, time; pathlib.Path({str(tmp_path / 'ready')!r}).touch(); time.sleep(600)"
    process = supervised(tmp_path, script, crashes)
    await process.start()
    await process.await_ready()
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(10):
        while process.pid in (None, first):
            await asyncio.sleep(0.02)
    assert crashes == [("small", -signal.SIGKILL)]
    last = process.pid
    await process.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(last or 0, 0)


async def test_a_crash_at_the_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """A person sees why."""
    process = supervised(tmp_path, "import sys; sys.exit('no database')", [])
    await process.start()
    with pytest.raises(StartFailedError, match="no database"):
        await process.await_ready()
    await process.stop()


def test_a_stack_that_is_gone_is_not_running(tmp_path: Path) -> None:
    """A pid alone names no process: its start time does, too."""
    state.write(tmp_path, ports={"gateway": 1}, pids={"me": os.getpid()}, ready=True)
    running = state.read(tmp_path)
    assert running is not None
    assert running.pids == {"me": os.getpid()}
    file = tmp_path / state.FILE
    file.write_text(file.read_text().replace('"started": ', '"started": 1'))
    assert state.read(tmp_path) is None


def test_a_statement_that_does_not_add_up_is_seen() -> None:
    """A gap, a wrong running balance, credits still held."""
    entries = [
        {"sequence": 1, "amount": 100, "balance_after": 100},
        {"sequence": 2, "amount": -30, "balance_after": 70},
    ]
    right = {"available": 70, "held": 0}
    assert adds_up(entries, right)
    assert not adds_up(entries, {"available": 70, "held": 5})
    assert not adds_up(entries, {"available": 71, "held": 0})
    assert not adds_up([entries[0], {**entries[1], "sequence": 3}], right)
    assert not adds_up([entries[0], {**entries[1], "balance_after": 71}], right)
