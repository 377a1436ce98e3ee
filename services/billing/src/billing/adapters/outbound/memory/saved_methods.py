"""Payments without the customer, in memory: a test says what the bank does."""

from billing.domain.auto_top_up import Charge, ChargeStatus, SavedMethod
from billing.domain.checkout import Checkout
from billing.domain.identifiers import CheckoutId, CustomerId, PaymentId, PaymentMethodId
from billing.domain.refund import ProcessorPayment


class MemorySavedMethods:
    """Implements SavedMethods; every attempt that a bank heard of is in `attempts`."""

    payments: dict[str, ProcessorPayment]
    gone: set[str]

    def __init__(self) -> None:
        super().__init__()
        self.methods: dict[CustomerId, SavedMethod] = {}
        # What the bank says to each payment method; PAID to one that is not here.
        self.banks: dict[str, ChargeStatus] = {}
        self.charges: dict[CheckoutId, tuple[Checkout, Charge]] = {}
        self.attempts: list[CheckoutId] = []

    def keep_card(
        self, customer_id: CustomerId, *, last4: str = "4242", bank: ChargeStatus = ChargeStatus.PAID
    ) -> None:
        """Play a customer who keeps a card, instead of any other."""
        method = SavedMethod(
            method_id=PaymentMethodId(f"pm_{customer_id}_{last4}"), brand="visa", last4=last4
        )
        self.methods[customer_id], self.banks[method.method_id] = method, bank

    async def saved_method(self, customer_id: CustomerId) -> SavedMethod | None:
        """Return the card."""
        self._require_answer()
        return None if customer_id in self.gone else self.methods.get(customer_id)

    async def charge_saved_method(self, checkout: Checkout, *, customer_id: CustomerId) -> Charge:
        """Ask the bank, once a checkout."""
        self._require_answer()
        if checkout.checkout_id in self.charges:
            return self.charges[checkout.checkout_id][1]
        method = await self.saved_method(customer_id)
        if method is None:
            return Charge(status=ChargeStatus.NO_METHOD)
        self.attempts.append(checkout.checkout_id)
        charge = Charge(
            status=self.banks[method.method_id], payment_id=PaymentId(f"pi_top_up_{len(self.attempts)}")
        )
        self.charges[checkout.checkout_id] = checkout, charge
        if charge.status is ChargeStatus.PAID:
            self._note_paid(checkout, charge)
        return charge

    def arrive(self, checkout_id: CheckoutId) -> None:
        """Play money that was on its way and arrives."""
        checkout, charge = self.charges[checkout_id]
        paid = Charge(status=ChargeStatus.PAID, payment_id=charge.payment_id)
        self.charges[checkout_id] = checkout, paid
        self._note_paid(checkout, paid)

    def _note_paid(self, checkout: Checkout, charge: Charge) -> None:
        payment_id = charge.payment_id or PaymentId("")
        self.payments[payment_id] = ProcessorPayment(
            payment_id=payment_id, reference=checkout.checkout_id, refunds=()
        )
        self._note_created(payment_id)

    def _require_answer(self) -> None:
        raise NotImplementedError

    def _note_created(self, object_id: str) -> None:
        raise NotImplementedError
