"""Reconciliation: ledger, generations, payments and the payment processor must tell the same story. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from auditor.allocations import unfounded, ungranted, without_invoice
from auditor.model import Books, Finding

EXAMPLES_MAX = 5
# Longer than a webhook takes, and than the reconcilers of billing need to see what none spoke of.
GRACE = timedelta(minutes=5)


def reconcile(books: Books, *, now: datetime, grace: timedelta = GRACE) -> list[Finding]:
    """Compare both ways: nothing settled without its cause, no cause without its settlement.

    What moved at the processor, or here, within the grace is pending and not broken.
    """
    return [*_services(books), *_processor(books, since=now - grace)]


def _processor(books: Books, *, since: datetime) -> list[Finding]:
    if books.processor is None:
        return []
    here, there = books.money, books.processor
    differing = [key for key in here.keys() | there.keys() if here.get(key) != there.get(key)]
    lately = {
        key for key in differing for one in (here.get(key), there.get(key)) if one and one.moved_at > since
    }
    return [
        _finding(
            "processor_matches_payments",
            "every payment, refund and dispute at the payment processor is recorded, with the same money",
            checked=len(there),
            offenders=(key for key in differing if key in there and key not in lately),
            pending=len([key for key in lately if key in there]),
        ),
        _finding(
            "payments_match_processor",
            "every purchase is a payment at the payment processor, with the same money",
            checked=len(here),
            offenders=(key for key in differing if key in here and key not in lately),
            pending=len([key for key in lately if key in here]),
        ),
        _finding(
            "allocations_match_processor",
            "every month and upgrade of a paid plan has its payment at the payment processor, or an invoice "
            "there of which nothing was to be paid",
            checked=len(books.allocations),
            offenders=(key for key in without_invoice(books) if books.allocations[key].starts_at <= since),
            pending=sum(books.allocations[key].starts_at > since for key in without_invoice(books)),
        ),
    ]


def _services(books: Books) -> list[Finding]:
    jobs = {job.reservation_id: job for job in books.jobs.values()}
    return [
        _finding(
            "generations_settled",
            "every finished generation's reservation is settled with the credits it was worth",
            checked=len(jobs),
            offenders=(
                job.generation_id
                for job in jobs.values()
                if (settled := books.reservations.get(job.reservation_id)) is None
                or (settled.charged, settled.reserved) != (job.charge_credits, job.reserved_credits)
            ),
        ),
        _finding(
            "settlements_have_generations",
            "every charge in the ledger belongs to a generation that succeeded",
            checked=len(books.reservations),
            offenders=(
                settled.reservation_id
                for settled in books.reservations.values()
                if settled.charged > 0 and settled.reservation_id not in jobs
            ),
        ),
        _finding(
            "payments_granted",
            "every completed payment is granted, with the credits that were sold",
            checked=len(books.purchases),
            offenders=(
                payment_id
                for payment_id, purchase in books.purchases.items()
                if books.grants.get(payment_id) != purchase
            ),
        ),
        _finding(
            "grants_have_payments",
            "every paid grant in the ledger belongs to a completed payment",
            checked=len(books.grants),
            offenders=(payment_id for payment_id in books.grants if payment_id not in books.purchases),
        ),
        _finding(
            "money_back_taken_back",
            "what refunds and disputes took of a payment is taken back of its credits, and nothing else is",
            checked=len(books.grants),
            offenders=(
                payment_id
                for payment_id in books.grants
                if books.taken_back.get(payment_id, 0) != books.owed_back.get(payment_id, 0)
            ),
        ),
        _finding(
            "allocations_granted",
            "every month and upgrade of a plan that was told is granted once, with its credits and its time",
            checked=len(books.allocations) + len(books.free_plans),
            offenders=ungranted(books),
        ),
        _finding(
            "grants_have_allocations",
            "every plan's grant in the ledger is a month or an upgrade that was told",
            checked=len(books.plan_grants),
            offenders=unfounded(books),
        ),
    ]


def _finding(
    invariant: str, description: str, *, checked: int, offenders: Iterable[str], pending: int = 0
) -> Finding:
    found = sorted(offenders)
    return Finding(
        invariant=invariant,
        description=description,
        checked=checked,
        violations=len(found),
        examples=tuple(found[:EXAMPLES_MAX]),
        pending=pending,
    )
