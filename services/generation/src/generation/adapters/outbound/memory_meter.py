"""What operators would see, in memory, for tests."""

from dataclasses import dataclass, field

from generation.domain.generation import Generation
from generation.domain.identifiers import ModelId
from generation.ports.meter import Verdict


@dataclass
class MemoryMeter:
    """Keeps the jobs that ended."""

    generations: list[Generation] = field(default_factory=list)
    troubles: list[tuple[str, bool]] = field(default_factory=list)
    circuits: list[tuple[str, ModelId, bool]] = field(default_factory=list)
    payments: list[tuple[str, int]] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    unsigned_count: int = 0

    def ended(self, generation: Generation) -> None:
        self.generations.append(generation)

    def account_trouble(self, provider: str, *, troubled: bool) -> None:
        self.troubles.append((provider, troubled))

    def circuit(self, provider: str, model_id: ModelId, *, is_open: bool) -> None:
        self.circuits.append((provider, model_id, is_open))

    def paid(self, provider: str, model_id: ModelId, *, usd_micros: int) -> None:
        self.payments.append((provider, usd_micros))

    def moderated(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)

    def unsigned(self) -> None:
        self.unsigned_count += 1
