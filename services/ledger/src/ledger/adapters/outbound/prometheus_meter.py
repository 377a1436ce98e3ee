"""Prometheus metrics of the writing of commands."""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram

_BATCH = Histogram(
    "ledger_batch_commands", "Commands committed together", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
)
_SECONDS = Histogram(
    "ledger_batch_seconds",
    "Time to decide and commit a batch",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
)
_COMMANDS = Counter("ledger_commands_total", "Commands decided", ["command", "outcome"])
_WAITING = Gauge("ledger_waiting_commands", "Commands that wait to be decided")
_HELD_S = Histogram(
    "ledger_settlement_seconds",
    "From a reservation to its settlement",
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600),
)
_OPEN = Gauge("ledger_reservations_open", "Reservations that hold credits now")
_VIOLATIONS = Gauge(
    "ledger_invariant_violations", "What broke an invariant, at the last check", ["invariant"]
)
_CHECKED = Gauge("ledger_invariant_checked", "What was checked, at the last check", ["invariant"])
_VERIFIED_AT = Gauge("ledger_verified_timestamp_seconds", "When every invariant was checked last")


class PrometheusMeter:
    """Counts for `/metrics`."""

    def committed(self, *, commands: int, duration_s: float, outcomes: Mapping[tuple[str, str], int]) -> None:
        """Note a batch that was committed."""
        _BATCH.observe(commands)
        _SECONDS.observe(duration_s)
        for (command, outcome), times in outcomes.items():
            _COMMANDS.labels(command, outcome).inc(times)

    def waiting(self, commands: int) -> None:
        """Note that this many commands wait now."""
        _WAITING.set(commands)

    def settled(self, held_s: float) -> None:
        """Note that a reservation was settled, this long after it was made."""
        _HELD_S.observe(held_s)

    def held(self, reservations: int) -> None:
        """Note that this many reservations are open now."""
        _OPEN.set(reservations)

    def verified(self, invariant: str, *, checked: int, violations: int) -> None:
        """Note that an invariant was checked."""
        _VIOLATIONS.labels(invariant).set(violations)
        _CHECKED.labels(invariant).set(checked)

    def verification_finished(self) -> None:
        """Every invariant was checked just now."""
        _VERIFIED_AT.set_to_current_time()
