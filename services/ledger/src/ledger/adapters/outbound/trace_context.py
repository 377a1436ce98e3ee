"""The trace that a request is part of, for the facts that follow from it."""

from collections.abc import Mapping

from chassis.telemetry import inject


class TraceContext:
    """Carries the current trace along."""

    def headers(self) -> Mapping[str, str]:
        """Return the W3C trace headers of the current span; none outside of a trace."""
        headers: dict[str, str] = {}
        inject(headers)
        return headers
