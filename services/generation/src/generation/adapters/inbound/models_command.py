"""`python -m generation models`: what is on offer, and why the rest is not, for a person at a terminal."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from generation.domain.model import Listed, Readiness

COLUMNS = ("model", "category", "price", "offered", "providers")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command understands."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(options: argparse.Namespace, listed: Sequence[Listed]) -> int:
    """Print every model; return the exit code."""
    if options.json:
        sys.stdout.writelines(json.dumps(_document(each)) + "\n" for each in listed)
        return 0
    rows = [COLUMNS, *(_row(each) for each in listed)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sys.stdout.writelines("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in rows)
    return 0


def why(name: str, provider: Readiness) -> str:
    """Say how a provider stands."""
    if not provider.is_known:
        return f"not in GENERATION_PROVIDERS, where it is {name}:KIND, such as {name}:openai"
    if provider.is_in_use:
        return f"needs {', '.join(provider.lacks)}" if provider.lacks else "ready"
    lacks = f", needs {', '.join(provider.lacks)}" if provider.lacks else ""
    return f"not in GENERATION_PROVIDERS{lacks}"


def _row(listed: Listed) -> tuple[str, ...]:
    model = listed.model
    providers = "; ".join(f"{name}: {why(name, provider)}" for name, provider in listed.providers.items())
    return (
        model.model_id,
        model.category,
        model.tariff.summary,
        "yes" if listed.is_offered else "no",
        providers,
    )


def _document(listed: Listed) -> dict[str, Any]:
    model = listed.model
    return {
        "model": model.model_id,
        "title": model.title,
        "category": model.category,
        "price": model.tariff.summary,
        "requires": model.requires,
        "offered": listed.is_offered,
        "providers": {
            name: {"in_use": provider.is_in_use, "lacks": list(provider.lacks), "why": why(name, provider)}
            for name, provider in listed.providers.items()
        },
    }
