"""What the gateway needs of billing for invitations, by the gateway's own port: its fake and the real one."""

from contextlib import AsyncExitStack

import pytest
from billing_support import billing_in_memory
from contract_support import connect, serve_billing
from gateway.adapters.outbound.grpc_billing import GrpcBilling
from gateway.adapters.outbound.memory.billing import MemoryBilling
from gateway.domain.errors import Conflict, InvalidRequest, NotFound
from gateway.ports.billing import Billing
from support import HandClock

ADA, BOB, EVE = "usr_ada", "usr_bob", "usr_eve"


@pytest.fixture(params=["fake", "real"])
async def port(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Billing:
    """The fake, and the real adapter before the real service; both reward."""
    if request.param == "fake":
        return MemoryBilling(HandClock(), has_referrals=True)
    target = await serve_billing(stack, billing_in_memory())
    return GrpcBilling(await connect(stack, target, "gateway"))


async def test_a_person_comes_by_one_code(port: Billing) -> None:
    """It is the same for ever, and counts who came; the same claim again is answered alike."""
    mine = await port.referral(ADA)
    assert (mine.came, mine.rewarded, mine.inviter_credits, mine.invited_credits) == (0, 0, 300, 200)
    assert (len(mine.code), mine.hold_days) == (8, 7)
    claimed = await port.claim_referral(BOB, code=mine.code.lower())
    assert claimed.code == mine.code
    assert await port.claim_referral(BOB, code=mine.code) == claimed
    again = await port.referral(ADA)
    assert (again.code, again.came, again.rewarded) == (mine.code, 1, 0)


async def test_what_is_refused_by_reason(port: Billing) -> None:
    """Oneself, a circle, a second invitation, a code that is nobody's, and one that none can be."""
    ada, bob = (await port.referral(ADA)).code, (await port.referral(BOB)).code
    await port.claim_referral(BOB, code=ada)
    eve = (await port.referral(EVE)).code
    for who, code, kind, reason in (
        (ADA, ada, Conflict, "REFERRAL_REFUSED"),
        (ADA, bob, Conflict, "REFERRAL_REFUSED"),
        (BOB, eve, Conflict, "REFERRAL_CLAIMED_BEFORE"),
        (EVE, "AAAAAAAA", NotFound, "UNKNOWN_REFERRAL_CODE"),
    ):
        with pytest.raises(kind) as refused:
            await port.claim_referral(who, code=code)
        assert refused.value.reason == reason
    with pytest.raises(InvalidRequest) as invalid:
        await port.claim_referral(EVE, code="x")
    assert [problem.field for problem in invalid.value.fields] == ["code"]
    assert (await port.referral(EVE)).came == 0
