"""Discounts: a coupon that was given to a subscription, for as long as it lasts."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.billing.periods import intervals_after
from standins.stripe.ids import new_id
from standins.stripe.store import Document


def new_discounts(
    change: Change, given: list[Document], *, customer: str | None, subscription: str | None
) -> list[str]:
    """Store a discount for each `{coupon, promotion_code}`; returns their ids."""
    ids: list[str] = []
    for each in given:
        coupon = change.require("coupon", each["coupon"])
        change.store.save({**coupon, "times_redeemed": coupon["times_redeemed"] + 1})
        if each["promotion_code"]:
            code = change.require("promotion_code", each["promotion_code"])
            change.store.save({**code, "times_redeemed": code["times_redeemed"] + 1})
        discount: Document = {
            "id": new_id("di"),
            "object": "discount",
            "checkout_session": None,
            "customer": customer,
            "end": _end(change, coupon),
            "invoice": None,
            "invoice_item": None,
            "promotion_code": each["promotion_code"],
            "source": {"coupon": coupon["id"], "type": "coupon"},
            "start": change.now,
            "subscription": subscription,
            "subscription_item": None,
        }
        change.store.save(discount)
        ids.append(discount["id"])
    return ids


def in_force(change: Change, ids: list[str], at: int) -> list[str]:
    """Return those of the discounts that have not ended."""
    found = [change.require("discount", each) for each in ids]
    return [each["id"] for each in found if each["end"] is None or each["end"] > at]


def coupon_behind(change: Change, ids: list[str]) -> Document | None:
    """Return the coupon of the only discount, if there is one."""
    if not ids:
        return None
    discount = change.require("discount", ids[0])
    return change.require("coupon", discount["source"]["coupon"])


def after_use(change: Change, ids: list[str]) -> list[str]:
    """Return what is left of the discounts after an invoice: those for one invoice are used up."""
    kept: list[str] = []
    for each in ids:
        coupon = coupon_behind(change, [each])
        if coupon and coupon["duration"] != "once":
            kept.append(each)
    return kept


def _end(change: Change, coupon: Document) -> int | None:
    months = coupon["duration_in_months"]
    return intervals_after(change.now, {"interval": "month", "interval_count": 1}, months) if months else None
