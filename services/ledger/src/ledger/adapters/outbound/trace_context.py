"""The trace that a request is part of, for the facts that follow from it."""

import time
from collections.abc import Mapping

from chassis.telemetry import extract, inject, tracer
from opentelemetry import trace


class TraceContext:
    """Carries the current trace along."""

    def headers(self) -> Mapping[str, str]:
        """Return the W3C trace headers of the current span; none outside of a trace."""
        headers: dict[str, str] = {}
        inject(headers)
        return headers

    def committed(self, headers: Mapping[str, str], *, commands: int, duration_s: float) -> None:
        """Write the batch's transaction into the request's own trace: others share the transaction."""
        context = extract(headers)
        if not trace.get_current_span(context).get_span_context().trace_flags.sampled:
            # Nobody records this trace.
            return
        ended_ns = time.time_ns()
        span = tracer().start_span(
            "commit batch",
            context=context,
            start_time=ended_ns - int(duration_s * 1e9),
            attributes={"db.system": "postgresql", "db.operation.batch.size": commands},
        )
        span.end(ended_ns)
