"""Amounts as people read them."""

from __future__ import annotations

_ZERO_DECIMAL = "bif clp jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"
ZERO_DECIMAL = frozenset(_ZERO_DECIMAL.split())
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}


def money(amount_minor: int, currency: str) -> str:
    """Write an amount as a person reads it."""
    sign, size = ("−" if amount_minor < 0 else ""), abs(amount_minor)
    number = f"{size:,}" if currency in ZERO_DECIMAL else f"{size / 100:,.2f}"
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {currency.upper()}"
