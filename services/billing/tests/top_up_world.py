"""Auto top-up for tests: an account whose balance a test plays, and a ledger that grants what was paid."""

from dataclasses import dataclass, field

from billing.application.hear_balance import HearBalance
from billing.application.read_auto_top_up import AutoTopUpView
from billing.application.set_auto_top_up import SeenBalance, SetAutoTopUp
from billing.domain.auto_top_up import AutoTopUp, ChargeStatus
from billing.domain.checkout import Purchase
from billing.domain.identifiers import CustomerId
from billing_support import BillingUnderTest

USER = "usr_1"
STARTER_CREDITS = 1_000


@dataclass
class Account:
    """One account: what was spent and bought of it, told to billing as the ledger tells it."""

    billing: BillingUnderTest
    user_id: str = USER
    available: int = 1_000
    sequence: int = 0
    granted: set[str] = field(default_factory=set)
    facts: list[HearBalance] = field(default_factory=list)

    async def customer(self) -> CustomerId:
        """The processor's customer of this account, who has bought nothing yet."""
        return await self.billing.pages.customers.of(self.user_id, email="ada@example.com")

    async def keep_card(self, bank: ChargeStatus = ChargeStatus.PAID) -> None:
        """A card whose bank answers like this."""
        self.billing.processor.keep_card(await self.customer(), bank=bank)

    async def want(
        self,
        *,
        is_on: bool = True,
        threshold: int = 100,
        most: int = 3,
        pack: str = "starter",
        seen: bool = False,
    ) -> None:
        """Ask for packs to be bought, with the balance as it is if it was `seen`."""
        await self.billing.set_auto_top_up(
            SetAutoTopUp(
                user_id=self.user_id,
                is_on=is_on,
                threshold_credits=threshold,
                pack_id=pack,
                purchases_max=most,
                balance=SeenBalance(available=self.available, sequence=self.sequence) if seen else None,
            )
        )

    def moves_to(self, available: int, *, payment_id: str | None = None) -> HearBalance:
        """The ledger's next fact about the account; it is not told yet."""
        self.sequence += 1
        self.available = available
        fact = HearBalance(
            user_id=self.user_id, available=available, sequence=self.sequence, payment_id=payment_id
        )
        self.facts.append(fact)
        return fact

    async def falls_to(self, available: int) -> None:
        """Credits are spent, and billing hears of it."""
        await self.billing.hear(self.moves_to(available))

    async def credits_arrive(self) -> None:
        """The ledger grants every purchase that it has not granted yet, and billing hears of it."""
        for purchase in await self.bought():
            if purchase.payment_id not in self.granted:
                self.granted.add(purchase.payment_id)
                await self.billing.hear(
                    self.moves_to(self.available + purchase.credits, payment_id=purchase.payment_id)
                )

    async def bought(self) -> list[Purchase]:
        """What was bought, newest first."""
        return await self.billing.purchases(self.user_id)

    async def standing(self) -> AutoTopUp:
        """How it stands."""
        view = (await self.view()).standing
        assert view is not None
        return view.auto_top_up

    async def view(self) -> AutoTopUpView:
        """What its owner is shown."""
        return await self.billing.read_auto_top_up(self.user_id)
