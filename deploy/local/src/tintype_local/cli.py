"""The `tintype` command: the whole product on one machine, and the proof that its books are right."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from auditor.report import run_verify
from auditor.statement import verify_file
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from tintype_local import operating, state
from tintype_local.demo.story import run_demo
from tintype_local.media_stand_ins import MEDIA_STAND_INS
from tintype_local.overrides import Overrides, RefusedSettingError, read_overrides
from tintype_local.ports import Ports, PortTakenError
from tintype_local.processes import Plan
from tintype_local.report import Report
from tintype_local.running import UnknownProcessError, service_and_settings
from tintype_local.secrets_file import load_or_make
from tintype_local.settings import StackSettings, StandIns
from tintype_local.stack import AlreadyRunningError, Stack, running_stack
from tintype_local.state import StackState
from tintype_local.supervisor import StartFailedError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
console = Console()
T = TypeVar("T")


def _show_version(asked: bool) -> None:
    if asked:
        console.print(f"tintype {version('tintype-local')}", highlight=False)
        raise typer.Exit


@app.callback()
def about(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """The whole product on one machine, and the proof that its books are right."""  # noqa: D401 - help's title


@app.command()
def up(
    stand_ins: Annotated[
        StandIns | None,
        typer.Option(
            help="The providers of media that a stand-in answers for, in place of TINTYPE_STAND_INS."
        ),
    ] = None,
) -> None:
    """Start everything and keep it running until Ctrl-C.

    Settings of the services in the environment (GENERATION_LEASE_S=30) reach the service they name.
    """
    settings, overrides = _settings(), _overrides()
    if stand_ins is not None:
        settings = settings.model_copy(update={"stand_ins": stand_ins})

    async def run() -> None:
        async with running_stack(settings, overrides, Report(console)) as stack:
            _welcome(stack)
            await _interrupted()

    _guarded(run())


@app.command()
def demo() -> None:
    """Run the product's main job from sign-up to proof, on a running stack or on one of its own."""
    settings, overrides = _settings(), _overrides()

    async def run() -> bool:
        data = settings.data_folder.resolve()
        if (running := state.read(data)) is not None:
            if not running.ready:
                raise StartFailedError("the stack on this machine is still starting: try again in a moment")
            return await run_demo(running, settings, console)
        async with running_stack(settings, overrides, Report(console)):
            started = state.read(data)
            assert started is not None  # noqa: S101 - this process just wrote it
            return await run_demo(started, settings, console)

    if not _guarded(run()):
        raise typer.Exit(1)


@app.command()
def verify(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Check every invariant over the running services; exit with 1 when one is broken.

    Uses AUDITOR_LEDGER_TARGET, AUDITOR_BILLING_TARGET, AUDITOR_GENERATION_TARGET and
    AUDITOR_CALLER_TOKEN, or, without them, the stack that runs on this machine.
    """
    environment = dict(os.environ)
    if "AUDITOR_LEDGER_TARGET" not in environment:
        environment |= _local_auditor(_settings())
    result = asyncio.run(run_verify(environment))
    result.print(console, as_json=as_json)
    raise typer.Exit(0 if result.ok else 1)


@app.command("verify-statement")
def verify_statement(
    file: Annotated[Path, typer.Argument(help="A statement, JSON or CSV.")],
    noted: Annotated[
        str | None, typer.Option("--hash", help="A hash that you noted earlier, which must be in the chain.")
    ] = None,
) -> None:
    """Check a downloaded statement offline; exit with 1 when it does not hold, 2 when it is none."""
    raise typer.Exit(verify_file(file, noted))


@app.command()
def status() -> None:
    """Show the processes of the stack that runs here."""
    running = state.read(_settings().data_folder.resolve())
    if running is None:
        console.print("No stack is running here. Start one with: make up")
        raise typer.Exit(1)
    table = Table("process", "pid")
    for name, pid in running.pids.items():
        table.add_row(name, str(pid))
    console.print(table)


@app.command()
def logs(
    process: Annotated[str, typer.Argument(help="A process, as `tintype status` names it.")],
    lines: Annotated[int, typer.Option(help="How many of the last lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
) -> None:
    """Print a process's log."""
    folder = _settings().data_folder.resolve() / "logs"
    path = folder / f"{process}.log"
    if path.parent != folder or not path.exists():
        known = ", ".join(sorted(one.stem for one in folder.glob("*.log"))) or "none yet"
        console.print(f"There is no log of {process!r}. There are: {known}")
        raise typer.Exit(2)
    tail = shutil.which("tail") or "tail"
    os.execv(tail, [tail, "-n", str(lines), *(["-F"] if follow else []), str(path)])  # noqa: S606


@app.command("exec", context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True})
def execute(
    process: Annotated[str, typer.Argument(help="A service, or a process as `tintype status` names it.")],
    words: Annotated[list[str], typer.Argument(help="Its command, such as: adjust usr_... 50 --actor ana")],
) -> None:
    """Run a service's own command (`python -m ledger ...`) with the settings of the running stack."""
    if (running := state.read(_settings().data_folder.resolve())) is None:
        console.print("No stack is running here. Start one with: make up")
        raise typer.Exit(2)
    try:
        service, environment = service_and_settings(running, process)
    except UnknownProcessError as unknown:
        console.print(str(unknown), highlight=False)
        raise typer.Exit(2) from None
    # Processes never act as the tables' owner; some commands do, as `migrate` does.
    owner = f"{service.upper()}_MIGRATION_DATABASE_URL"
    environment[owner] = _running_plan(_settings())[1].environment(service)[owner]
    os.execve(sys.executable, [sys.executable, "-m", service, *words], environment)  # noqa: S606


