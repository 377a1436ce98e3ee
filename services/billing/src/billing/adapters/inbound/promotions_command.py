"""`python -m billing promotions`: codes that people redeem for credits, for a person at a terminal."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from billing.application.add_promotion import AddPromotion, AddPromotionHandler
from billing.application.end_promotion import EndPromotionHandler
from billing.application.list_promotions import ListPromotionsHandler
from billing.domain.errors import BillingError
from billing.domain.promotion import Promotion


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command understands."""
    actions = parser.add_subparsers(dest="action", required=True)
    added = actions.add_parser("add", help="make a code; what it gives never changes afterwards")
    added.add_argument("code", help="4 to 40 letters, digits or -")
    added.add_argument("--credits", type=int, required=True, help="what everybody gets who redeems it")
    added.add_argument("--credits-last-days", type=int, help="how long they last; unset: for ever")
    added.add_argument("--valid-until", type=_moment, help="a day or a moment, UTC; unset: without end")
    added.add_argument("--limit", type=int, help="how many people may redeem it; unset: everybody, once")
    actions.add_parser("list", help="list codes, the newest first")
    ended = actions.add_parser("end", help="let nobody redeem a code from now on")
    ended.add_argument("code")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no day or moment, such as 2027-01-31") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def run(
    options: argparse.Namespace,
    *,
    add: AddPromotionHandler,
    end: EndPromotionHandler,
    list_promotions: ListPromotionsHandler,
) -> int:
    """Do what was asked; returns the exit code: 1 when it is refused."""
    try:
        match options.action:
            case "add":
                promotions: Sequence[Promotion] = [
                    await add(
                        AddPromotion(
                            code=options.code,
                            credits=options.credits,
                            credits_last_days=options.credits_last_days,
                            valid_until=options.valid_until,
                            redemptions_max=options.limit,
                        )
                    )
                ]
            case "end":
                promotions = [await end(options.code)]
            case _:
                promotions = await list_promotions()
    except BillingError as refusal:
        sys.stderr.write(f"{refusal.reason}: {refusal}\n")
        return 1
    sys.stdout.writelines(f"{_line(promotion)}\n" for promotion in promotions)
    if not promotions:
        sys.stdout.write("no codes yet: promotions add CODE --credits 100\n")
    return 0


def _line(promotion: Promotion) -> str:
    most = "" if promotion.redemptions_max is None else f" of {promotion.redemptions_max}"
    lasts = f", lasting {promotion.credits_last.days} days" if promotion.credits_last else ""
    until = f", until {promotion.valid_until:%Y-%m-%d %H:%M} UTC" if promotion.valid_until else ""
    redeemed = f"redeemed {promotion.redemptions}{most} times"
    return f"{promotion.code}: {promotion.credits} credits{lasts}{until}; {redeemed}"
