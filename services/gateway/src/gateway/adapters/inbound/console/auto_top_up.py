"""The part of `/billing` where people say that packs are bought by themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request

from gateway.adapters.inbound.console.checkout import for_buyers, seen_price
from gateway.adapters.inbound.console.languages import gettext_noop, language_of
from gateway.adapters.inbound.deps import Deps
from gateway.domain.auto_top_up import AutoTopUp, AutoTopUpWish
from gateway.domain.errors import FieldProblem, GatewayError, InvalidRequest
from gateway.domain.identifiers import PackId, UserId
from gateway.domain.price import Price

THRESHOLD_SUGGESTED, PURCHASES_SUGGESTED = 200, 3
THRESHOLD_MAX, PURCHASES_MAX = 1_000_000_000, 100
_WRONG = {
    "threshold_credits": gettext_noop("A whole number from 1 on, such as 200."),
    "monthly_purchases_max": gettext_noop("A whole number from 1 to 100."),
}
_REFUSED = {
    "NO_PAYMENT_METHOD": gettext_noop(
        "You have no saved card that could pay. Buy a pack, and turn it on afterwards."
    ),
    "UNKNOWN_PACK": gettext_noop("That pack is not on sale any more. Choose another."),
}


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What was typed into the form, as it was."""

    threshold_credits: str
    pack: str
    monthly_purchases_max: str
    # What the page said that packs cost, such as `starter:1000:usd`.
    seen: Sequence[str] = ()


async def auto_top_up_of(deps: Deps, user_id: UserId) -> AutoTopUp | None:
    """Return how it stands; None when billing can't say, which hides nothing else of the page."""
    try:
        return await deps.billing.auto_top_up(user_id)
    except GatewayError:
        return None


def wish_of(request: Request, typed: Typed, *, is_on: bool) -> AutoTopUpWish:
    """Return what is wanted. Raises InvalidRequest with what is wrong beside each field."""
    threshold = _number(typed.threshold_credits, THRESHOLD_MAX)
    most = _number(typed.monthly_purchases_max, PURCHASES_MAX)
    problems = [
        FieldProblem(field, language_of(request).say(_WRONG[field]))
        for field, value in (("threshold_credits", threshold), ("monthly_purchases_max", most))
        if value is None
    ]
    if threshold is None or most is None:
        raise InvalidRequest(problems[0].detail, fields=problems)
    return AutoTopUpWish(
        is_on=is_on,
        threshold_credits=threshold,
        pack_id=PackId(typed.pack),
        monthly_purchases_max=most,
        expected_price=_seen(typed),
    )


def for_people(request: Request, refusal: GatewayError) -> GatewayError:
    """Return a refusal in a person's words; what is wrong with the pack stands beside it."""
    refusal = for_buyers(request, refusal)
    said = _REFUSED.get(refusal.reason)
    if said is None:
        return refusal
    wrong = language_of(request).say(said)
    field = "pack" if refusal.reason == "UNKNOWN_PACK" else ""
    return InvalidRequest(wrong, fields=[FieldProblem(field, wrong)] if field else [])


def shown(known: AutoTopUp | None, typed: Typed | None) -> Mapping[str, object]:
    """Return what the form holds: what was typed, else what is wanted, else what is suggested."""
    if typed is not None:
        return vars(typed)
    return {
        "threshold_credits": (known and known.threshold_credits) or THRESHOLD_SUGGESTED,
        "pack": (known and known.pack_id) or "",
        "monthly_purchases_max": (known and known.monthly_purchases_max) or PURCHASES_SUGGESTED,
    }


def _seen(typed: Typed) -> Price | None:
    """Return what the page said that the chosen pack costs; None of a page that is older than that field."""
    for said in typed.seen:
        pack_id, _, price = said.partition(":")
        price_minor, _, currency = price.partition(":")
        if pack_id == typed.pack:
            return seen_price(price_minor, currency)
    return None


def _number(text: str, most: int) -> int | None:
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(most))):
        return None
    return int(digits) if 1 <= int(digits) <= most else None
