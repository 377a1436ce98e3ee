"""Three-way reconciliation: ledger, generations and payments must tell the same story. Pure."""

from collections.abc import Iterable

from auditor.model import Books, Finding

EXAMPLES_MAX = 5


def reconcile(books: Books) -> list[Finding]:
    """Compare both ways: nothing settled without its cause, no cause without its settlement."""
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
    ]


def _finding(invariant: str, description: str, *, checked: int, offenders: Iterable[str]) -> Finding:
    found = sorted(offenders)
    return Finding(
        invariant=invariant,
        description=description,
        checked=checked,
        violations=len(found),
        examples=tuple(found[:EXAMPLES_MAX]),
    )
