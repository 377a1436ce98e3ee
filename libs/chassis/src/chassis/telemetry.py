"""Structured logs, traces and error reports, set up once a process.

Traces leave the process only when OTEL_EXPORTER_OTLP_ENDPOINT is set; errors only when a Sentry DSN is.
"""

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import Token
from typing import Any

import structlog
from opentelemetry import context, propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.error_reports import TEMPLATE, flush_reports, report_errors
from chassis.version import version

_IDS = RandomIdGenerator()
_UNSAMPLED = trace.TraceFlags(trace.TraceFlags.DEFAULT)


class Telemetry:
    """What was set up; `shutdown` sends the spans and the reports that still wait."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider

    def shutdown(self) -> None:
        """Send what waits and stop."""
        self._provider.shutdown()
        flush_reports()


def configure_telemetry(
    service: str, *, log_format: str = "json", log_level: str = "INFO", sentry_dsn: str | None = None
) -> Telemetry:
    """Set up logs, traces and error reports for this process; call once, in the composition root."""
    _configure_logs(service, log_format=log_format, log_level=log_level)
    resource = Resource.create({"service.name": f"tintype-{service}", "service.version": version()})
    if spans_leave():
        # Sampled as OTEL_TRACES_SAMPLER says, all by default.
        provider = TracerProvider(resource=resource)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    else:
        # Nobody would see them: only their ids are made, for logs and for error reports.
        provider = TracerProvider(resource=resource, sampler=ALWAYS_OFF)
    trace.set_tracer_provider(provider)
    if "OTEL_PROPAGATORS" not in os.environ:
        # The trace alone: by default a caller's `baggage` would travel to every service and provider behind.
        propagate.set_global_textmap(TraceContextTextMapPropagator())
    if sentry_dsn:
        logging.getLogger().addHandler(report_errors(sentry_dsn, service))
    return Telemetry(provider)


def spans_leave() -> bool:
    """Whether somebody is sent the spans. Where nobody is, none are made: the trace's ids are passed on."""
    return bool(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))


def tracer() -> trace.Tracer:
    """Return the tracer for spans of our own."""
    return trace.get_tracer("tintype")


def inject(headers: MutableMapping[str, str]) -> None:
    """Write the current trace context (W3C `traceparent`) into message headers."""
    propagate.inject(headers)


def extract(headers: Mapping[str, str]) -> Context:
    """Read the trace context that a producer wrote into message headers."""
    return propagate.extract(headers)


def join_trace(headers: Mapping[str, str]) -> Token[Context]:
    """Go on in a caller's trace, or in a new one, without a span: logs, facts and calls carry its ids."""
    joined = extract(headers)
    if not trace.get_current_span(joined).get_span_context().is_valid:
        begun = trace.SpanContext(
            _IDS.generate_trace_id(), _IDS.generate_span_id(), is_remote=False, trace_flags=_UNSAMPLED
        )
        joined = trace.set_span_in_context(trace.NonRecordingSpan(begun), joined)
    return context.attach(joined)


# W3C Trace Context: of version 00 and later alike, the first four fields; and a list that is bounded by 512.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_TRACESTATE = re.compile(r"[\x20-\x7e]{1,512}")


def trace_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the trace context of some headers, without what is malformed, too long or something else."""
    traceparent, tracestate = headers.get("traceparent", ""), headers.get("tracestate", "")
    if not _TRACEPARENT.fullmatch(traceparent):
        return {}
    kept = {"traceparent": traceparent}
    return kept | {"tracestate": tracestate} if _TRACESTATE.fullmatch(tracestate) else kept


def current_trace_id() -> str | None:
    """Return the current trace id as 32 hex digits, or None outside a trace."""
    current = trace.get_current_span().get_span_context()
    return format(current.trace_id, "032x") if current.is_valid else None


def _add_trace(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    current = trace.get_current_span().get_span_context()
    if current.is_valid:
        event["trace_id"] = format(current.trace_id, "032x")
        event["span_id"] = format(current.span_id, "016x")
    return event


def _keep_template(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event[TEMPLATE] = event.get("event")
    return event


def _drop_template(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop(TEMPLATE, None)
    return event


def _configure_logs(service: str, *, log_format: str, log_level: str) -> None:
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _keep_template,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
    ]
    renderer: structlog.types.Processor = (
        # Plain tracebacks: the pretty ones print local variables, and any of them may be a secret.
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if log_format == "console"
        else structlog.processors.JSONRenderer()
    )
    exceptions = [] if log_format == "console" else [structlog.processors.format_exc_info]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _drop_template,
                *exceptions,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(log_level)
    # These two log a line a request at INFO; our own access log says more.
    for noisy in ("httpx", "uvicorn.access", "nats.aio.client", "alembic.runtime.plugins"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