@app.command()
def models(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """List every model, on offer or not, and why: of the running stack, else as this environment has it."""
    environment = dict(os.environ)
    if (running := state.read(_settings().data_folder.resolve())) is not None:
        environment = service_and_settings(running, "generation-worker")[1]
    options = ["--json"] if as_json else []
    os.execve(sys.executable, [sys.executable, "-m", "generation", "models", *options], environment)  # noqa: S606


@app.command()
def restart(
    process: Annotated[str, typer.Argument(help="A process, as `tintype status` names it.")],
) -> None:
    """Stop one process and wait until it is back."""
    running, plan = _running_plan(_settings())
    try:
        operating.restart(running, plan, process)
    except (LookupError, TimeoutError) as failure:
        console.print(str(failure.args[0]), highlight=False)
        raise typer.Exit(2 if isinstance(failure, LookupError) else 1) from None
    console.print(f"{process} is back.")


@app.command()
def environment() -> None:
    """Print what an operator's shell needs: eval "$(tintype environment)". Passwords are in it."""
    sys.stdout.write(f"{operating.shell_settings(_running_plan(_settings())[1])}\n")


@app.command()
def reset() -> None:
    """Delete every piece of data of the stack on this machine. Refuses while it runs."""
    data = _settings().data_folder.resolve()
    if (running := state.read(data)) is not None:
        console.print(f"The stack is running (pid {running.supervisor_pid}): stop it first, with Ctrl-C.")
        raise typer.Exit(2)
    if data.exists() and not (data / "secrets.json").exists():
        console.print(f"{data} does not look like a stack's data: nothing was deleted.")
        raise typer.Exit(2)
    shutil.rmtree(data, ignore_errors=True)
    console.print(f"Deleted {data}.")


def _settings() -> StackSettings:
    try:
        return StackSettings()
    except ValidationError as invalid:
        for problem in invalid.errors(include_input=False):
            console.print(f"TINTYPE_{str(problem['loc'][0]).upper()}: {problem['msg']}")
        raise typer.Exit(2) from None


def _overrides() -> Overrides:
    try:
        return read_overrides()
    except RefusedSettingError as refused:
        console.print(str(refused), highlight=False)
        raise typer.Exit(2) from None


def _guarded(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end or to Ctrl-C; an expected failure is one clear message."""
    try:
        return asyncio.run(work)
    except (
        PortTakenError,
        AlreadyRunningError,
        StartFailedError,
        FileNotFoundError,
        FileExistsError,
        PermissionError,
    ) as failure:
        console.print(f"[red]error[/] {failure}", highlight=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


async def _interrupted() -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await stopping.wait()


def _welcome(stack: Stack) -> None:
    settings, ports = stack.plan.settings, stack.ports
    table = Table.grid(padding=(0, 2))
    table.add_row("Console", ports.url("gateway"))
    table.add_row("API docs", f"{ports.url('gateway')}/docs")
    table.add_row("Mailbox", ports.url("mailbox"))
    table.add_row("Stripe stand-in", ports.url("stripe"))
    if stack.plan.payment_processor == "polar":
        table.add_row("Polar stand-in", f"{ports.url('polar')}  (billing sells through it)")
    if stack.plan.openai_is_standin:
        table.add_row("OpenAI stand-in", f"{ports.url('openai')}/v1  (no model behind it)")
    for name in stack.plan.media_stand_ins:
        table.add_row(f"{name} stand-in", f"{ports.url(name)}  (a program draws, no model is behind it)")
    table.add_row("Sign in as", f"{settings.seed_email}  {settings.seed_password}")
    if stack.plan.environment("identity")["IDENTITY_WELCOME_AFTER_CONFIRMATION"] == "false":
        table.add_row(
            "New accounts",
            f"start with {settings.welcome_credits} credits; in production only after confirming the address",
        )
    table.add_row("Logs", f"{stack.plan.data / 'logs'}  (make logs P=ledger)")
    console.print()
    console.print(table, highlight=False)
    console.print("\nCtrl-C stops everything.")


def _local_auditor(settings: StackSettings) -> dict[str, str]:
    return _running_plan(settings)[1].auditor_environment()


def _running_plan(settings: StackSettings) -> tuple[StackState, Plan]:
    data = settings.data_folder.resolve()
    running = state.read(data)
    if running is None:
        console.print("No stack is running here. Start one with: make up")
        raise typer.Exit(2)
    secrets = load_or_make(data / "secrets.json")
    if running.pids.keys() & MEDIA_STAND_INS.keys():
        settings = settings.model_copy(update={"stand_ins": "all"})
    return running, Plan(settings=settings, ports=Ports(running.ports), secrets=secrets, data=data)
