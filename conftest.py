"""Tests everywhere get real servers from one place."""

import pytest
import structlog

# Its assertions are told as those of a test are.
pytest.register_assert_rewrite("chassis.testing")

pytest_plugins = ["embedded.pytest_plugin", "embedded.memory_only"]

# By default a recorded exception is drawn with every local variable, in colour: seconds for each.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)
