"""When the payment processor is asked about a checkout that no webhook speaks of. Pure."""

from datetime import datetime, timedelta

from billing.domain.checkout import Checkout, CheckoutStatus

# A page is paid within minutes or never: the older it is, the seldomer it is asked about.
_SHARE_OF_AGE = 8
_PAUSE_MIN, _PAUSE_MAX = timedelta(seconds=5), timedelta(hours=1)
# A page that has expired is asked about once more, when the processor surely knows it.
_AFTER_EXPIRY = timedelta(minutes=1)
# Banks take days, none takes months.
_GIVEN_UP_AFTER = timedelta(days=60)


def next_check(checkout: Checkout, now: datetime) -> datetime | None:
    """Return when to ask about a checkout next, None when nothing is expected of it any more."""
    age = now - checkout.opened_at
    if checkout.is_settled or checkout.page_id is None or age > _GIVEN_UP_AFTER:
        return None
    due = now + min(max(age / _SHARE_OF_AGE, _PAUSE_MIN), _PAUSE_MAX)
    if checkout.status is CheckoutStatus.OPEN and checkout.expires_at is not None:
        surely_expired = checkout.expires_at + _AFTER_EXPIRY
        return min(due, surely_expired) if now < surely_expired else due
    return due
