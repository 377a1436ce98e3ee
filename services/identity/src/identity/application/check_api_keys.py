"""Say which API keys are good, and whom they speak for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from identity.domain.api_key import ApiKey, StandingKey
from identity.domain.secret import SecretDigest
from identity.ports.clock import Clock
from identity.ports.directory import Directory

# Gateways ask each second while a key is in use: people are told the minute.
USE_IS_KEPT_EVERY = timedelta(minutes=1)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CheckApiKeysHandler:
    """Answers for the gateways, which know keys by their digests alone."""

    directory: Directory
    clock: Clock

    async def __call__(self, digests: Sequence[SecretDigest]) -> Mapping[SecretDigest, StandingKey]:
        """Those that are good; the rest were revoked, have expired, never were, or are of a disabled user."""
        now = self.clock.now()
        found = await self.directory.standing_api_keys(digests, now) if digests else []
        await self._note_use([standing.key for standing in found], now)
        return {standing.key.key_digest: standing for standing in found}

    async def _note_use(self, keys: Sequence[ApiKey], now: datetime) -> None:
        noted_before = now - USE_IS_KEPT_EVERY
        used = [key.key_id for key in keys if key.last_used_at is None or key.last_used_at <= noted_before]
        if not used:
            return
        try:
            await self.directory.note_use(used, now)
        except Exception as failure:  # noqa: BLE001 - a key is good whether or not its use could be noted
            log.warning("use of API keys not noted", keys=len(used), error=repr(failure))
