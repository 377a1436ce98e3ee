"""Say which providers a worker leaves alone."""

from dataclasses import dataclass

from generation.application.provider_gate import ProviderGate
from generation.ports.pause_board import PauseBoard


@dataclass(frozen=True)
class TellPausesHandler:
    """Says all of it each time: who hears it for the first time misses nothing."""

    gate: ProviderGate
    board: PauseBoard
    worker: str

    async def __call__(self) -> None:
        """Say it, also that there is nothing."""
        await self.board.tell(self.worker, self.gate.pauses())
