"""Use case: send a purchase's money back, whole or in part, on somebody's word."""

from dataclasses import dataclass
from datetime import timedelta

from billing.application.bounds import require_text
from billing.application.make_refund import RefundMaker
from billing.domain.checkout import Purchase
from billing.domain.errors import (
    IdempotencyKeyReused,
    InvalidField,
    NothingLeftToRefund,
    PaymentProcessorRefused,
    PurchaseNotFound,
)
from billing.domain.events import RefundOrdered
from billing.domain.identifiers import PurchaseId, RefundOrderId, SignInId
from billing.domain.purchase_standing import PurchaseStanding
from billing.domain.refund_order import RefundOrder, RefundOrderState, left_to_refund
from billing.ports.clock import Clock
from billing.ports.id_source import IdSource
from billing.ports.unit_of_work import BillingReader, UnitsOfWork

REASON_MAX = 200
# Longer than a call to the processor takes with its repetitions: nobody else carries it on before.
CARRIED_ON_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class RefundPurchase:
    """How much of which purchase, and who says why; None is all that is left.

    Without a key every call is an order of its own.
    """

    purchase_id: PurchaseId
    amount_minor: int | None
    reason: str
    actor: str
    idempotency_key: str | None
    sign_in_id: SignInId | None = None
    client_address: str | None = None


@dataclass(frozen=True, kw_only=True)
class Refunded:
    """The purchase as it stands now, the order, and whether this key had ordered it before."""

    standing: PurchaseStanding
    order: RefundOrder
    replayed: bool


@dataclass(frozen=True)
class RefundPurchaseHandler:
    """Commits the order before it asks the processor: a crash in between refunds no second time.

    The credits go back by the way of every refund, once the processor says that the money does.
    """

    units: UnitsOfWork
    reader: BillingReader
    maker: RefundMaker
    clock: Clock
    ids: IdSource

    async def __call__(self, command: RefundPurchase) -> Refunded:
        """Refund it. Two at once never refund more than was paid.

        Raises InvalidField, PurchaseNotFound, NothingLeftToRefund, IdempotencyKeyReused, and what the
        processor's port does: after PaymentProcessorUnavailable the order stays, and is carried on.
        """
        self._validate(command)
        order, replayed = await self._ordered(command)
        if order.state is RefundOrderState.OPEN:
            order = await self.maker.make(order)
        elif order.state is RefundOrderState.REFUSED:
            raise PaymentProcessorRefused(order.refusal or "the payment processor refused")
        standing = await self.reader.purchase(command.purchase_id)
        if standing is None:
            raise RuntimeError(f"purchase {command.purchase_id} was committed and is gone")
        return Refunded(standing=standing, order=order, replayed=replayed)

    async def _ordered(self, command: RefundPurchase) -> tuple[RefundOrder, bool]:
        async with self.units.of_system() as work:
            purchase = await work.purchase(command.purchase_id)
            if purchase is None:
                raise PurchaseNotFound(f"no purchase {command.purchase_id}")
            orders = await work.refund_orders(purchase.purchase_id)
            for known in orders:
                # Two people may use the same word by chance: a key is whose it is.
                if (known.actor, known.idempotency_key) == (command.actor, command.idempotency_key):
                    if (known.asked_minor, known.reason) != (command.amount_minor, command.reason):
                        raise IdempotencyKeyReused("this key ordered another refund before")
                    return known, True
            refunds = await work.refunds_of(purchase.purchase_id)
            left_minor = left_to_refund(purchase, refunds, orders)
            order = self._new(command, purchase, left_minor)
            await work.add_refund_order(order)
            await work.publish(
                RefundOrdered(
                    order=order,
                    left_minor=left_minor,
                    currency=purchase.currency,
                    sign_in_id=command.sign_in_id,
                    client_address=command.client_address,
                    occurred_at=order.created_at,
                )
            )
        return order, False

    def _new(self, command: RefundPurchase, purchase: Purchase, left_minor: int) -> RefundOrder:
        if left_minor == 0:
            raise NothingLeftToRefund("nothing is left of this purchase to be refunded")
        amount_minor = left_minor if command.amount_minor is None else command.amount_minor
        if amount_minor > left_minor:
            raise InvalidField("amount_minor", f"must be at most {left_minor}, which is what is left")
        now, order_id = self.clock.now(), RefundOrderId(self.ids.new("rfo"))
        return RefundOrder(
            order_id=order_id,
            purchase_id=purchase.purchase_id,
            user_id=purchase.user_id,
            payment_id=purchase.payment_id,
            asked_minor=command.amount_minor,
            amount_minor=amount_minor,
            reason=command.reason,
            actor=command.actor,
            idempotency_key=order_id if command.idempotency_key is None else command.idempotency_key,
            created_at=now,
            due_at=now + CARRIED_ON_AFTER,
        )

    def _validate(self, command: RefundPurchase) -> None:
        require_text("purchase_id", command.purchase_id)
        require_text("reason", command.reason, longest=REASON_MAX)
        require_text("actor", command.actor)
        if command.idempotency_key is not None:
            require_text("idempotency_key", command.idempotency_key)
        if command.amount_minor is not None and command.amount_minor < 1:
            raise InvalidField("amount_minor", "must be at least 1")
