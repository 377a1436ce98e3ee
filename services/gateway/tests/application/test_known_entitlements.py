"""What plans open, as the gateway's pages know it: fresh when told, closed when nobody can say."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from gateway.adapters.outbound.memory.billing import MemoryBilling
from gateway.adapters.outbound.memory.catalogue import FREE
from gateway.application import known_entitlements
from gateway.application.known_entitlements import KnownEntitlements
from gateway.domain.errors import GatewayError, InternalFailure, TimedOut, Unavailable
from gateway.domain.identifiers import PlanId, UserId
from gateway.domain.subscription import Subscription
from gateway_world import ToldClock

ADA, BOB = UserId("usr_ada"), UserId("usr_bob")
PRO = replace(FREE, plan_id=PlanId("pro"), entitlements=("premium",))


@dataclass
class Asked(MemoryBilling):
    """Billing that counts what it is asked, is away when it is told to, and waits when it is told to."""

    asked: list[UserId] = field(default_factory=list)
    failure: GatewayError | None = None
    gate: asyncio.Event | None = None

    async def subscription(self, user_id: UserId) -> Subscription:
        """See Billing."""
        self.asked.append(user_id)
        if self.failure:
            raise self.failure
        found = await super().subscription(user_id)
        if self.gate:
            await self.gate.wait()
        return found


@pytest.fixture
def billing() -> Asked:
    """Nobody has a plan."""
    return Asked(ToldClock())


@pytest.fixture
def known(billing: Asked) -> KnownEntitlements:
    """Answers count for thirty seconds."""
    return KnownEntitlements(billing, life_s=30, monotonic=lambda: billing.clock.now().timestamp())


async def test_an_answer_counts_for_a_while(billing: Asked, known: KnownEntitlements) -> None:
    """To the moment, and a user each."""
    billing.subscribe(ADA, PRO)
    billing.subscribe(BOB)
    for _ in range(3):
        assert await known.of(ADA) == {"premium"}
        assert await known.of(BOB) == frozenset()
    assert billing.asked == [ADA, BOB]
    assert isinstance(billing.clock, ToldClock)
    billing.clock.pass_(seconds=29.9)
    await known.of(ADA)
    assert billing.asked == [ADA, BOB]
    billing.clock.pass_(seconds=0.1)
    await known.of(ADA)
    assert billing.asked == [ADA, BOB, ADA]


async def test_a_change_is_seen_when_it_is_told(billing: Asked, known: KnownEntitlements) -> None:
    """At once, though the answer of before would count on; nobody else's is forgotten."""
    billing.subscribe(ADA, PRO)
    billing.subscribe(BOB, PRO)
    await known.of(ADA)
    await known.of(BOB)
    billing.subscribe(ADA)
    assert await known.of(ADA) == {"premium"}
    known.doubt(ADA)
    billing.clock.pass_(seconds=0.001)  # type: ignore[attr-defined]
    assert await known.of(ADA) == frozenset()
    await known.of(BOB)
    assert billing.asked == [ADA, BOB, ADA]


async def test_an_answer_that_a_change_overtook_is_not_kept(billing: Asked, known: KnownEntitlements) -> None:
    """It was asked for before the change was told: who asks next asks billing."""
    billing.subscribe(ADA, PRO)
    billing.gate = asyncio.Event()
    asking = asyncio.create_task(known.of(ADA))
    while not billing.asked:
        await asyncio.sleep(0)
    billing.subscribe(ADA)
    known.doubt(ADA)
    billing.gate.set()
    await asking
    billing.clock.pass_(seconds=0.001)  # type: ignore[attr-defined]
    assert await known.of(ADA) == frozenset()
    assert billing.asked == [ADA, ADA]


@pytest.mark.parametrize("failure", [Unavailable("away"), TimedOut("slow"), InternalFailure()])
async def test_without_billing_nothing_is_open(
    billing: Asked, known: KnownEntitlements, failure: GatewayError
) -> None:
    """Nobody is turned away, nobody gets what is paid for; it is asked again as soon as it is back."""
    billing.subscribe(ADA, PRO)
    billing.failure = failure
    assert await known.of(ADA) == frozenset()
    billing.failure = None
    assert await known.of(ADA) == {"premium"}


async def test_who_has_no_plan_has_what_is_free(known: KnownEntitlements) -> None:
    """No refusal rises."""
    assert await known.of(ADA) == frozenset()


async def test_what_is_known_has_a_bound(
    billing: Asked, known: KnownEntitlements, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was asked about longest ago is forgotten first."""
    monkeypatch.setattr(known_entitlements, "KNOWN_MAX", 2)
    people = [UserId(f"usr_{number}") for number in range(3)]
    for user_id in people:
        billing.subscribe(user_id)
        await known.of(user_id)
    await known.of(people[2])
    assert billing.asked == people
    await known.of(people[0])
    assert billing.asked == [*people, people[0]]
