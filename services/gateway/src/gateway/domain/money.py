"""Money in minor units: what one of them is worth, by currency."""

from decimal import Decimal

# ISO 4217's currencies whose smallest unit is not a hundredth.
_WITHOUT_UNITS = frozenset(
    {"bif", "clp", "djf", "gnf", "isk", "jpy", "kmf", "krw", "pyg", "rwf", "ugx", "uyi", "vnd", "vuv"}
    | {"xaf", "xof", "xpf"}
)
_WITH_THOUSANDTHS = frozenset({"bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"})


def amount_of(minor: int, currency: str) -> Decimal:
    """Return an amount in the currency's own unit: 1000 is 10 dollars, 1000 yen and 1 dinar of Kuwait."""
    code = currency.lower()
    digits = 0 if code in _WITHOUT_UNITS else 3 if code in _WITH_THOUSANDTHS else 2
    return Decimal(minor).scaleb(-digits)
