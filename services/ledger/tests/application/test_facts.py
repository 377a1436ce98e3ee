"""The exact list of facts of every use case, over every store; and whether these tests would notice."""

import importlib

import ledger.application
import ledger.domain
import pytest
import stories
from embedded.mutants import Mutant, mutants_of, mutated
from every_use_case import COMMANDS, WRITERS, modules
from ledger.adapters.outbound.memory import MemoryLedger
from ledger.application.adjust_balance import AdjustBalance
from ledger.application.charge_reservation import ChargeReservation
from ledger.application.claw_back_credits import ClawBackCredits
from ledger.application.expire_lots import ExpireLots, ExpireLotsHandler
from ledger.application.expire_reservations import ExpireReservationsHandler
from ledger.application.extend_reservation import ExtendReservation
from ledger.application.grant_credits import GrantCredits
from ledger.application.open_account import OpenAccount
from ledger.application.postpone_reservation import PostponeReservation
from ledger.application.preview_reservation import PreviewReservationHandler
from ledger.application.refund_reservation import RefundReservation
from ledger.application.renew_subscription import RenewSubscription
from ledger.application.reserve_credits import ReserveCredits
from ledger.application.tell_expiring import TellExpiring, TellExpiringHandler
from ledger.domain.facts import Fact
from support import LedgerUnderTest

# A fact's balance is available/held/debt after it; categories are the protocol's numbers.
FACTS: dict[type, dict[stories.Story, list[str]]] = {
    GrantCredits: {
        stories.granted: [
            "CreditsGranted amount=100 category=3 source=payment:pi_1 payment_id=pi_1 100/0/0",
        ],
        stories.granted_again: [],
        stories.granted_twice: [],
        stories.granted_after_its_clawback: [
            "CreditsGranted amount=100 category=3 source=payment:pi_1 payment_id=pi_1 100/0/0",
            "CreditsClawedBack payment_id=pi_1 amount=30 taken=30 70/0/0",
        ],
    },
    RenewSubscription: {
        stories.renewed: [
            "CreditsGranted amount=60 category=1 source=subscription:sub_1 90/20/0",
            "CreditsExpired amount=30 60/20/0",
        ]
    },
    ReserveCredits: {
        stories.reserved: [
            "CreditsReserved generation_id=gen_1 amount=40 60/40/0",
        ],
        stories.reserved_until_little_is_left: [
            "CreditsReserved generation_id=gen_0 amount=30 90/30/0",
            "CreditsReserved generation_id=gen_1 amount=30 60/60/0",
            "CreditsReserved generation_id=gen_2 amount=30 30/90/0",
            "BalanceLow threshold=50 30/90/0",
        ],
        stories.reserved_in_vain: [],
    },
    PreviewReservationHandler: {stories.previewed: []},
    ChargeReservation: {
        stories.charged: [
            "CreditsCharged generation_id=gen_1 charged=30 refunded=10 70/0/0",
        ],
        stories.charged_after_its_lot_expired: [
            "CreditsCharged generation_id=gen_1 charged=30 refunded=70 0/0/0",
            "CreditsExpired amount=70 0/0/0",
        ],
    },
    RefundReservation: {
        stories.given_back: [
            "CreditsRefunded generation_id=gen_1 refunded=40 reason=failed 100/0/0",
        ],
        stories.given_back_by_hand: [
            "CreditsRefunded generation_id=gen_1 refunded=30 reason=unhappy 100/0/0",
        ],
    },
    ExtendReservation: {stories.extended: []},
    ClawBackCredits: {
        stories.clawed_back: [
            "CreditsClawedBack payment_id=pi_1 amount=30 taken=30 reason=refund 70/0/0",
        ],
        stories.clawed_back_beside_expired_credits: [
            "CreditsExpired amount=10 0/0/0",
            "CreditsClawedBack payment_id=pi_1 amount=100 taken=100 reason=refund 0/0/100",
        ],
        stories.reinstated: [
            "CreditsExpired amount=100 0/0/0",
            "CreditsClawedBack payment_id=pi_1 amount=-100 reason=dispute:dp_1 0/0/0",
        ],
    },
    OpenAccount: {
        stories.opened: ["CreditsAdjusted amount=5 actor=usr_admin reason=a mistake 5/0/0"],
    },
    AdjustBalance: {
        stories.adjusted: [
            "CreditsAdjusted amount=5 actor=usr_admin reason=a mistake available_before=100 105/0/0",
            "CreditsAdjusted amount=-25 actor=usr_admin reason=a mistake available_before=105 80/0/0",
        ]
    },
    PostponeReservation: {stories.swept_in_vain: []},
    ExpireLots: {
        stories.swept_lots: [
            "CreditsExpired amount=75 5/0/0",
        ]
    },
    ExpireLotsHandler: {
        stories.swept_lots: [
            "CreditsExpired amount=75 5/0/0",
        ]
    },
    TellExpiring: {
        stories.told_of_expiry: ["CreditsExpiring amount=5 55/20/0", "CreditsExpiring amount=50 55/20/0"]
    },
    TellExpiringHandler: {
        stories.told_of_expiry: ["CreditsExpiring amount=5 55/20/0", "CreditsExpiring amount=50 55/20/0"]
    },
    ExpireReservationsHandler: {
        stories.swept_reservations: [
            "CreditsCharged generation_id=success charged=7 refunded=3 73/20/0",
            "CreditsRefunded generation_id=unknown refunded=10 reason=the job is unknown 83/10/0",
        ]
    },
}
STORIES = {story: told for of_one in FACTS.values() for story, told in of_one.items()}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_each_story_tells_exactly_this(any_ledger: LedgerUnderTest, story: stories.Story) -> None:
    """No fact is missing, and none is too much."""
    scene = stories.Scene(any_ledger)
    await story(scene)
    assert scene.told == STORIES[story]


def test_every_use_case_has_its_stories() -> None:
    """Every command, and every handler that can write."""
    assert FACTS.keys() == {*COMMANDS, *WRITERS}


def test_every_fact_is_told_in_some_story() -> None:
    """None is only declared, and each has a place that publishes it."""
    # By name: of a class with slots the one it was made from may still be there.
    declared = {one.__name__ for one in Fact.__subclasses__()}
    assert len(PUBLISHES) >= len(declared)
    told = {line.partition(" ")[0] for lines in STORIES.values() for line in lines}
    assert told == declared


def _is_publishing(statement: str) -> bool:
    return statement.partition("(")[0].endswith((".facts.append", "tell_expired"))


PUBLISHES = [
    mutant
    for module in (*modules(ledger.domain), *modules(ledger.application))
    for mutant in mutants_of(module.__name__)
    if mutant.after == "pass" and _is_publishing(mutant.before)
]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "mutant", PUBLISHES, ids=lambda mutant: f"{mutant.module}.{mutant.function}:{mutant.line}"
)
async def test_a_publish_that_is_taken_out_is_noticed(mutant: Mutant) -> None:
    """Some story then tells something else."""
    with mutated(mutant, importlib.import_module(mutant.module)):
        for story, told in STORIES.items():
            scene = stories.Scene(LedgerUnderTest.over_memory(MemoryLedger()))
            await story(scene)
            if scene.told != told:
                return
    raise AssertionError(f"nothing would notice that {mutant} is not told")
