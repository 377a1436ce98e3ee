"""pytest in this process: a survey of what each test runs, and tests until one fails."""

import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import coverage
import pytest

OPTIONS = (
    "--memory-only",
    "-q",
    "-s",
    "--tb=native",
    "--color=no",
)
# A caller who is never answered: so long no quick test waits, on however busy a machine.
TEST_MAX_WALL_S = 30
_TERMINAL = os.dup(2) if os.isatty(2) else None


@dataclass(frozen=True)
class Survey:
    """What the tests do while nothing is changed."""

    # Processor and any seconds by test.
    cpu_s: dict[str, float]
    wall_s: dict[str, float]
    # Tests by line by file; a line that only an import runs has none.
    tests: dict[str, dict[int, list[str]]]
    # What was imported that is none of ours.
    libraries: list[str]

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Survey":
        """Return it as a child tells it: in JSON every key is a text."""
        lines = {
            file: {int(line): [test for test in tests if test] for line, tests in by_line.items()}
            for file, by_line in told["tests"].items()
        }
        return cls(told["cpu_s"], told["wall_s"], lines, told["libraries"])


class CannotCollect(Exception):
    """What pytest printed."""


# Compared by itself: pytest keeps its plugins in sets.
@dataclass(eq=False)
class Session:
    """A plugin that keeps pytest from running what it collected, and runs `instead`."""

    instead: "Callable[[Session], None]"
    items: dict[str, pytest.Item] = field(default_factory=dict)
    failed: str | None = None
    why: str = ""
    raised: Exception | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        """Let property tests try the same examples each time, take their time, and keep none."""
        from hypothesis import HealthCheck, settings

        name = settings.get_current_profile_name()
        settings.register_profile(
            name,
            settings(),
            database=None,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        settings.load_profile(name)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do something else with what was collected."""
        if not session.testsfailed:
            self.items = {item.nodeid: item for item in session.items}
            try:
                self.instead(self)
            except Exception as raised:  # noqa: BLE001 - pytest would print it; the caller wants it
                self.raised = raised
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember a failure."""
        if report.failed:
            self.failed, self.why = report.nodeid, report.longreprtext

    def run(self, nodeids: Sequence[str]) -> Iterator[str]:
        """Run these tests, one at a step."""
        items = [self.items[nodeid] for nodeid in nodeids]
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            yield item.nodeid

    def first_failure(self, nodeids: Sequence[str]) -> str | None:
        """Run these tests until one fails, or never ends, and return that one."""
        for nodeid in nodeids:
            self.items[nodeid].add_marker(pytest.mark.timeout(TEST_MAX_WALL_S))
        for _ in self.run(nodeids):
            if self.failed is not None:
                break
        return self.failed


def collect(paths: Sequence[str], instead: Callable[[Session], None]) -> None:
    """Collect, and do that instead of running. Raises CannotCollect, and what `instead` raises."""
    session = Session(instead)
    with tempfile.TemporaryFile("w+") as printed:
        with _printing_into(printed.fileno()):
            pytest.main([*OPTIONS, *paths], plugins=[session])
        if session.raised is not None:
            raise session.raised
        if not session.items:
            printed.seek(0)
            raise CannotCollect(printed.read())


def survey(session: Session, sources: Sequence[Path]) -> dict[str, Any]:
    """Run everything once, and return a Survey's fields, or what failed."""
    measured = coverage.Coverage(
        data_file=None, config_file=False, include=[f"{source}/*" for source in sources]
    )
    cpu_s: dict[str, float] = {}
    wall_s: dict[str, float] = {}
    measured.start()
    nodeids = list(session.items)
    measured.switch_context(nodeids[0])
    cpu, wall = time.process_time(), time.monotonic()
    for nodeid, following in zip(session.run(nodeids), [*nodeids[1:], ""], strict=True):
        if session.failed is not None:
            raise RuntimeError(f"{session.failed} fails already\n{session.why}")
        now_cpu, now_wall = time.process_time(), time.monotonic()
        cpu_s[nodeid], wall_s[nodeid] = now_cpu - cpu, now_wall - wall
        cpu, wall = now_cpu, now_wall
        measured.switch_context(following)
    measured.stop()
    lines = measured.get_data()
    return {
        "cpu_s": cpu_s,
        "wall_s": wall_s,
        "tests": {file: lines.contexts_by_lineno(file) for file in lines.measured_files()},
        "libraries": [name for name, module in list(sys.modules.items()) if _is_library(module)],
    }


def say(text: str) -> None:
    """Tell a person how far it is, past whatever stands in for the output now."""
    if _TERMINAL is not None:
        os.write(_TERMINAL, text.encode())


def silence() -> None:
    """Print nothing from now on."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def import_libraries(names: Sequence[str]) -> None:
    """Import what every session will need, once."""
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001, S112 - a session imports it again, and would say so
            continue


def _is_library(module: object) -> bool:
    origin = getattr(getattr(module, "__spec__", None), "origin", None) or ""
    return "site-packages" in origin and "__editable__" not in origin


@contextmanager
def _printing_into(file: int) -> Iterator[None]:
    sys.stdout.flush()
    kept = os.dup(1), os.dup(2)
    try:
        os.dup2(file, 1)
        os.dup2(file, 2)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
