"""Discounts as callers give them."""

from __future__ import annotations

from standins.stripe.account import Change
from standins.stripe.parameters import Nested
from standins.stripe.store import Document


class Discount(Nested):
    """What is taken off: by a coupon, or by the code that stands for one."""

    coupon: str | None = None
    promotion_code: str | None = None


def found_discounts(change: Change, given: list[Discount]) -> list[Document]:
    """Return each as `{coupon, promotion_code}`; refuses what does not exist."""
    found: list[Document] = []
    for index, each in enumerate(given):
        param = f"discounts[{index}]"
        coupon, code = each.coupon, each.promotion_code
        if code is not None:
            promotion = change.require("promotion_code", code, param=f"{param}[promotion_code]")
            coupon = promotion["promotion"]["coupon"]
        change.require("coupon", coupon or "", param=f"{param}[coupon]")
        found.append({"coupon": coupon, "promotion_code": code})
    return found
