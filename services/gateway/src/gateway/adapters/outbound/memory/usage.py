"""The part of generation in memory about what models cost an account."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from gateway.adapters.outbound.memory.generation_state import MemoryGenerationState
from gateway.domain.errors import InvalidRequest
from gateway.domain.identifiers import AccountId, ModelId
from gateway.domain.usage import ModelUsage


class MemoryUsage(MemoryGenerationState):
    """Sums of what was charged, or the failure that a test wants."""

    async def usage(self, account_id: AccountId, *, bounds: Sequence[datetime]) -> Sequence[ModelUsage]:
        """See Generations."""
        if self.failure:
            raise self.failure
        if not 2 <= len(bounds) <= 400 or any(later <= earlier for earlier, later in pairwise(bounds)):
            raise InvalidRequest("The bounds must be 2 to 400 that grow.", reason="INVALID_INPUT")
        costs: dict[tuple[int, ModelId], list[int]] = {}
        for job in self.charged:
            if job.account_id == account_id and job.finished_at:
                period = bisect_right(bounds, job.finished_at) - 1
                costs.setdefault((period, job.model_id), []).append(job.credits_charged)
        return [
            ModelUsage(period=period, model_id=model_id, credits=sum(each), generations=len(each))
            for (period, model_id), each in sorted(costs.items())
            if 0 <= period < len(bounds) - 1
        ]
