"""Who makes the media, as the settings say."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from generation.adapters.outbound.answer_spool import TransactionalSpool
from generation.adapters.outbound.circuit_breakers import (
    PAUSE_MIN_S,
    CircuitGuard,
    account_told,
    circuit_told,
)
from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.provider_limits import LimitGuard, Limits, limits_in
from generation.adapters.outbound.providers.folder import opened
from generation.adapters.outbound.providers.registry import ProviderSettings
from generation.application.judge_provider import account_is_well, provider_is_well
from generation.application.provider_gate import ProviderGate
from generation.application.retry_after import RetryAfterGuard
from generation.bootstrap.parts import Parts
from generation.domain.provider_pause import PauseReason
from generation.ports.clock import Clock
from generation.ports.media_provider import MediaProvider
from generation.ports.meter import Meter
from generation.settings import WorkerSettings

# Jobs in a row that a provider fails with a model, until no more are sent there.
FAILURES_MAX = 5


@asynccontextmanager
async def providers_of(
    settings: WorkerSettings, chosen: ProviderSettings, parts: Parts
) -> AsyncIterator[Mapping[str, MediaProvider]]:
    """Return the providers in use, by the name that models.toml uses."""
    fetch = GuardedClient(
        allow_loopback=settings.fetch_allow_loopback, size_bytes_max=settings.output_size_max_bytes
    )
    try:
        spool = TransactionalSpool(parts.units, fetch.output)
        public_url = str(settings.public_url).rstrip("/") if settings.public_url else None
        async with opened(chosen, fetch=fetch, spool=spool, public_url=public_url) as providers:
            yield providers
    finally:
        await fetch.close()


def limits_of(chosen: ProviderSettings) -> Mapping[str, Limits]:
    """Return how much each provider may be asked for at a time."""
    return {provider.name: limits_in(settings) for provider, settings in chosen.items()}


def gate_of(
    clock: Clock, meter: Meter, limits: Mapping[str, Limits], *, pause_s: float = PAUSE_MIN_S
) -> ProviderGate:
    """Return what keeps a worker's jobs from providers that should not be asked."""
    account = CircuitGuard(
        clock,
        of=lambda call: call.provider,
        is_well=account_is_well,
        failures_max=1,
        tell=account_told(meter),
        reason=PauseReason.ACCOUNT,
        pause_s=pause_s,
    )
    models = CircuitGuard(
        clock,
        of=lambda call: (call.provider, call.model_id),
        is_well=provider_is_well,
        failures_max=FAILURES_MAX,
        tell=circuit_told(meter),
        reason=PauseReason.FAILING,
        pause_s=pause_s,
    )
    return ProviderGate((account, models, RetryAfterGuard(clock), LimitGuard(limits, clock)))
