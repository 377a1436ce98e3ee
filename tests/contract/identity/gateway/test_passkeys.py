"""What the gateway needs of identity for passkeys: its fake and the real thing, by one authenticator."""

import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from authenticator import Authenticator
from chassis.clock import SystemClock
from contract_support import connect, serve_identity
from gateway.adapters.outbound.grpc_identity import GrpcIdentity
from gateway.adapters.outbound.grpc_identity_passkeys import GrpcPasskeys
from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway.adapters.outbound.memory.passkeys import MemoryPasskeys
from gateway.adapters.outbound.memory.second_factors import code_at
from gateway.domain.client import Client
from gateway.domain.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    SecondFactorRequired,
    Unauthenticated,
)
from gateway.domain.identifiers import PasskeyId, UserId
from gateway.domain.passkey import Passkey
from gateway.domain.user import SignedIn
from gateway.ports.identity import Identity
from gateway.ports.passkeys import Document, Passkeys
from identity.adapters.outbound.webauthn import WebAuthn, relying_party
from identity.domain.mail import Purpose
from identity_world import World

EMAIL, PASSWORD = "ada@example.com", "the analytical engine"
HOME = Client(address="203.0.113.7", user_agent="curl/8")


@dataclass
class Scene:
    """Identity, and its passkeys."""

    identity: Identity
    passkeys: Passkeys
    world: World | MemoryPasskeys

    async def sign_up(self, email: str = EMAIL) -> SignedIn:
        """A new person, whose address is proven."""
        opened = await self.identity.sign_up(email=email, password=PASSWORD, full_name="Ada")
        await self.identity.verify_email(self.mailed())
        return opened

    async def add(self, user_id: UserId, key: Authenticator, name: str = "Phone") -> Passkey:
        """Make a passkey, whole."""
        answer = created(key, await self.passkeys.new_options(user_id))
        return await self.passkeys.add(answer, user_id=user_id, name=name)

    async def sign_in(self, key: Authenticator) -> SignedIn:
        """Use one, whole."""
        return await self.passkeys.sign_in(used(key, await self.passkeys.sign_in_options()), HOME)

    def mailed(self) -> str:
        """The newest token that was mailed."""
        if isinstance(self.world, World):
            return self.world.mailed_token(Purpose.VERIFY_EMAIL)
        return list(self.world.identity.mailed.values())[-1][-1]

    def leave_names(self) -> None:
        """Be reached at an address without a name from now on."""
        if isinstance(self.world, World):
            self.world.ports.authenticators.__dict__["party"] = relying_party("http://127.0.0.1")
        else:
            self.world.available = False


def created(key: Authenticator, asked: Document) -> dict[str, Any]:
    """What a browser brings of a new one."""
    answer: dict[str, Any] = json.loads(key.create(json.dumps(dict(asked))))
    return answer


def used(key: Authenticator, asked: Document) -> dict[str, Any]:
    """What a browser brings of a use."""
    answer: dict[str, Any] = json.loads(key.get(json.dumps(dict(asked))))
    return answer


