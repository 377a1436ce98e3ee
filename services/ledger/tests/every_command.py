"""One of every command, for tests of what a crash leaves behind."""

from collections.abc import Callable

from chassis.ids import new_id
from command_makers import adjust, charge, claw_back, grant, refund, renew, reserve
from ledger.application.command import Command
from ledger.application.extend_reservation import ExtendReservation
from ledger.domain.budget import BudgetPeriod, BudgetScope
from ledger.domain.lot import Category

Make = Callable[[str, str, str], list[Command]]
# Each of them from an account with 100 credits of a payment, 40 of them held.
KINDS: dict[str, Make] = {
    "grant": lambda account, held, payment: [grant(account, 100, Category.PAID)],
    "grant to a new account": lambda account, held, payment: [grant(new_id("usr"), 100, Category.PAID)],
    "renewal": lambda account, held, payment: [renew(account, 9)],
    "reserve": lambda account, held, payment: [
        reserve(account, 40, budget_scopes=(BudgetScope("key:1", BudgetPeriod.DAY, 60),))
    ],
    "refused": lambda account, held, payment: [reserve(account, 40), reserve(account, 40)],
    "charge": lambda account, held, payment: [charge(held, 30)],
    "refund": lambda account, held, payment: [refund(held)],
    "extend": lambda account, held, payment: [
        ExtendReservation(request_id=new_id("req"), reservation_id=held, ttl_s=3600)
    ],
    "clawback": lambda account, held, payment: [claw_back(account, payment, "refund", 80)],
    "adjust": lambda account, held, payment: [adjust(account, -5)],
}
