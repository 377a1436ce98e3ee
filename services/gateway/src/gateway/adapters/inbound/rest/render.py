"""What clients read: domain objects as JSON, in snake_case, times in RFC 3339 UTC."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from gateway.application.explain_generation import Explanation
from gateway.domain.credits import Balance, Entry, PinnedLot, Reservation
from gateway.domain.event import GenerationUpdate, PaymentReceived
from gateway.domain.generation import Attempt, Generation, Model, Output, Quote
from gateway.domain.page import Page
from gateway.domain.purchase import Checkout, Pack, Purchase
from gateway.domain.user import SignedIn, User

Json = dict[str, Any]
Item = TypeVar("Item")


def moment(time: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z") if time else None


def listed(page: Page[Item], one: Callable[[Item], Json]) -> Json:
    """A part of a list."""
    return {"data": [one(item) for item in page.items], "next_cursor": page.next_cursor}


def whole_list(items: Iterable[Item], one: Callable[[Item], Json]) -> Json:
    """A short list, whole."""
    return {"data": [one(item) for item in items], "next_cursor": None}


def user(one: User) -> Json:
    """A profile."""
    return {
        "id": one.user_id,
        "email": one.email,
        "email_verified": one.email_verified,
        "full_name": one.full_name,
        "avatar_url": one.avatar_url or None,
        "role": one.role.value,
        # Whether the credits for new people came, come once the address is confirmed, or never do.
        "welcome": one.welcome.value,
        "created_at": moment(one.created_at),
    }


def signed_in(one: SignedIn) -> Json:
    """A session's tokens and whose they are."""
    return {
        "user": user(one.user),
        "access_token": one.tokens.access_token,
        "refresh_token": one.tokens.refresh_token,
        "token_type": "Bearer",
        "expires_in": one.tokens.expires_in_s,
        "refresh_expires_at": moment(one.tokens.refresh_expires_at),
        # By which the device is known at the next login; null where the one that was sent stays good.
        "device_token": one.device_token,
    }


def balance(one: Balance) -> Json:
    """What an account can spend."""
    return {
        "available": one.available,
        "held": one.held,
        "debt": one.debt,
        "by_category": {
            "subscription": one.subscription,
            "promotional": one.promotional,
            "paid": one.paid,
        },
        "next_expiry": moment(one.next_expiry),
        "upcoming": one.upcoming,
        "next_effective": moment(one.next_effective),
        "sequence": one.sequence,
    }


def entry(one: Entry) -> Json:
    """A line of the statement."""
    return {
        "id": one.entry_id,
        "sequence": one.sequence,
        "kind": one.kind.value,
        "amount": one.amount,
        "category": one.category.value if one.category else None,
        "balance_after": one.balance_after,
        "held_after": one.held_after,
        "settled": one.settled,
        "reservation_id": one.reservation_id,
        "generation_id": one.generation_id,
        "payment_id": one.payment_id,
        "reason": one.reason,
        "created_at": moment(one.created_at),
    }


def model(one: Model) -> Json:
    """A model on offer."""
    return {
        "id": one.model_id,
        "title": one.title,
        "description": one.description,
        "modality": one.modality.value,
        "category": one.category,
        "input_schema": dict(one.input_schema),
        "pricing": {
            "unit": one.pricing.unit,
            "credits_per_unit": one.pricing.credits_per_unit,
            "summary": one.pricing.summary,
        },
        "providers": list(one.providers),
    }


def quote(one: Quote) -> Json:
    """A signed price."""
    return {
        "quote_id": one.quote_id,
        "credits": one.credits,
        "breakdown": one.breakdown,
        "expires_at": moment(one.expires_at),
    }


def output(one: Output) -> Json:
    """A stored file."""
    return {
        "id": one.output_id,
        "media_type": one.media_type,
        "size_bytes": one.size_bytes,
        "width": one.width,
        "height": one.height,
        "duration_s": one.duration_s or None,
        "sha256": one.sha256,
        "url": one.url,
        "download_url": one.download_url,
        "thumbnail_url": one.thumbnail_url,
        "incomplete": one.incomplete,
        "expires_at": moment(one.expires_at),
    }


