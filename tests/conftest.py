"""The whole embedded stack, started once for the tests that need it, on ports and data of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from embedded.throwaway import throwaway_folder
from launch import free_base, launched
from otlp_collector import Collector, collecting
from stack_log import noteworthy
from tintype_local.state import StackState


@pytest.fixture(scope="session")
def stack_folder() -> Iterator[Path]:
    """Where the stack of this run keeps its data."""
    with throwaway_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Where the stack sends its traces."""
    with collecting() as running:
        yield running


@pytest.fixture(scope="session")
def stack(stack_folder: Path, collector: Collector) -> Iterator[StackState]:
    """The running stack."""
    traces = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "500"}
    with launched(stack_folder, base_port=free_base(), settings=traces) as running:
        yield running


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Tell with a failure what the stack warned of meanwhile: its logs are gone with the machine."""
    outcome: Any = yield
    report = outcome.get_result()
    folder = getattr(item, "funcargs", {}).get("stack_folder")
    if report.failed and folder is not None:
        since = datetime.fromtimestamp(call.start, UTC)
        report.sections.append(("what the stack logged", noteworthy(folder / "data" / "logs", since=since)))
