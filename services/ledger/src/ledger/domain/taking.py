"""Taking credits for good, other than by spending them: for money that went back, a debt, a correction."""

from collections.abc import Iterable, Iterator

from ledger.domain.account import Account
from ledger.domain.lot import Lot


def take(account: Account, lots: Iterable[Lot], amount: int) -> Iterator[tuple[Lot, int]]:
    """Take up to an amount, lot by lot; yield each as it was, with what was taken of it, for the journal."""
    left = amount
    for lot in lots:
        taken = min(left, lot.remaining)
        if taken == 0:
            return
        account.put(lot.take(taken))
        left -= taken
        yield lot, taken
