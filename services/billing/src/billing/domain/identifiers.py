"""Names of things, kept apart by type. What the payment processor named are its words, not ours."""

from typing import NewType

UserId = NewType("UserId", str)
CheckoutId = NewType("CheckoutId", str)
PurchaseId = NewType("PurchaseId", str)
PackId = NewType("PackId", str)
PlanId = NewType("PlanId", str)
SubscriptionId = NewType("SubscriptionId", str)
PromotionCode = NewType("PromotionCode", str)
RedemptionId = NewType("RedemptionId", str)
RefundOrderId = NewType("RefundOrderId", str)
ReferralCode = NewType("ReferralCode", str)
RewardId = NewType("RewardId", str)
# Of the person who orders a refund.
SignInId = NewType("SignInId", str)
# Of one call of the payment processor, however often it is repeated.
RequestId = NewType("RequestId", str)

# Of the payment processor.
CustomerId = NewType("CustomerId", str)
PageId = NewType("PageId", str)
PaymentId = NewType("PaymentId", str)
RefundId = NewType("RefundId", str)
DisputeId = NewType("DisputeId", str)
ProcessorSubscriptionId = NewType("ProcessorSubscriptionId", str)
InvoiceId = NewType("InvoiceId", str)
ArticleId = NewType("ArticleId", str)
EventId = NewType("EventId", str)
PaymentMethodId = NewType("PaymentMethodId", str)
ObjectId = NewType("ObjectId", str)
