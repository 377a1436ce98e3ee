"""Every command in any order, with retries, reuse, duplicates, batches, expiry and clocks that step."""

from any_order.books import BooksAddUp
from any_order.credit_rules import CreditRules
from any_order.request_rules import RequestRules
from any_order.reservation_rules import ReservationRules
from any_order.time_rules import TimeRules
from embedded.memory_only import examples
from hypothesis import settings


class AnyOrder(CreditRules, ReservationRules, RequestRules, TimeRules, BooksAddUp):
    """The rules draw commands; the invariants say what must be true after each, whatever came before."""


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=examples(250), stateful_step_count=examples(40), deadline=None)
