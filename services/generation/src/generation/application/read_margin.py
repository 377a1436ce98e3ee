"""Compares what users were charged with what providers cost."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from generation.domain.margin import CREDIT_USD_MICROS, Margin, MarginGrouping
from generation.domain.usage import UsageFilter
from generation.ports.unit_of_work import UnitsOfWork

LINES_MAX = 1_000


@dataclass(frozen=True, kw_only=True)
class ReadMargin:
    """Which tries, and by what they are put together.

    A credit counts as `credit_usd_micros`, whatever its buyer paid for it and whether anybody did.
    """

    wanted: UsageFilter
    by: Collection[MarginGrouping]
    credit_usd_micros: int = CREDIT_USD_MICROS
    limit: int = LINES_MAX


@dataclass(frozen=True)
class ReadMarginHandler:
    """Sees every account: for operators, never for users."""

    units: UnitsOfWork

    async def __call__(self, asked: ReadMargin) -> Sequence[Margin]:
        """Return tries put together, the newest day first and then where least is left."""
        async with self.units.of_system() as work:
            return await work.usage_log.margins(
                asked.wanted,
                by=asked.by,
                credit_usd_micros=asked.credit_usd_micros,
                limit=min(asked.limit, LINES_MAX),
            )
