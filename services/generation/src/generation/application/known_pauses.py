"""What workers said a moment ago about providers that they leave alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from generation.domain.identifiers import ModelId
from generation.domain.provider_pause import PauseReason, ProviderPause
from generation.ports.clock import Clock

# Three times in which a worker says nothing, and it is not there.
STALE_AFTER = timedelta(seconds=15)
WORKERS_MAX = 10_000
Place = tuple[str, ModelId | None, PauseReason]


@dataclass(frozen=True, kw_only=True)
class HeardPause:
    """A pause as one worker has it or several do: since the first of them, until the last."""

    pause: ProviderPause
    workers: int


@dataclass(frozen=True, kw_only=True)
class PauseReport:
    """What stands, and how many workers were heard: of none, nothing is known."""

    workers: int
    pauses: Sequence[HeardPause]


@dataclass
class KnownPauses:
    """Remembers the last word of each worker, for as long as it keeps saying something."""

    clock: Clock
    _words: dict[str, tuple[datetime, Sequence[ProviderPause]]] = field(default_factory=dict)

    def hear(self, worker: str, pauses: Sequence[ProviderPause]) -> None:
        """Take a worker's word in place of its last one."""
        self._forget_silent()
        if worker in self._words or len(self._words) < WORKERS_MAX:
            self._words[worker] = (self.clock.now(), pauses)

    def report(self) -> PauseReport:
        """Return what workers that are there say now, by provider and model."""
        self._forget_silent()
        found: dict[Place, list[ProviderPause]] = {}
        for _, pauses in self._words.values():
            for pause in pauses:
                found.setdefault((pause.provider, pause.model_id, pause.reason), []).append(pause)
        return PauseReport(
            workers=len(self._words),
            pauses=[
                HeardPause(
                    pause=ProviderPause(
                        provider=provider,
                        model_id=model_id,
                        reason=reason,
                        since=min(pause.since for pause in same),
                        until=max(pause.until for pause in same),
                    ),
                    workers=len(same),
                )
                for (provider, model_id, reason), same in sorted(
                    found.items(), key=lambda entry: (entry[0][0], entry[0][1] or "", entry[0][2])
                )
            ],
        )

    def _forget_silent(self) -> None:
        since = self.clock.now() - STALE_AFTER
        self._words = {worker: word for worker, word in self._words.items() if word[0] > since}
