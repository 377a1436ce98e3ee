"""People with a role, and what they look at."""

from dataclasses import replace

import httpx
from gateway.domain.identifiers import AccountId, AttemptId, GenerationId, ModelId, UserId
from gateway.domain.usage import AttemptOutcome, AttemptUsage
from gateway.domain.user import Role
from gateway_world import HTML, PASSWORD, SKETCH, Door, csrf_of


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


async def enter(door: Door, role: Role) -> tuple[UserId, str]:
    """Sign in to the console as somebody with a role; returns another person, and the CSRF token."""
    ada = UserId(await door.sign_up("ada@example.com", welcome_credits=100))
    staff = UserId(await door.sign_up(f"{role.value}@example.org"))
    del door.http.headers["Authorization"]
    users = door.world.identity.users
    users[staff] = replace(users[staff], role=role)
    form = {"email": f"{role.value}@example.org", "password": PASSWORD}
    assert (await door.http.post("/login", data=form, headers=HTML)).status_code == 303
    return ada, csrf_of(door)


async def get(door: Door, path: str) -> httpx.Response:
    """A page, as a browser asks for it."""
    return await door.http.get(path, headers=HTML)
