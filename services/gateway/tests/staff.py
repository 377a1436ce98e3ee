"""People with a role, and what they look at."""

from dataclasses import replace

from gateway.domain.identifiers import AccountId, AttemptId, GenerationId, ModelId, UserId
from gateway.domain.usage import AttemptOutcome, AttemptUsage
from gateway.domain.user import Role
from gateway_world import PASSWORD, SKETCH, Door


async def become(door: Door, role: Role = Role.ADMIN) -> str:
    """Sign in as somebody with a role; returns who."""
    user_id = UserId(await door.sign_up(f"{role.value}@example.com"))
    users = door.world.identity.users
    users[user_id] = replace(users[user_id], role=role)
    await log_in(door, f"{role.value}@example.com")
    return user_id


async def log_in(door: Door, email: str) -> None:
    """Sign in."""
    answer = await door.http.post("/v1/auth/login", json={"email": email, "password": PASSWORD})
    door.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def spend(door: Door, credits_charged: int = 5) -> None:
    """Somebody's picture came out."""
    tried = AttemptUsage(
        attempt_id=AttemptId("att_1"),
        generation_id=GenerationId("gen_1"),
        model_id=ModelId(SKETCH),
        provider="local",
        outcome=AttemptOutcome.SUCCEEDED,
        reason=None,
        credits=credits_charged,
        output_count=1,
        tokens=None,
        started_at=door.clock.now(),
        finished_at=door.clock.now(),
    )
    door.world.generations.tries[tried.attempt_id] = (AccountId("usr_ada"), tried)
