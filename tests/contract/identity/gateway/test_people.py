"""What the gateway needs of identity, by the gateway's own port: its fake and the real thing."""

import json
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from chassis.clock import SystemClock
from contract_support import connect, serve_identity
from gateway.adapters.outbound.grpc_identity import GrpcIdentity
from gateway.adapters.outbound.jwt import JwtAccessTokens
from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway.domain.api_key import KeyTerms, Scope
from gateway.domain.client import Client
from gateway.domain.errors import Conflict, InvalidRequest, NotFound, Unauthenticated
from gateway.domain.identifiers import UserId
from gateway.domain.user import SignedIn, Welcome
from gateway.ports.identity import Identity
from identity_world import World

TERMS = KeyTerms(name="Shop", scopes=frozenset({Scope.ACCOUNT_READ}))
CLIENT = Client(address="203.0.113.1")
EMAIL, PASSWORD = "ada@example.com", "the analytical engine"


@pytest.fixture(params=["fake", "real"])
async def identity(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Identity:
    """The fake, and the real adapter before the real service."""
    if request.param == "fake":
        return MemoryIdentity(SystemClock())
    world = World()
    # The verifier's clock and the signer's must agree.
    world.rewire(replace(world.ports, clock=SystemClock()))
    return GrpcIdentity(await connect(stack, await serve_identity(stack, world), "gateway"))


async def sign_up(identity: Identity, email: str = EMAIL, password: str = PASSWORD) -> SignedIn:
    """Open an account."""
    return await identity.sign_up(email=email, password=password, full_name="Ada Lovelace")


async def test_a_new_person_can_be_read_and_changed(identity: Identity) -> None:
    """Sign-up, profile, change of profile."""
    signed_in = await sign_up(identity)
    user = await identity.user(signed_in.user.user_id)
    assert (user.email, user.full_name, user.email_verified) == (EMAIL, "Ada Lovelace", False)
    assert user.welcome is Welcome.PENDING
    await identity.request_verification(user.user_id, client_address="203.0.113.1")
    changed = await identity.update_profile(
        user.user_id, full_name="Countess", avatar_url="https://example.com/a.png"
    )
    assert (changed.full_name, changed.avatar_url) == ("Countess", "https://example.com/a.png")
    kept = await identity.update_profile(user.user_id, full_name=None, avatar_url="")
    assert (kept.full_name, kept.avatar_url) == ("Countess", "")


async def test_a_person_has_one_picture(identity: Identity) -> None:
    """It is kept, read and taken away; it and an address take each other's place."""
    ada = (await sign_up(identity)).user.user_id
    picture = b"RIFF\x20\0\0\0WEBP" + bytes(range(256))
    with pytest.raises(NotFound) as absent:
        await identity.avatar(ada)
    assert absent.value.reason == "AVATAR_NOT_FOUND"
    await identity.update_profile(ada, full_name=None, avatar_url="https://example.com/a.png")
    kept = await identity.set_avatar(ada, picture)
    assert (kept.avatar_url, kept.avatar_version) == ("", (await identity.avatar(ada)).version)
    assert (await identity.avatar(ada)).picture == picture
    assert (await identity.set_avatar(ada, picture + b"!")).avatar_version not in (None, kept.avatar_version)
    assert (await identity.update_profile(ada, full_name="Ada", avatar_url="")).avatar_version
    for wrong in (b"", b"<svg/>", picture + bytes(65_536)):
        with pytest.raises(InvalidRequest) as refused:
            await identity.set_avatar(ada, wrong)
        assert [problem.field for problem in refused.value.fields] == ["picture"]
    assert (await identity.avatar(ada)).picture == picture + b"!"
    changed = await identity.update_profile(ada, full_name=None, avatar_url="https://example.com/a.png")
    assert changed.avatar_version is None
    await identity.set_avatar(ada, picture)
    for _ in range(2):
        assert (await identity.remove_avatar(ada)).avatar_version is None
    for missing in (identity.avatar(ada), identity.set_avatar("usr_nobody", picture)):
        with pytest.raises(NotFound):
            await missing


async def test_who_leaves_may_think_again(identity: Identity) -> None:
    """The first day stays until it is taken back; nobody unknown leaves."""
    user_id = (await sign_up(identity)).user.user_id
    leaving = await identity.request_erasure(user_id)
    assert leaving.erased_from is not None
    assert (await identity.request_erasure(user_id)).erased_from == leaving.erased_from
    assert (await identity.user(user_id)).erased_from == leaving.erased_from
    with pytest.raises(Conflict) as refused:
        await identity.create_api_key(user_id, TERMS, idempotency_key="key_1")
    assert refused.value.reason == "ACCOUNT_LEAVING"
    assert (await identity.take_back_erasure(user_id)).erased_from is None
    assert (await identity.take_back_erasure(user_id)).erased_from is None
    for call in (identity.request_erasure, identity.take_back_erasure):
        with pytest.raises(NotFound):
            await call(UserId("usr_nobody"))


async def test_refusals_keep_their_reasons(identity: Identity) -> None:
    """Taken, weak, unknown, wrong: each its own error, and nothing else happens."""
    await sign_up(identity)
    with pytest.raises(Conflict) as taken:
        await sign_up(identity)
    assert taken.value.reason == "EMAIL_TAKEN"
    with pytest.raises(InvalidRequest) as weak:
        await sign_up(identity, "b@example.com", "short")
    assert (weak.value.reason, [one.field for one in weak.value.fields]) == ("WEAK_PASSWORD", ["password"])
    with pytest.raises(InvalidRequest) as bad:
        await sign_up(identity, "no address")
    assert (bad.value.reason, [one.field for one in bad.value.fields]) == ("INVALID_EMAIL", ["email"])
    for email, password in ((EMAIL, "wrong password"), ("nobody@example.com", PASSWORD)):
        with pytest.raises(Unauthenticated) as refused:
            await identity.log_in(email=email, password=password, client=CLIENT)
        assert refused.value.reason == "INVALID_CREDENTIALS"
    with pytest.raises(NotFound):
        await identity.user("usr_nobody")
    with pytest.raises(NotFound):
        await identity.request_verification("usr_nobody", client_address="203.0.113.1")


async def test_refresh_tokens_rotate_and_a_reused_one_ends_the_family(identity: Identity) -> None:
    """The second use of a token ends every descendant."""
    await sign_up(identity)
    first = await identity.log_in(email=EMAIL, password=PASSWORD, client=CLIENT)
    second = await identity.refresh(first.tokens.refresh_token)
    assert second.tokens.refresh_token != first.tokens.refresh_token
    assert second.tokens.session_id == first.tokens.session_id
    with pytest.raises(Unauthenticated):
        await identity.refresh(first.tokens.refresh_token)
    with pytest.raises(Unauthenticated):
        await identity.refresh(second.tokens.refresh_token)


async def test_logging_out_ends_the_session(identity: Identity) -> None:
    """Twice is as good as once."""
    signed_in = await sign_up(identity)
    other = await identity.log_in(email=EMAIL, password=PASSWORD, client=CLIENT)
    both = [signed_in.tokens.session_id, other.tokens.session_id]
    assert await identity.open_sessions([*both, "ses_" + "0" * 32, "no session"]) == set(both)
    await identity.log_out(signed_in.tokens.refresh_token)
    await identity.log_out(signed_in.tokens.refresh_token)
    assert await identity.open_sessions(both) == {other.tokens.session_id}
    with pytest.raises(Unauthenticated):
        await identity.refresh(signed_in.tokens.refresh_token)


async def test_a_device_is_known_by_its_token(identity: Identity) -> None:
    """A sign-in gives one; who shows it keeps it, who shows nothing or garbage gets another."""
    signed_up = await sign_up(identity)
    assert signed_up.device_token
    known = await identity.log_in(
        email=EMAIL,
        password=PASSWORD,
        client=CLIENT,
        device_tokens=["garbage", signed_up.device_token],
    )
    assert known.device_token is None
    for tokens in ([], ["garbage"]):
        unknown = await identity.log_in(email=EMAIL, password=PASSWORD, client=CLIENT, device_tokens=tokens)
        assert unknown.device_token
        assert unknown.device_token != signed_up.device_token


async def test_mailed_tokens_that_were_never_mailed_are_refused(identity: Identity) -> None:
    """And asking for a reset says nothing of who has an account."""
    await identity.request_password_reset(email="nobody@example.com", client_address="203.0.113.1")
    with pytest.raises(InvalidRequest):
        await identity.reset_password(token="guess", new_password="a new long password")
    with pytest.raises(InvalidRequest):
        await identity.verify_email("guess")


async def test_another_address_is_asked_for_with_the_password(identity: Identity) -> None:
    """What is wrong names its field; an address that another account has is answered like any."""
    ada = (await sign_up(identity)).user.user_id
    await sign_up(identity, "eve@example.com")
    for email, password, reason, field in (
        ("new@example.com", "wrong password", "WRONG_PASSWORD", "password"),
        ("no address", PASSWORD, "INVALID_EMAIL", "email"),
        (EMAIL.upper(), PASSWORD, "INVALID_FIELD", "email"),
    ):
        with pytest.raises(InvalidRequest) as refused:
            await identity.request_email_change(
                ada, email=email, password=password, client_address="203.0.113.1"
            )
        assert refused.value.reason == reason
        assert [problem.field for problem in refused.value.fields] == [field]
    for email in ("new@example.com", "eve@example.com"):
        await identity.request_email_change(ada, email=email, password=PASSWORD, client_address="203.0.113.1")
    for use in (identity.change_email, identity.keep_email):
        with pytest.raises(InvalidRequest) as unknown:
            await use("guess")
        assert unknown.value.reason == "INVALID_TOKEN"
    assert (await identity.user(ada)).email == EMAIL


async def test_access_tokens_verify_against_the_published_keys(identity: Identity) -> None:
    """The gateway's verifier accepts what identity signed, and nothing that was changed."""
    signed_in = await sign_up(identity)
    keys = json.loads(await identity.jwks())["keys"]
    assert all("d" not in key for key in keys)
    verifier = JwtAccessTokens(identity, SystemClock(), issuer="tintype-identity", audience="tintype")
    principal = await verifier.verify(signed_in.tokens.access_token)
    assert principal.user_id == signed_in.user.user_id
    assert principal.session_id == signed_in.tokens.session_id
    head, body, signature = signed_in.tokens.access_token.split(".")
    with pytest.raises(Unauthenticated):
        await verifier.verify(f"{head}.{body}.{signature[::-1]}")
