"""Plans: what billing told of their credits and what the ledger granted must be the same. Pure."""

from collections.abc import Iterator

from auditor.model import Allocation, Books


def ungranted(books: Books) -> Iterator[str]:
    """Yield the allocations that the ledger has not granted as they were told."""
    for key, told in books.allocations.items():
        if books.plan_grants.get(key) != told:
            yield key
    for plan in books.free_plans.values():
        if plan.last is not None and plan.last not in books.plan_grants:
            yield plan.last


def unfounded(books: Books) -> Iterator[str]:
    """Yield the grants of plans that nobody told: not of a paid plan, and not of a free one's months."""
    for key, grant in books.plan_grants.items():
        if key not in books.allocations and not (key == grant.key and _is_free_month(books, grant)):
            yield key


def without_invoice(books: Books) -> Iterator[str]:
    """Yield what was told of paid plans with no payment at the processor, nor an invoice of nothing."""
    if books.processor is None:
        return
    for key, told in books.allocations.items():
        is_paid = told.payment_id in books.processor
        is_free = not told.payment_id and told.invoice_id in books.unpaid_invoices
        if not (is_paid or is_free):
            yield key


def of_paid_plans(books: Books) -> dict[str, Allocation]:
    """Return the ledger's grants without those of free plans."""
    return {
        key: grant
        for key, grant in books.plan_grants.items()
        if key in books.allocations or grant.subscription_id not in books.free_plans
    }


def _is_free_month(books: Books, grant: Allocation) -> bool:
    plan = books.free_plans.get(grant.subscription_id)
    if plan is None or plan.account_id != grant.account_id or plan.allocated_from is None:
        return False
    return plan.began_at <= grant.starts_at <= plan.allocated_from
