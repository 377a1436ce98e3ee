"""What billing refuses, each with a stable reason."""

from datetime import datetime
from typing import ClassVar


class BillingError(Exception):
    """A refusal. `reason` never changes; the message is for people."""

    reason: ClassVar[str] = "BILLING_ERROR"

    def __init__(self, message: str, **details: str) -> None:
        super().__init__(message)
        self.details = details


class InvalidField(BillingError):
    """A value is out of its bounds."""

    reason = "INVALID_FIELD"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}", field=field)
        self.field = field


class AccountGone(BillingError):
    """The account is erased: nothing new is made of it."""

    reason = "ACCOUNT_ERASED"

    def __init__(self) -> None:
        super().__init__("this account was deleted")


class AccountLeaving(BillingError):
    """The account is about to be erased: nothing is begun or renewed that costs money."""

    reason = "ACCOUNT_LEAVING"

    def __init__(self, erased_from: datetime) -> None:
        super().__init__(
            f"This account is deleted on {erased_from:%d %B %Y}. Take that back first.",
            erased_from=erased_from.isoformat(),
        )


class UnknownPack(BillingError):
    """No such pack is on sale."""

    reason = "UNKNOWN_PACK"


class PlanNotOnSale(BillingError):
    """No such plan is on sale, or not for this interval."""

    reason = "UNKNOWN_PLAN"


class PriceChanged(BillingError):
    """It costs something else than what was shown. Nothing was opened: look at the price again."""

    reason = "PRICE_CHANGED"


class SubscribedAlready(BillingError):
    """This user pays for a plan already: it is changed, and not bought once more."""

    reason = "SUBSCRIBED_ALREADY"


class PlanIsFree(BillingError):
    """This user pays for no plan: there is nothing to change, cancel or resume."""

    reason = "PLAN_IS_FREE"


class PaymentDeclined(BillingError):
    """The payment for a change was declined, so that nothing changed."""

    reason = "PAYMENT_DECLINED"


class SubscriptionNotFound(BillingError):
    """This user has no plan."""

    reason = "SUBSCRIPTION_NOT_FOUND"


class UnknownPromotion(BillingError):
    """There is no such code."""

    reason = "UNKNOWN_PROMOTION"


class PromotionEnded(BillingError):
    """The code has expired, or was redeemed by as many people as it was made for."""

    reason = "PROMOTION_ENDED"


class PromotionRedeemedBefore(BillingError):
    """This user has redeemed the code already."""

    reason = "PROMOTION_REDEEMED_BEFORE"


class NoPaymentMethod(BillingError):
    """The user has nothing saved to pay with."""

    reason = "NO_PAYMENT_METHOD"


class CheckoutNotFound(BillingError):
    """No such checkout, or it is another user's."""

    reason = "CHECKOUT_NOT_FOUND"


class PurchaseNotFound(BillingError):
    """There is no such purchase."""

    reason = "PURCHASE_NOT_FOUND"


class NothingLeftToRefund(BillingError):
    """All of a purchase's money is refunded, on its way back, or was never paid."""

    reason = "NOTHING_LEFT_TO_REFUND"


class NotAnAdmin(BillingError):
    """Only an administrator may do that."""

    reason = "NOT_AN_ADMIN"


class ReferralsOff(BillingError):
    """Nobody is rewarded for inviting here."""

    reason = "REFERRALS_OFF"


class UnknownReferralCode(BillingError):
    """Nobody invites by this code."""

    reason = "UNKNOWN_REFERRAL_CODE"


class ReferralRefused(BillingError):
    """Nobody invites themselves, nor whoever they were invited by."""

    reason = "REFERRAL_REFUSED"


class ReferralClaimedBefore(BillingError):
    """This user came by another's code already."""

    reason = "REFERRAL_CLAIMED_BEFORE"


class ReferralTooLate(BillingError):
    """This user has paid before: only who is new can be invited."""

    reason = "REFERRAL_TOO_LATE"


class IdempotencyKeyReused(BillingError):
    """The key was used before, for something else."""

    reason = "IDEMPOTENCY_KEY_REUSED"


class InvalidSignature(BillingError):
    """The webhook was not signed by the payment processor, or is too old. Nothing was stored."""

    reason = "INVALID_SIGNATURE"


class InvalidWebhook(BillingError):
    """The payment processor signed something that is no event. Nothing was stored."""

    reason = "INVALID_WEBHOOK"


class PaymentProcessorUnavailable(BillingError):
    """The payment processor did not answer, or is overloaded. It passes: try again."""

    reason = "PAYMENT_PROCESSOR_UNAVAILABLE"


class PaymentProcessorMisconfigured(BillingError):
    """The payment processor refuses us, whatever we ask: our key, our account or our address for it is wrong.

    It stays until an operator mends it, and is no caller's fault and no payment's.
    """

    reason = "PAYMENT_PROCESSOR_MISCONFIGURED"


class PaymentProcessorRefused(BillingError):
    """The payment processor refused this very request, and would refuse it again."""

    reason = "PAYMENT_PROCESSOR_REFUSED"


class UnknownToProcessor(PaymentProcessorRefused):
    """The payment processor has no object with the id that it was asked for."""

    reason = "UNKNOWN_TO_PAYMENT_PROCESSOR"


class CustomerUnknownToProcessor(UnknownToProcessor):
    """The payment processor has no such customer: deleted there, or made under another key."""

    reason = "CUSTOMER_UNKNOWN_TO_PAYMENT_PROCESSOR"


class PurchaseNotKnownYet(BillingError):
    """Money of a payment of ours went back before the payment itself was told. Try again."""

    reason = "PURCHASE_NOT_KNOWN_YET"
