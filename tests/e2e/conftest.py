"""A real browser on the running stack; a picture is kept of what it showed when a test failed."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from customer import WELCOME, Customer
from playwright.sync_api import Browser, Page, sync_playwright
from tintype_local.state import StackState

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PICTURES = Path("test-results")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it; without one the test is skipped.

    A module's own: Playwright's synchronous side holds the thread's event loop for as long as it
    runs, and no coroutine of a later module could be tested.
    """
    executable = (
        os.environ.get("TINTYPE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if executable is None:
        pytest.skip("Chromium is not installed (apt-get install chromium, or TINTYPE_CHROMIUM=path)")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield running
        running.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember how the test went, for the fixture that takes the picture."""
    outcome: Any = yield
    report = outcome.get_result()
    setattr(item, f"report_{report.when}", report)


@pytest.fixture(params=["with JavaScript", "without JavaScript"])
def any_page(request: pytest.FixtureRequest, browser: Browser, stack: StackState) -> Iterator[Page]:
    """A page of a new visitor, with JavaScript and without."""
    yield from _page(request, browser, stack, java_script=request.param == "with JavaScript")


@pytest.fixture
def page(request: pytest.FixtureRequest, browser: Browser, stack: StackState) -> Iterator[Page]:
    """A page of a new visitor; fails when the browser reported an error of its own."""
    yield from _page(request, browser, stack, java_script=True)


def _page(
    request: pytest.FixtureRequest, browser: Browser, stack: StackState, *, java_script: bool
) -> Iterator[Page]:
    context = browser.new_context(base_url=stack.url("gateway"), java_script_enabled=java_script)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    # What the Content Security Policy refuses shows up here only.
    opened.on("console", lambda said: errors.append(said.text) if "Security Policy" in said.text else None)
    yield opened
    report = getattr(request.node, "report_call", None)
    if report is not None and report.failed:
        PICTURES.mkdir(exist_ok=True)
        name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
        opened.screenshot(path=PICTURES / f"{name}.png", full_page=True)
    context.close()
    assert errors == []


@pytest.fixture
def customer(stack: StackState) -> Iterator[Customer]:
    """A new customer with the welcome credits."""
    one = Customer(stack)
    one.wait_for(available=WELCOME)
    yield one
    one.api.close()
