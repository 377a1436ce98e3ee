"""Credits that come and go by commands: grants, payments and what takes them back, corrections, renewals."""

from datetime import timedelta

from command_makers import adjust, claw_back, grant, renew
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from ledger.domain.lot import Category

from any_order.machine import ACCOUNTS, AMOUNTS, LedgerMachine

PAYMENTS = st.sampled_from(["pi_1", "pi_2", "pi_3"])
CAUSES = st.sampled_from(["refund", "refund:1", "dispute:dp_1", "dispute:dp_2"])
# A payment belongs to one account, as at a processor.
OWNERS = {"pi_1": "usr_1", "pi_2": "usr_1", "pi_3": "usr_2"}


class CreditRules(LedgerMachine):
    """Grants, payments, clawbacks, corrections and renewals."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, tuple[dict[str, int], set[str]]] = {}

    @rule(account=ACCOUNTS, amount=AMOUNTS, category=st.sampled_from(Category), lives=st.integers(0, 500),
          later=st.sampled_from([0, 0, 100]), priority=st.sampled_from([50, 100]))  # fmt: skip
    def grant(
        self, account: str, amount: int, category: Category, lives: int, later: int, priority: int
    ) -> None:
        """Add a lot that may expire, may start later and may go first."""
        now = self.ledger.clock.now()
        start = now + timedelta(seconds=later)
        self.apply(
            grant(
                account,
                amount,
                category,
                request_id=self.request("grant"),
                priority=priority,
                effective_at=start,
                expires_at=start + timedelta(seconds=lives) if lives else None,
            )
        )

    @rule(payment=PAYMENTS, amount=AMOUNTS)
    def pay(self, payment: str, amount: int) -> None:
        """A payment's one grant; told again with another amount it is refused."""
        self.apply(
            grant(OWNERS[payment], amount, Category.PAID, payment_id=payment, request_id=f"payment:{payment}")
        )

    @rule(payment=PAYMENTS, cause=CAUSES, takes=st.integers(0, 70), won=st.booleans())
    def claw_back(self, payment: str, cause: str, takes: int, won: bool) -> None:
        """Refunds and disputes in any interleaving, before and after the payment's grant."""
        outcome = self.apply(
            claw_back(
                OWNERS[payment], payment, cause, takes, reinstated=won, request_id=self.request("clawback")
            )
        )
        assert outcome is not None
        targets, reinstated = self.told.setdefault(payment, ({}, set()))
        targets[cause] = max(takes, targets.get(cause, 0))
        reinstated |= {cause} if won else set()

    @rule(account=ACCOUNTS, amount=st.integers(-60, 60).filter(bool))
    def adjust(self, account: str, amount: int) -> None:
        """A person's correction, up or down."""
        self.apply(adjust(account, amount, request_id=self.request("adjust")))

    @rule(account=ACCOUNTS, amount=AMOUNTS, period=st.integers(-2, 2))
    def renew(self, account: str, amount: int, period: int) -> None:
        """A subscription's period, sometimes told after a later one."""
        start = self.ledger.clock.now() + timedelta(seconds=100 * period)
        self.apply(
            renew(
                account,
                amount,
                request_id=self.request("renew"),
                effective_at=start,
                expires_at=start + timedelta(seconds=100),
            )
        )

    @invariant()
    def clawbacks_follow_their_causes(self) -> None:
        """What is taken follows from what was told, in whatever order it was told."""
        for payment, (targets, reinstated) in self.told.items():
            granted = sum(lot.amount for lot in self.store.lots.values() if lot.payment_id == payment)
            wanted = sum(target for cause, target in targets.items() if cause not in reinstated)
            assert self.store.clawbacks[payment].taken == min(granted, wanted)