def generation(one: Generation) -> Json:
    """A job."""
    failure = one.failure
    return {
        "id": one.generation_id,
        "model": one.model_id,
        "modality": one.modality.value,
        "status": one.status.value,
        "progress": one.progress,
        "input": dict(one.input),
        "provider_order": list(one.provider_order),
        "metadata": dict(one.metadata),
        "outputs": [output(each) for each in one.outputs],
        "error": {"reason": failure.reason, "detail": failure.detail} if failure else None,
        "credits_reserved": one.credits_reserved,
        "credits": credits_of(
            reserved=one.credits_reserved, charged=one.credits_charged, refunded=one.credits_refunded
        ),
        "cancel_requested": one.cancel_requested,
        "created_at": moment(one.created_at),
        "started_at": moment(one.started_at),
        "finished_at": moment(one.finished_at),
    }


def credits_of(*, reserved: int | None, charged: int, refunded: int) -> Json:
    """What a generation cost."""
    return {"reserved": reserved, "charged": charged, "refunded": refunded}


def explanation(one: Explanation) -> Json:
    """Where a generation's credits came from and went."""
    return {
        "generation": generation(one.generation),
        "reservation": _reservation(one.reservation) if one.reservation else None,
        "attempts": [_attempt(each) for each in one.generation.attempts],
        "outputs": [output(each) for each in one.generation.outputs],
        "settlement": _settlement(one.reservation) if one.reservation else None,
        "lots": [_lot(each) for each in one.lots],
    }


def _reservation(one: Reservation) -> Json:
    return {
        "id": one.reservation_id,
        "state": one.state.value,
        "reserved": one.reserved,
        "created_at": moment(one.created_at),
        "expires_at": moment(one.expires_at),
    }


def _settlement(one: Reservation) -> Json | None:
    if one.settled_at is None:
        return None
    return {
        "state": one.state.value,
        "charged": one.charged,
        "refunded": one.refunded,
        "settled_at": moment(one.settled_at),
    }


def _attempt(one: Attempt) -> Json:
    return {
        "id": one.attempt_id,
        "provider": one.provider,
        "outcome": one.outcome,
        "detail": one.detail,
        "started_at": moment(one.started_at),
        "finished_at": moment(one.finished_at),
    }


def _lot(one: PinnedLot) -> Json:
    return {
        "grant_id": one.grant_id,
        "category": one.category.value,
        "amount": one.amount,
        "source": one.source,
        "payment_id": one.payment_id,
        "granted_at": moment(one.granted_at),
    }


def pack(one: Pack) -> Json:
    """A pack on sale."""
    return {
        "id": one.pack_id,
        "title": one.title,
        "description": one.description,
        "credits": one.credits,
        "price_minor": one.price_minor,
        "currency": one.currency,
        "badge": one.badge or None,
    }


def checkout(one: Checkout) -> Json:
    """A hosted checkout page."""
    return {
        "id": one.checkout_id,
        "url": one.url,
        "status": one.status.value,
        "payment_status": one.payment_status.value,
        "pack": one.pack_id,
        "purchase_id": one.purchase_id,
        "created_at": moment(one.created_at),
        "expires_at": moment(one.expires_at),
    }


def purchase(one: Purchase) -> Json:
    """A completed payment."""
    return {
        "id": one.purchase_id,
        "pack": one.pack_id,
        "pack_title": one.pack_title,
        "credits": one.credits,
        "amount_minor": one.amount_minor,
        "currency": one.currency,
        "refunded_minor": one.refunded_minor,
        "disputed_minor": one.disputed_minor,
        "status": one.status.value,
        "payment_id": one.payment_id,
        "created_at": moment(one.created_at),
    }


def generation_update(one: GenerationUpdate) -> Json:
    """What an event tells of a generation."""
    return {
        "id": one.generation_id,
        "status": one.status.value,
        "progress": one.progress,
        "credits": credits_of(
            reserved=one.reserved_credits, charged=one.charged_credits, refunded=one.refunded_credits
        ),
    }


def payment_received(one: PaymentReceived) -> Json:
    """What an event tells of a payment."""
    return {
        "payment_id": one.payment_id,
        "purchase_id": one.purchase_id,
        "pack": one.pack_id,
        "credits": one.credits,
        "amount_minor": one.amount_minor,
        "currency": one.currency,
        "created_at": moment(one.occurred_at),
    }
