"""What a part of a payment's money is worth in credits. Pure."""

from billing.domain.checkout import Purchase


def credits_of(purchase: Purchase, amount_minor: int) -> int:
    """Return the credits that a part of the money bought, rounded down: all of it bought all of them."""
    part_minor = min(amount_minor, purchase.amount_minor)
    return purchase.credits * part_minor // purchase.amount_minor if part_minor > 0 else 0
