"""What the gateway needs of identity for second factors: its fake and the real thing."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from chassis.clock import SystemClock
from contract_support import connect, serve_identity
from gateway.adapters.outbound.grpc_identity import GrpcIdentity
from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway.adapters.outbound.memory.second_factors import code_at
from gateway.domain.errors import Conflict, InvalidRequest, SecondFactorRequired, Unauthenticated
from gateway.domain.identifiers import UserId
from gateway.ports.identity import Identity
from identity.domain.mail import Purpose
from identity_world import World

EMAIL, PASSWORD, CLIENT = "ada@example.com", "the analytical engine", "203.0.113.1"


@dataclass(frozen=True)
class House:
    """Identity, and the newest token that it mailed."""

    identity: Identity
    mailed: Callable[[], str]


@pytest.fixture(params=["fake", "real"])
async def house(request: pytest.FixtureRequest, stack: AsyncExitStack) -> House:
    """The fake, and the real adapter before the real service."""
    if request.param == "fake":
        fake = MemoryIdentity(SystemClock())
        return House(fake, lambda: fake.mailed[EMAIL][-1])
    world = World()
    world.rewire(replace(world.ports, clock=SystemClock()))
    real = GrpcIdentity(await connect(stack, await serve_identity(stack, world), "gateway"))
    return House(real, lambda: world.mailed_token(Purpose.VERIFY_EMAIL))


@pytest.fixture
def identity(house: House) -> Identity:
    """What the gateway needs."""
    return house.identity


async def signed_up(house: House) -> UserId:
    """Somebody whose address is not proven, with a mail that has the link."""
    ada = (await house.identity.sign_up(email=EMAIL, password=PASSWORD, full_name="")).user.user_id
    await house.identity.request_verification(ada, client_address=CLIENT)
    return ada


async def turned_on(house: House) -> tuple[UserId, list[str]]:
    """Somebody whose factor is on, and the paper."""
    ada, identity = await signed_up(house), house.identity
    await identity.verify_email(house.mailed())
    made = await identity.begin_second_factor(ada, password=PASSWORD, client_address=CLIENT)
    assert made.secret in made.uri
    assert (await identity.second_factor(ada)).confirmed_at is None
    code = code_at(made.secret, datetime.now(UTC))
    codes = await identity.confirm_second_factor(ada, code=code, client_address=CLIENT)
    return ada, codes


async def challenge(identity: Identity) -> str:
    """The token of a sign-in that waits."""
    with pytest.raises(SecondFactorRequired) as needed:
        await identity.log_in(email=EMAIL, password=PASSWORD)
    assert needed.value.reason == "SECOND_FACTOR_REQUIRED"
    return needed.value.challenge


async def test_a_sign_in_takes_two_steps(house: House, identity: Identity) -> None:
    """A recovery code ends it, once."""
    ada, codes = await turned_on(house)
    state = await identity.second_factor(ada)
    assert state.confirmed_at
    assert (state.recovery_codes_left, len(codes)) == (10, 10)
    waiting = await challenge(identity)
    with pytest.raises(InvalidRequest) as wrong:
        await identity.complete_log_in(challenge=waiting, code="000000")
    assert (wrong.value.reason, wrong.value.fields[0].field) == ("WRONG_CODE", "code")
    signed_in = await identity.complete_log_in(challenge=waiting, code=codes[0])
    assert signed_in.user.user_id == ada
    with pytest.raises(Unauthenticated) as ended:
        await identity.complete_log_in(challenge=waiting, code=codes[1])
    assert ended.value.reason == "CHALLENGE_ENDED"


async def test_an_address_that_nobody_proved_turns_nothing_on(house: House, identity: Identity) -> None:
    """Neither begun nor confirmed."""
    ada = await signed_up(house)
    for refused in (
        identity.begin_second_factor(ada, password=PASSWORD, client_address=CLIENT),
        identity.confirm_second_factor(ada, code="000000", client_address=CLIENT),
    ):
        with pytest.raises(Conflict) as unproven:
            await refused
        assert unproven.value.reason == "EMAIL_NOT_CONFIRMED"
    assert (await identity.second_factor(ada)).confirmed_at is None


async def test_it_is_turned_off_with_password_and_code(house: House, identity: Identity) -> None:
    """What is wrong names its field; it is not made twice."""
    ada, codes = await turned_on(house)
    with pytest.raises(Conflict) as twice:
        await identity.begin_second_factor(ada, password=PASSWORD, client_address=CLIENT)
    assert twice.value.reason == "SECOND_FACTOR_ON"
    for password, code, reason in (
        ("wrong password", codes[0], "WRONG_PASSWORD"),
        (PASSWORD, "000000", "WRONG_CODE"),
    ):
        with pytest.raises(InvalidRequest) as refused:
            await identity.remove_second_factor(ada, password=password, code=code, client_address=CLIENT)
        assert refused.value.reason == reason
    await identity.remove_second_factor(ada, password=PASSWORD, code=codes[0], client_address=CLIENT)
    assert (await identity.log_in(email=EMAIL, password=PASSWORD)).user.user_id == ada
