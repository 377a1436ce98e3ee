"""The three-way table: what ledger, billing and the payment processor each say of the same money. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.allocations import of_paid_plans, unfounded, ungranted, without_invoice
from auditor.model import Allocation, Books, Money

DIFFERENCES_MAX = 20
ABSENT = "nothing"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing in three columns, in words. The ledger has credits, the others have money."""

    about: str
    ledger: str
    billing: str
    processor: str


@dataclass(frozen=True, kw_only=True)
class ThreeWay:
    """Totals of payments, refunds, disputes and allocations, and what the columns say different things of.

    `differences` names the first few of `differing`: payments by the processor's id, then allocations by
    their subscription and the moment that they begin at.
    """

    totals: tuple[Row, ...]
    differences: tuple[Row, ...]
    differing: int


def three_way(books: Books) -> ThreeWay:
    """Return the table. Without the processor its column is empty, and nothing differs because of it."""
    ids = sorted({*books.purchases, *books.grants, *books.money, *(books.processor or {})})
    differing = [key for key in ids if _differs(books, key)]
    of_plans = sorted({*ungranted(books), *unfounded(books), *without_invoice(books)})
    rows = [*(_row(books, key) for key in differing), *(_plan_row(books, key) for key in of_plans)]
    return ThreeWay(totals=_totals(books), differences=tuple(rows[:DIFFERENCES_MAX]), differing=len(rows))


def _totals(books: Books) -> tuple[Row, ...]:
    here, there = books.money.values(), None if books.processor is None else books.processor.values()
    refunded_credits = sum(books.taken_back.values())
    sold_credits = sum(grant.credits for grant in books.grants.values())
    return (
        Row(
            about="payments",
            ledger=f"{len(books.grants)}: {sold_credits} credits",
            billing=_paid(here),
            processor="" if there is None else _paid(there),
        ),
        Row(
            about="refunds",
            ledger=f"{refunded_credits} credits taken back",
            billing=_refunded(here),
            processor="" if there is None else _refunded(there),
        ),
        Row(
            about="disputes",
            ledger="among those taken back",
            billing=_disputed(here),
            processor="" if there is None else _disputed(there),
        ),
        Row(
            about="allocations",
            ledger=_allocated(of_paid_plans(books).values()),
            billing=_allocated(books.allocations.values()),
            processor="" if books.processor is None else _paid_for(books, books.processor),
        ),
    )


def _differs(books: Books, key: str) -> bool:
    if books.processor is not None and books.money.get(key) != books.processor.get(key):
        return True
    credits_differ = books.purchases.get(key) != books.grants.get(key)
    return credits_differ or books.owed_back.get(key, 0) != books.taken_back.get(key, 0)


def _row(books: Books, key: str) -> Row:
    grant, bought = books.grants.get(key), books.purchases.get(key)
    ledger = ABSENT
    if grant is not None:
        taken = books.taken_back.get(key, 0)
        ledger = f"{grant.credits} credits of {grant.account_id}" + (f", {taken} taken back" if taken else "")
    billing = _said(books.money.get(key))
    if bought is not None:
        owed = books.owed_back.get(key, 0)
        sold = f"{bought.credits} credits of {bought.account_id}" + (f", {owed} owed back" if owed else "")
        billing = f"{billing}; {sold}"
    processor = "" if books.processor is None else _said(books.processor.get(key))
    return Row(about=key, ledger=ledger, billing=billing, processor=processor)


def _plan_row(books: Books, key: str) -> Row:
    told = books.allocations.get(key)
    processor = ""
    if books.processor is not None and told is not None:
        unpaid = "nothing was to be paid" if told.invoice_id in books.unpaid_invoices else ABSENT
        money = _said(books.processor.get(told.payment_id))
        processor = f"{told.payment_id}: {money}" if told.payment_id else f"{told.invoice_id}: {unpaid}"
    return Row(
        about=key,
        ledger=_good(books.plan_grants.get(key)),
        billing=_good(told),
        processor=processor,
    )


def _good(allocation: Allocation | None) -> str:
    if allocation is None:
        return ABSENT
    ends = "for good" if allocation.ends_at is None else f"until {allocation.ends_at.isoformat()}"
    return f"{allocation.credits} credits of {allocation.account_id} {ends}"


def _allocated(allocations: Iterable[Allocation]) -> str:
    amounts = [allocation.credits for allocation in allocations]
    return f"{len(amounts)}: {sum(amounts)} credits"


def _paid_for(books: Books, processor: Mapping[str, Money]) -> str:
    paid = [told for told in books.allocations.values() if told.payment_id in processor]
    free = sum(told.invoice_id in books.unpaid_invoices for told in books.allocations.values())
    return f"{len(paid)} paid for, by {len({told.payment_id for told in paid})} payments; {free} for nothing"


def _said(money: Money | None) -> str:
    if money is None:
        return ABSENT
    parts = [f"{money.amount_minor} {money.currency}"]
    if money.refunded_minor:
        parts.append(f"{money.refunded_minor} refunded")
    parts += [
        f"{dispute_id} {state.removeprefix('DISPUTE_STATE_').lower()}"
        for dispute_id, state in sorted(money.disputes)
    ]
    return ", ".join(parts)


def _paid(payments: Iterable[Money]) -> str:
    sums = Counter[str]()
    count = 0
    for payment in payments:
        count += 1
        sums[payment.currency] += payment.amount_minor
    return _counted(count, sums)


def _refunded(payments: Iterable[Money]) -> str:
    sums = Counter[str]()
    count = 0
    for payment in payments:
        if payment.refunded_minor:
            count += 1
            sums[payment.currency] += payment.refunded_minor
    return _counted(count, sums)


def _disputed(payments: Iterable[Money]) -> str:
    states = Counter(
        state.removeprefix("DISPUTE_STATE_").lower() for payment in payments for _, state in payment.disputes
    )
    said = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"{states.total()}: {said}" if said else "0"


def _counted(count: int, sums: Mapping[str, int]) -> str:
    said = ", ".join(f"{amount} {currency}" for currency, amount in sorted(sums.items()))
    return f"{count}: {said}" if said else f"{count}"
