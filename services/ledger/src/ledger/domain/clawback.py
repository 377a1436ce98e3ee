"""Clawbacks: what is taken back of a payment's credits because its money went back."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, Self

from ledger.domain.identifiers import AccountId, PaymentId

_NO_TARGETS: Mapping[str, int] = MappingProxyType({})


class Clawback(NamedTuple):
    """One payment's clawback, shared by everything that sends its money back.

    Every cause (`refund`, `dispute:<id>`) states how much it takes in all. A cause's target only grows,
    until it is reinstated for good. What is in force follows from the set of causes alone, so the order
    in which they are told does not matter, and no credit is taken twice. `granted` is 0 until the
    payment's own grant has arrived. Each movement returns the clawback as it is after it.
    """

    payment_id: PaymentId
    account_id: AccountId
    granted: int = 0
    targets: Mapping[str, int] = _NO_TARGETS
    reinstated: tuple[str, ...] = ()
    taken: int = 0
    from_own_lot: int = 0

    def tell(self, cause: str, target: int, *, reinstated: bool) -> Self:
        """Record what a cause takes in all, or that it never takes again."""
        targets = {**self.targets, cause: max(target, self.targets.get(cause, 0))}
        is_new = reinstated and cause not in self.reinstated
        return self._replace(
            targets=targets, reinstated=(*self.reinstated, cause) if is_new else self.reinstated
        )

    def grant(self, amount: int) -> Self:
        """Record that the payment's own grant has arrived."""
        return self._replace(granted=amount)

    def move(self, amount: int, *, from_own_lot: int) -> Self:
        """Record what was taken, and how much of it from the payment's own lot; below zero, given back."""
        return self._replace(taken=self.taken + amount, from_own_lot=self.from_own_lot + from_own_lot)

    def target(self) -> int:
        """Return what all causes together take: at most what was granted."""
        wanted = sum(target for cause, target in self.targets.items() if cause not in self.reinstated)
        return min(self.granted, wanted)