@pytest.fixture(params=["fake", "real"])
async def scene(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Scene:
    """The fake, and the real adapter before the real service."""
    if request.param == "fake":
        people = MemoryIdentity(SystemClock())
        fake = MemoryPasskeys(people)
        return Scene(people, fake, fake)
    world = World()
    site = WebAuthn(relying_party("https://tintype.example"))
    world.rewire(replace(world.ports, clock=SystemClock(), authenticators=site))
    channel = await connect(stack, await serve_identity(stack, world), "gateway")
    return Scene(GrpcIdentity(channel), GrpcPasskeys(channel), world)


async def test_a_passkey_opens_the_account(scene: Scene) -> None:
    """What is kept of it is told; its keys are not."""
    ada, key = (await scene.sign_up()).user.user_id, Authenticator()
    made = await scene.add(ada, key)
    own = await scene.passkeys.of_user(ada)
    assert (own.passkeys, own.available, made.name) == ((made,), True, "Phone")
    opened = await scene.sign_in(key)
    assert (opened.user.user_id, opened.device_token is not None) == (ada, True)
    ((kept),) = (await scene.passkeys.of_user(ada)).passkeys
    assert kept == replace(made, last_used_at=kept.last_used_at)
    assert kept.last_used_at
    renamed = await scene.passkeys.rename(ada, made.passkey_id, "Laptop")
    assert renamed == replace(kept, name="Laptop")
    await scene.passkeys.remove(ada, made.passkey_id)
    assert (await scene.passkeys.of_user(ada)).passkeys == ()


async def test_refusals_are_told_apart(scene: Scene) -> None:
    """By the names that the API has for them."""
    ada, key = (await scene.sign_up()).user.user_id, Authenticator()
    await scene.add(ada, key)
    again = used(key, await scene.passkeys.sign_in_options())
    await scene.passkeys.sign_in(again, HOME)
    stranger = used(Authenticator(), await scene.passkeys.sign_in_options())
    elsewhere = Authenticator(credential_id=key.credential_id, origin="https://evil.test")
    abroad = used(elsewhere, await scene.passkeys.sign_in_options())
    for answer, reason in (
        (again, "PASSKEY_CHALLENGE_ENDED"),
        (stranger, "PASSKEY_UNKNOWN"),
        (abroad, "PASSKEY_WRONG_ORIGIN"),
        ({"id": 7}, "PASSKEY_MALFORMED"),
    ):
        with pytest.raises(InvalidRequest) as refused:
            await scene.passkeys.sign_in(answer, HOME)
        assert (refused.value.reason, refused.value.fields[0].field) == (reason, "passkey")
    key.counts = 0
    with pytest.raises(Forbidden) as copied:
        await scene.sign_in(key)
    assert copied.value.reason == "PASSKEY_COPIED"
    ((kept),) = (await scene.passkeys.of_user(ada)).passkeys
    assert kept.copy_seen_at


async def test_bounds_are_told(scene: Scene) -> None:
    """Names, numbers, what is known already, and whose it is."""
    ada, eve = (await scene.sign_up()).user.user_id, (await scene.sign_up("eve@example.com")).user.user_id
    key = Authenticator()
    made = await scene.add(ada, key)
    with pytest.raises(InvalidRequest) as wrong:
        await scene.add(ada, Authenticator(), " ")
    assert (wrong.value.reason, wrong.value.fields[0].field) == ("INVALID_FIELD", "name")
    with pytest.raises(Conflict) as known:
        await scene.add(eve, key)
    assert known.value.reason == "PASSKEY_EXISTS"
    for passkey_id in (made.passkey_id, PasskeyId("x")):
        with pytest.raises(NotFound) as absent:
            await scene.passkeys.rename(eve, passkey_id, "Mine")
        assert absent.value.reason == "PASSKEY_NOT_FOUND"
        with pytest.raises(NotFound):
            await scene.passkeys.remove(eve, passkey_id)
    for _ in range(19):
        await scene.add(ada, Authenticator())
    with pytest.raises(Conflict) as many:
        await scene.passkeys.new_options(ada)
    assert many.value.reason == "PASSKEY_QUOTA_REACHED"
    with pytest.raises(NotFound):
        await scene.passkeys.step_up_options(eve)


async def test_a_passkey_ends_a_sign_in_that_waits(scene: Scene) -> None:
    """In the place of a code, once."""
    ada, key = (await scene.sign_up()).user.user_id, Authenticator()
    await scene.add(ada, key)
    made = await scene.identity.begin_second_factor(ada, password=PASSWORD, client_address="")
    code = code_at(made.secret, datetime.now(UTC))
    await scene.identity.confirm_second_factor(ada, code=code, client_address="")
    with pytest.raises(SecondFactorRequired) as needed:
        await scene.identity.log_in(email=EMAIL, password=PASSWORD)
    assert needed.value.has_passkeys
    challenge = needed.value.challenge
    asked = await scene.passkeys.sign_in_options(challenge=challenge)
    opened = await scene.passkeys.complete_log_in(used(key, asked), challenge=challenge, client=HOME)
    assert opened.user.user_id == ada
    with pytest.raises(Unauthenticated) as ended:
        await scene.passkeys.sign_in_options(challenge=challenge)
    assert ended.value.reason == "CHALLENGE_ENDED"


async def test_a_passkey_is_a_fresh_proof(scene: Scene) -> None:
    """At the session that asks."""
    ada, key = await scene.sign_up(), Authenticator()
    user_id = ada.user.user_id
    await scene.add(user_id, key)
    answer = used(key, await scene.passkeys.step_up_options(user_id))
    told = {"user_id": user_id, "session_id": ada.tokens.session_id, "client_address": "203.0.113.7"}
    await scene.passkeys.step_up(answer, **told)
    await scene.identity.require_proof(user_id, ada.tokens.session_id)
    with pytest.raises(InvalidRequest) as again:
        await scene.passkeys.step_up(answer, **told)
    assert again.value.reason == "PASSKEY_CHALLENGE_ENDED"


async def test_an_address_that_nobody_proved_has_no_passkeys(scene: Scene) -> None:
    """Until it is."""
    ada = (await scene.identity.sign_up(email=EMAIL, password=PASSWORD, full_name="")).user.user_id
    with pytest.raises(Conflict) as unproven:
        await scene.passkeys.new_options(ada)
    assert unproven.value.reason == "EMAIL_NOT_CONFIRMED"


async def test_an_address_without_a_name_has_no_passkeys(scene: Scene) -> None:
    """It is told, and asked for nothing."""
    ada = (await scene.sign_up()).user.user_id
    scene.leave_names()
    assert not (await scene.passkeys.of_user(ada)).available
    for asking in (scene.passkeys.sign_in_options(), scene.passkeys.new_options(ada)):
        with pytest.raises(Conflict) as refused:
            await asking
        assert refused.value.reason == "PASSKEYS_UNAVAILABLE"
