"""`python -m generation margin`: what is left of what users were charged, for a person at a terminal."""

import argparse
import csv
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from generation.application.read_margin import LINES_MAX, ReadMargin, ReadMarginHandler
from generation.domain.identifiers import ModelId
from generation.domain.margin import CREDIT_USD_MICROS, Margin, MarginGrouping
from generation.domain.usage import UsageFilter

COLUMNS = (
    "day", "model", "provider", "job", "attempts", "credits", "revenue_usd", "cost_usd", "margin_usd",
    "unknown_costs",
)  # fmt: skip
MICROS = Decimal(1_000_000)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command understands."""
    parser.add_argument(
        "--by",
        action="append",
        choices=list(MarginGrouping),
        help="put tries together; may come several times; unset: by day and model",
    )
    parser.add_argument("--from", dest="since", type=_moment, help="a day or a moment, UTC")
    parser.add_argument("--to", dest="until", type=_moment, help="before this day or moment")
    parser.add_argument("--model", help="only of this model")
    parser.add_argument("--provider", help="only of this provider")
    parser.add_argument(
        "--credit-usd", type=_micros, default=CREDIT_USD_MICROS, help="what a credit counts as; unset: 0.01"
    )
    parser.add_argument("--limit", type=int, default=LINES_MAX, help=f"lines, at most {LINES_MAX}")
    parser.add_argument("--csv", action="store_true", help="a table for a program")


async def run(options: argparse.Namespace, read: ReadMarginHandler) -> int:
    """Print what was asked for; return the exit code."""
    wanted = UsageFilter(
        model_id=ModelId(options.model) if options.model else None,
        provider=options.provider,
        started_from=options.since,
        started_before=options.until,
    )
    by = {MarginGrouping(word) for word in options.by or (MarginGrouping.DAY, MarginGrouping.MODEL)}
    margins = await read(
        ReadMargin(wanted=wanted, by=by, credit_usd_micros=options.credit_usd, limit=max(1, options.limit))
    )
    shown = [name for name in COLUMNS if name not in list(MarginGrouping) or name in by]
    rows = [shown, *([row[name] for name in shown] for row in map(_row, margins))]
    if options.csv:
        csv.writer(sys.stdout).writerows(rows)
    else:
        sys.stdout.writelines(_aligned(rows))
        if any(margin.unknown_costs for margin in margins):
            sys.stdout.write("where costs are unknown, a margin is at most what it says\n")
    return 0


def _row(margin: Margin) -> dict[str, str]:
    return {
        "day": margin.day.isoformat() if margin.day else "",
        "model": margin.model_id or "",
        "provider": margin.provider or "",
        "job": margin.generation_id or "",
        "attempts": str(margin.attempts),
        "credits": str(margin.credits),
        "revenue_usd": _usd(margin.revenue_usd_micros),
        "cost_usd": _usd(margin.cost_usd_micros),
        "margin_usd": _usd(margin.usd_micros),
        "unknown_costs": str(margin.unknown_costs),
    }


def _usd(micros: int) -> str:
    return f"{Decimal(micros) / MICROS:.6f}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in rows]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no day or moment, such as 2027-01-31") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _micros(text: str) -> int:
    try:
        return int(Decimal(text) * MICROS)
    except (InvalidOperation, ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text} is no amount, such as 0.01") from None
