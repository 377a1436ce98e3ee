"""Errors that are logged, sent to Sentry with the place where they happened and without what they were about.

A report says the error's type, its stack, the logger and the trace; the log under that trace says the rest.
Messages stay here: a prompt, a token or an address may be part of any of them.
"""

import logging
import re
import sys
import traceback
from types import TracebackType
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.types import Event, Hint

from chassis.version import version

TEMPLATE = "event_template"
"""Where the processors keep an event's text as it was before its values were written into it."""
FLUSH_S = 2.0
_TEXT_MAX = 200
# Our own code, whose texts are constants in which values are marked.
_OWN = ("chassis", "deadletters", "ledgerclient")
_ELSEWHERE = ("site-packages", "lib/python")
# What may look like somebody's: addresses, tokens, keys, and long runs of anything.
_SECRET = re.compile(r"\S+@\S+|\beyJ[\w-]+\S*|\b(?:sk|rk|pk|tt|whsec)_\w+|[\w+/=-]{24,}")


class ErrorReports(logging.Handler):
    """Reports every record of ERROR and above, once, grouped by its type and its place."""

    def __init__(self, service: str) -> None:
        super().__init__(logging.ERROR)
        self._service = service

    def emit(self, record: logging.LogRecord) -> None:
        """Send one report; what goes wrong with it is nobody's error."""
        try:
            self._report(record)
        except Exception:  # noqa: BLE001 - a report may not harm what it reports
            self.handleError(record)

    def _report(self, record: logging.LogRecord) -> None:
        told = record.msg if isinstance(record.msg, dict) else {}
        failure = _failure(told.get("exc_info") or record.exc_info)
        text = self._text(record, told)
        with sentry_sdk.new_scope() as scope:
            scope.set_level("fatal" if record.levelno >= logging.CRITICAL else "error")
            scope.set_tag("service", self._service)
            scope.set_tag("logger", record.name)
            if text:
                scope.set_tag("event", text[:_TEXT_MAX])
            if trace_id := told.get("trace_id"):
                scope.set_tag("trace_id", trace_id)
            if failure is not None:
                scope.fingerprint = [self._service, type(failure).__qualname__, _place(failure)]
                scope.capture_exception(failure)
            else:
                scope.fingerprint = [self._service, record.name, text or record.funcName]
                scope.capture_message(text or f"an error of {record.name}", level="error")

    def _text(self, record: logging.LogRecord, told: dict[str, Any]) -> str | None:
        """Return the constant part of what was logged; None when it may hold values already."""
        if told:
            return str(told.get(TEMPLATE) or told.get("event"))
        is_own = record.name.partition(".")[0] in (self._service, *_OWN)
        return str(record.msg) if record.args or is_own else None


def report_errors(dsn: str, service: str, **transport: Any) -> ErrorReports:
    """Prepare Sentry's client; returns the handler that feeds it. Nothing else is collected or sent."""
    sentry_sdk.init(
        dsn=dsn,
        server_name=service,
        release=f"tintype@{version()}",
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        # None of the library's own: they hook into frameworks, and take requests, queries and messages along.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[DedupeIntegration()],
        before_send=_without_contents,
        **transport,
    )
    return ErrorReports(service)


def flush_reports() -> None:
    """Send what still waits, for a moment at most."""
    sentry_sdk.flush(FLUSH_S)


def _without_contents(event: Event, _hint: Hint) -> Event:
    """Be the last gate: whatever the library puts into a report, these parts are not sent."""
    for part in ("request", "user", "extra", "breadcrumbs", "modules"):
        event.pop(part, None)  # type: ignore[misc]
    for one in event.get("exception", {}).get("values", []):
        one["value"] = "see the log"
        one.get("mechanism", {}).pop("data", None)
        for frame in (one.get("stacktrace") or {}).get("frames", []):
            frame.pop("vars", None)
    if "message" in event:
        event["message"] = _SECRET.sub("...", event["message"])
    tags = event.get("tags")
    if isinstance(tags, dict) and "event" in tags:
        tags["event"] = _SECRET.sub("...", str(tags["event"]))
    return event


def _failure(
    exc_info: bool | BaseException | tuple[Any, BaseException | None, TracebackType | None] | None,
) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1]
    return sys.exc_info()[1] if exc_info else None


def _place(failure: BaseException) -> str:
    """Name the innermost function of ours that it passed, or else the innermost; lines move with releases."""
    frames = traceback.extract_tb(failure.__traceback__)
    ours = [frame for frame in frames if not any(part in frame.filename for part in _ELSEWHERE)]
    if not frames:
        return "nowhere"
    frame = (ours or list(frames))[-1]
    return f"{frame.filename.rpartition('/src/')[2]}:{frame.name}"
