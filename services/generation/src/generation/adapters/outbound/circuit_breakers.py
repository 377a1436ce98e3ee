"""Circuit breakers around providers, by `pybreaker`: it counts failures and knows the states.

When a circuit may be tried is ours to say: by the service's clock, after pauses that double.
"""

from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from pybreaker import STATE_CLOSED, STATE_HALF_OPEN, STATE_OPEN, CircuitBreaker

from generation.domain.identifiers import GenerationId
from generation.domain.provider_pause import PauseReason, ProviderPause
from generation.ports.clock import Clock
from generation.ports.media_provider import RunReport
from generation.ports.meter import Meter
from generation.ports.provider_guard import Call, ProviderGuard

PAUSE_MIN_S, PAUSE_MAX_S = 30.0, 300.0
log = structlog.get_logger(__name__)


class Unwell(Exception):
    """What the library is told of a run that speaks against its provider."""


@dataclass
class Circuit:
    """A breaker that counted a failure, and what it does not know."""

    breaker: CircuitBreaker
    # The call that made it: whose it is, as people say it.
    call: Call
    pause_s: float
    # While it is not closed: nobody enters before then.
    until: datetime
    since: datetime
    # Jobs that found it open at the end of a pause. The first verdict among theirs decides.
    probes: set[GenerationId] = field(default_factory=set)
    # A job counts once, however often it tries: what is wrong may be the job.
    blaming: set[GenerationId] = field(default_factory=set)


class CircuitGuard(ProviderGuard):
    """Circuits by what `of` says of a call; each opens after failures of `failures_max` jobs in a row.

    When its pause is over it lets one job in, and one more each further pause while nothing is known of
    those. The first that ends well closes it; the first that does not opens it for twice the pause. What
    else ends meanwhile began before the trouble, or with it, and changes nothing.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        of: Callable[[Call], Hashable],
        is_well: Callable[[RunReport], bool | None],
        failures_max: int,
        tell: Callable[[Call, bool], None],
        reason: PauseReason,
        pause_s: float = PAUSE_MIN_S,
    ) -> None:
        self._clock = clock
        self._of = of
        self._is_well = is_well
        self._failures_max = failures_max
        self._tell = tell
        self._reason = reason
        self._pause_s = pause_s
        self._circuits: dict[Hashable, Circuit] = {}

    def pauses(self) -> Sequence[ProviderPause]:
        return [
            ProviderPause(
                provider=circuit.call.provider,
                model_id=None if self._reason is PauseReason.ACCOUNT else circuit.call.model_id,
                reason=self._reason,
                since=circuit.since,
                until=circuit.until,
            )
            for circuit in self._circuits.values()
            if circuit.breaker.current_state != STATE_CLOSED
        ]

    def closed_until(self, call: Call) -> datetime | None:
        circuit = self._circuits.get(self._of(call))
        if circuit is None or circuit.breaker.current_state == STATE_CLOSED:
            return None
        return circuit.until if self._clock.now() < circuit.until else None

    def enter(self, call: Call) -> None:
        circuit = self._circuits.get(self._of(call))
        if circuit is not None and circuit.breaker.current_state != STATE_CLOSED:
            circuit.breaker.half_open()
            circuit.probes.add(call.generation_id)
            circuit.until = self._clock.now() + timedelta(seconds=circuit.pause_s)

    def heard(self, call: Call, report: RunReport) -> None:
        is_well = self._is_well(report)
        circuit = self._circuits.get(self._of(call))
        if is_well is False:
            self._failed(circuit or self._made(call), call, report)
        elif is_well and circuit is not None and _decides(circuit, call):
            was_open = circuit.breaker.current_state != STATE_CLOSED
            circuit.breaker.call(_well)
            circuit.pause_s = self._pause_s
            circuit.probes.clear()
            circuit.blaming.clear()
            if was_open:
                self._tell(call, False)

    def _failed(self, circuit: Circuit, call: Call, report: RunReport) -> None:
        if not _decides(circuit, call) or call.generation_id in circuit.blaming:
            return
        before = circuit.breaker.current_state
        with suppress(Unwell):
            circuit.breaker.call(_unwell)
        if circuit.breaker.current_state != STATE_OPEN:
            circuit.blaming.add(call.generation_id)
            return
        if before == STATE_HALF_OPEN:
            circuit.pause_s = min(PAUSE_MAX_S, circuit.pause_s * 2)
        circuit.pause_s = max(circuit.pause_s, report.retry_after_s or 0)
        circuit.until = self._clock.now() + timedelta(seconds=circuit.pause_s)
        circuit.probes.clear()
        circuit.blaming.clear()
        if before == STATE_CLOSED:
            circuit.since = self._clock.now()
            self._tell(call, True)

    def _made(self, call: Call) -> Circuit:
        breaker = CircuitBreaker(fail_max=self._failures_max, throw_new_error_on_trip=False)
        now = self._clock.now()
        circuit = Circuit(breaker, call, self._pause_s, until=now, since=now)
        self._circuits[self._of(call)] = circuit
        return circuit


def _decides(circuit: Circuit, call: Call) -> bool:
    state = circuit.breaker.current_state
    return state == STATE_CLOSED or (state == STATE_HALF_OPEN and call.generation_id in circuit.probes)


def _well() -> None:
    return


def _unwell() -> None:
    raise Unwell


def account_told(meter: Meter) -> Callable[[Call, bool], None]:
    """Return what tells operators of our account at a provider."""

    def tell(call: Call, is_open: bool) -> None:
        if is_open:
            log.error("our account needs attention: its jobs wait or go elsewhere", provider=call.provider)
        else:
            log.warning("our account is well again", provider=call.provider)
        meter.account_trouble(call.provider, troubled=is_open)

    return tell


def circuit_told(meter: Meter) -> Callable[[Call, bool], None]:
    """Return what tells operators of a model at a provider."""

    def tell(call: Call, is_open: bool) -> None:
        about = {"provider": call.provider, "model": call.model_id}
        if is_open:
            log.error("a provider fails: jobs of this model wait or go elsewhere", **about)
        else:
            log.warning("a provider works again", **about)
        meter.circuit(call.provider, call.model_id, is_open=is_open)

    return tell
