"""Clawbacks: what is taken back of a payment's credits because its money went back."""

from dataclasses import dataclass, field

from ledger.domain.identifiers import AccountId, PaymentId


@dataclass(slots=True)
class Clawback:
    """One payment's clawback, shared by everything that sends its money back.

    Every cause (`refund`, `dispute:<id>`) states how much it takes in all. A cause's target only grows,
    until it is reinstated for good. What is in force follows from the set of causes alone, so the order
    in which they are told does not matter, and no credit is taken twice. `granted` is 0 until the
    payment's own grant has arrived.
    """

    payment_id: PaymentId
    account_id: AccountId
    granted: int = 0
    targets: dict[str, int] = field(default_factory=dict)
    reinstated: list[str] = field(default_factory=list)
    taken: int = 0
    from_own_lot: int = 0

    def tell(self, cause: str, target: int, *, reinstated: bool) -> None:
        """Record what a cause takes in all, or that it never takes again."""
        self.targets[cause] = max(target, self.targets.get(cause, 0))
        if reinstated and cause not in self.reinstated:
            self.reinstated.append(cause)

    def target(self) -> int:
        """Return what all causes together take: at most what was granted."""
        wanted = sum(target for cause, target in self.targets.items() if cause not in self.reinstated)
        return min(self.granted, wanted)
