"""When a paid plan is looked at next. Pure."""

from datetime import datetime, timedelta

from billing.domain.subscription import Subscription

# What is changed on the processor's own pages and told by no webhook is seen after this.
_USUAL = timedelta(hours=6)
# Money that is late: the longer it is, the seldomer it is asked for.
_SHARE_OF_WAIT = 8
_PAUSE_MIN, _PAUSE_MAX = timedelta(minutes=1), timedelta(hours=1)


def next_look(subscription: Subscription, now: datetime) -> datetime:
    """Return when to look: at the next month's beginning at the latest, soon while a month is not paid."""
    month = subscription.month(now)
    paid = subscription.paid
    is_told = subscription.allocated_from is not None and subscription.allocated_from >= month.start
    if paid is not None and now >= paid.period_end:
        # The processor takes a moment to begin the next period.
        return now + _pause(now - paid.period_end)
    if not is_told:
        return min(now + _pause(now - month.start), max(month.end, now + _PAUSE_MIN))
    return min(now + _USUAL, month.end)


def _pause(waited: timedelta) -> timedelta:
    return min(max(waited / _SHARE_OF_WAIT, _PAUSE_MIN), _PAUSE_MAX)
