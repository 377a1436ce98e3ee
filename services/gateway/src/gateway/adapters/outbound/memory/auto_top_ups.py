"""Auto top-up in memory: what people want, and what a test lets become of it."""

from collections.abc import Sequence
from dataclasses import replace

from gateway.domain.auto_top_up import (
    AutoTopUp,
    AutoTopUpStatus,
    AutoTopUpStopReason,
    AutoTopUpWish,
    SavedMethod,
)
from gateway.domain.credits import Balance
from gateway.domain.errors import Conflict, FieldProblem, InvalidRequest, NotFound, PriceChanged
from gateway.domain.identifiers import UserId
from gateway.domain.price import Price
from gateway.domain.purchase import Pack

_NEVER_ASKED = AutoTopUp(
    status=AutoTopUpStatus.OFF,
    threshold_credits=0,
    pack_id=None,
    monthly_purchases_max=0,
    reason=None,
    purchases_this_month=0,
    in_progress=False,
    method=None,
    url=None,
)
_BOUNDS = {"threshold_credits": 1_000_000_000, "monthly_purchases_max": 100}


class MemoryAutoTopUps:
    """What everybody wants; nothing is bought before a test says so."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._prices = {
            pack.pack_id: Price(price_minor=pack.price_minor, currency=pack.currency) for pack in packs
        }
        self.known: dict[UserId, AutoTopUp] = {}
        self.methods: dict[UserId, SavedMethod] = {}
        self.seen: dict[UserId, Balance | None] = {}

    def of(self, user_id: UserId) -> AutoTopUp:
        """Return how it stands for a user."""
        return replace(self.known.get(user_id, _NEVER_ASKED), method=self.methods.get(user_id))

    def want(self, user_id: UserId, wish: AutoTopUpWish, *, balance: Balance | None) -> AutoTopUp:
        """Write what a user wants. Raises InvalidRequest, NotFound and Conflict."""
        for field, most in _BOUNDS.items():
            if not 1 <= getattr(wish, field) <= most:
                problem = FieldProblem(field, f"must be from 1 to {most:,}")
                raise InvalidRequest("A field breaks a rule.", reason="INVALID_FIELD", fields=[problem])
        asked = self._prices.get(wish.pack_id)
        if asked is None:
            raise NotFound("There is no such pack.", reason="UNKNOWN_PACK")
        if wish.is_on and wish.expected_price not in (None, asked):
            raise PriceChanged("It costs something else by now.", price=asked)
        if wish.is_on and user_id not in self.methods:
            raise Conflict("nothing is saved to pay with", reason="NO_PAYMENT_METHOD")
        self.seen[user_id] = balance
        self.known[user_id] = replace(
            self.of(user_id),
            status=AutoTopUpStatus.ACTIVE if wish.is_on else AutoTopUpStatus.OFF,
            threshold_credits=wish.threshold_credits,
            pack_id=wish.pack_id,
            monthly_purchases_max=wish.monthly_purchases_max,
            reason=None,
            url=None,
            accepted_price=asked if wish.is_on else self.of(user_id).accepted_price,
        )
        return self.of(user_id)

    def stop(self, user_id: UserId, reason: AutoTopUpStopReason, *, url: str | None = None) -> None:
        """Stop it, as billing does when a payment fails."""
        asks = reason is AutoTopUpStopReason.AUTHENTICATION_REQUIRED
        status = AutoTopUpStatus.NEEDS_AUTHENTICATION if asks else AutoTopUpStatus.PAUSED_BY_FAILURE
        self.known[user_id] = replace(self.of(user_id), status=status, reason=reason, url=url)
