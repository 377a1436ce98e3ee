"""What the gateway needs of identity to sign people in by a provider's word: its fake and the real thing."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import pytest
from chassis.clock import SystemClock
from chassis.grpc_client import channel
from contract_support import serve_identity
from gateway.adapters.outbound.grpc_identity import GrpcIdentity
from gateway.adapters.outbound.grpc_identity_sign_in import GrpcSignIn
from gateway.adapters.outbound.memory.identity import MemoryIdentity
from gateway.adapters.outbound.memory.sign_in import MemorySignIn
from gateway.domain.client import Client
from gateway.domain.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from gateway.domain.identifiers import LinkId, ProviderId, UserId
from gateway.domain.sign_in import BegunSignIn, LinkWaits, SignInProvider, SignUpMode
from gateway.domain.user import SignedIn
from gateway.ports.identity import Identity
from gateway.ports.sign_in import SignIn
from identity.adapters.outbound.fakes import MemoryProvider
from identity.domain import sign_up_policy as identity_policy
from identity.domain.mail import Purpose
from identity.domain.sign_in_errors import SignInProviderUnavailable
from identity_world import World

GOOGLE = ProviderId("google")
EMAIL, PASSWORD = "ada@example.com", "the analytical engine"


class Comes(Protocol):
    """Lets somebody come with a code."""

    def __call__(self, code: str, subject: str = "1", **told: Any) -> str: ...


@dataclass
class Scene:
    """Identity, its provider, and who comes from there."""

    identity: Identity
    sign_in: SignIn
    comes: Comes
    provider: MemoryProvider | MemorySignIn
    close: Callable[[SignUpMode, tuple[str, ...]], None]
    mailed: Callable[[str], str]

    async def begin(self, user_id: UserId | None = None) -> tuple[BegunSignIn, str]:
        """Somebody goes there; returns the state beside what the browser keeps."""
        begun = await self.sign_in.begin(GOOGLE, user_id=user_id)
        return begun, parse_qs(urlsplit(begun.authorization_url).query)["state"][0]

    async def back(self, begun: BegunSignIn, state: str, code: str | None) -> SignedIn | LinkWaits:
        """The browser comes back."""
        return await self.sign_in.complete(
            GOOGLE,
            state=state,
            code=code,
            browser_secret=begun.browser_secret,
            client=Client(address="203.0.113.7", user_agent="curl/8"),
        )

    async def come(self, subject: str = "1", *, user_id: UserId | None = None, **told: Any) -> Any:
        """There and back."""
        begun, state = await self.begin(user_id)
        told = {"email": EMAIL, "email_verified": True} | told
        return await self.back(begun, state, self.comes("code", subject, **told))


@pytest.fixture(params=["fake", "real"])
async def scene(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Scene:
    """The fake, and the real adapter before the real service."""
    if request.param == "fake":
        people = MemoryIdentity(SystemClock())
        fake = MemorySignIn(people)

        def close(mode: SignUpMode, domains: tuple[str, ...]) -> None:
            people.sign_up_mode, people.email_domains = mode, domains

        return Scene(people, fake, fake.person, fake, close, lambda email: people.mailed[email][-1])
    world, provider = World(), MemoryProvider()
    ports = replace(world.ports, clock=SystemClock(), providers={provider.provider_id: provider})
    world.rewire(ports)
    # As in production: what was done once is not tried again.
    opened = channel(await serve_identity(stack, world), token="gateway", retried=())
    stack.push_async_callback(opened.close)
    policy = world.ports.sign_up_policy

    def close_it(mode: SignUpMode, domains: tuple[str, ...]) -> None:
        # The handlers hold what they were wired with.
        object.__setattr__(policy, "mode", identity_policy.SignUpMode(mode.value))
        object.__setattr__(policy, "domains", domains)

    return Scene(
        GrpcIdentity(opened),
        GrpcSignIn(opened),
        provider.person,
        provider,
        close_it,
        lambda _: world.mailed_token(Purpose.VERIFY_EMAIL),
    )


async def person(scene: Scene, email: str = EMAIL) -> UserId:
    """Somebody with a password and a proven address."""
    opened = await scene.identity.sign_up(email=email, password=PASSWORD, full_name="")
    await scene.identity.request_verification(opened.user.user_id, client_address="203.0.113.7")
    return (await scene.identity.verify_email(scene.mailed(email))).user_id


async def test_providers_are_told_of(scene: Scene) -> None:
    """By their names for addresses and for people."""
    assert (await scene.sign_in.options()).providers == (SignInProvider(provider_id=GOOGLE, title="Google"),)
    with pytest.raises(NotFound) as unknown:
        await scene.sign_in.begin(ProviderId("facebook"), user_id=None)
    assert unknown.value.reason == "SIGN_IN_PROVIDER_NOT_FOUND"


async def test_somebody_new_gets_an_account_and_comes_back(scene: Scene) -> None:
    """With a confirmed address, and a session that stands."""
    first = await scene.come()
    assert isinstance(first, SignedIn)
    assert (first.user.email, first.user.email_verified) == (EMAIL, True)
    assert first.device_token
    session_id = first.tokens.session_id
    assert await scene.identity.open_sessions([session_id]) == {session_id}
    again = await scene.come(email="other@example.com", email_verified=False)
    assert again.user.user_id == first.user.user_id
    methods = await scene.sign_in.methods(first.user.user_id)
    assert (methods.has_password, methods.waiting) == (False, None)
    (link,) = methods.links
    assert methods.last_link == link
    assert (link.provider_id, link.title, link.email) == (GOOGLE, "Google", EMAIL)
    assert link.linked_at


async def test_an_answer_counts_once_and_where_it_began(scene: Scene) -> None:
    """Anywhere else it is refused by its field."""
    begun, state = await scene.begin()
    other, other_state = await scene.begin()
    code = scene.comes("code", email=EMAIL, email_verified=True)
    assert isinstance(await scene.back(begun, state, code), SignedIn)
    for browser, shown in ((begun, state), (begun, other_state), (other, "guessed")):
        with pytest.raises(InvalidRequest) as refused:
            await scene.back(browser, shown, code)
        assert refused.value.reason == "SIGN_IN_STATE_INVALID"
        assert [problem.field for problem in refused.value.fields] == ["state"]


async def test_refusals_keep_their_reasons(scene: Scene) -> None:
    """Declined, unknown, unproven; nobody gets an account."""
    begun, state = await scene.begin()
    with pytest.raises(Forbidden) as declined:
        await scene.back(begun, state, None)
    begun, state = await scene.begin()
    with pytest.raises(Unauthenticated) as refused:
        await scene.back(begun, state, "guessed")
    with pytest.raises(Forbidden) as unproven:
        await scene.come(email_verified=False)
    reasons = [caught.value.reason for caught in (declined, refused, unproven)]
    assert reasons == ["SIGN_IN_DECLINED", "SIGN_IN_REFUSED", "PROVIDER_EMAIL_UNVERIFIED"]
    assert await person(scene)


async def test_a_provider_that_is_away_says_so(scene: Scene) -> None:
    """On both ways, by a reason of its own."""
    begun, state = await scene.begin()
    if isinstance(scene.provider, MemorySignIn):
        scene.provider.trouble = True
    else:
        scene.provider.trouble = SignInProviderUnavailable()
    for call in (scene.back(begun, state, "code"), scene.sign_in.begin(GOOGLE, user_id=None)):
        with pytest.raises(Unavailable) as away:
            await call
        assert away.value.reason == "SIGN_IN_PROVIDER_UNAVAILABLE"


async def test_an_address_with_an_account_is_linked_by_its_owner(scene: Scene) -> None:
    """Once, and by nobody else."""
    ada, eve = await person(scene), await person(scene, "eve@example.com")
    waits = await scene.come()
    assert isinstance(waits, LinkWaits)
    assert waits.email == EMAIL
    assert (await scene.sign_in.methods(eve, link_token=waits.token)).waiting is None
    with pytest.raises(NotFound) as others:
        await scene.sign_in.link(eve, waits.token)
    seen = (await scene.sign_in.methods(ada, link_token=waits.token)).waiting
    assert seen
    assert (seen.link_id, seen.title, seen.email, seen.linked_at) == (None, "Google", EMAIL, None)
    linked = await scene.sign_in.link(ada, waits.token)
    assert (await scene.sign_in.methods(ada)).links == (linked,)
    with pytest.raises(NotFound) as again:
        await scene.sign_in.link(ada, waits.token)
    assert {others.value.reason, again.value.reason} == {"LINK_EXPIRED"}
    assert (await scene.come()).user.user_id == ada


async def test_an_identity_opens_one_account_and_an_account_has_one_of_a_provider(scene: Scene) -> None:
    """Each its own conflict."""
    ada, eve = await person(scene), await person(scene, "eve@example.com")
    await scene.sign_in.link(ada, (await scene.come(user_id=ada)).token)
    with pytest.raises(Conflict) as elsewhere:
        await scene.come(user_id=eve)
    second = await scene.come("2", user_id=ada, email=None)
    assert second.email is None
    with pytest.raises(Conflict) as already:
        await scene.sign_in.link(ada, second.token)
    reasons = [elsewhere.value.reason, already.value.reason]
    assert reasons == ["IDENTITY_LINKED_ELSEWHERE", "PROVIDER_LINKED_ALREADY"]


async def test_a_link_is_removed_unless_it_is_the_last_way_in(scene: Scene) -> None:
    """By its owner alone."""
    ada, eve = await person(scene), await person(scene, "eve@example.com")
    linked = await scene.sign_in.link(ada, (await scene.come()).token)
    assert linked.link_id
    for link_id in (linked.link_id, LinkId("lnk_" + "0" * 32), LinkId("*")):
        with pytest.raises(NotFound) as unknown:
            await scene.sign_in.unlink(eve, link_id)
        assert unknown.value.reason == "LINK_NOT_FOUND"
    await scene.sign_in.unlink(ada, linked.link_id)
    assert (await scene.sign_in.methods(ada)).links == ()
    only = await scene.come("3", email="new@example.com")
    (link,) = (await scene.sign_in.methods(only.user.user_id)).links
    assert link.link_id
    with pytest.raises(Conflict) as last:
        await scene.sign_in.unlink(only.user.user_id, link.link_id)
    assert last.value.reason == "LAST_WAY_TO_SIGN_IN"


@pytest.mark.parametrize(
    ("mode", "domains", "refusal", "reason"),
    [
        (SignUpMode.CLOSED, (), Forbidden, "SIGN_UP_CLOSED"),
        (SignUpMode.INVITED, (), Forbidden, "INVITATION_REQUIRED"),
        (SignUpMode.OPEN, ("example.org",), InvalidRequest, "EMAIL_DOMAIN_NOT_ALLOWED"),
    ],
)
async def test_who_may_not_sign_up_hears_why(
    scene: Scene, mode: SignUpMode, domains: tuple[str, ...], refusal: type[Exception], reason: str
) -> None:
    """By whichever way they come; the options say so before."""
    bob = await scene.come("bob", email="bob@example.com")
    scene.close(mode, domains)
    options = await scene.sign_in.options()
    assert (options.sign_up, options.email_domains) == (mode, domains)
    with pytest.raises(refusal) as by_form:
        await scene.identity.sign_up(email=EMAIL, password=PASSWORD, full_name="", invitation="guessed")
    with pytest.raises(refusal) as by_provider:
        await scene.come()
    assert [caught.value.reason for caught in (by_form, by_provider)] == [reason, reason]  # type: ignore[attr-defined]
    assert (await scene.come("bob", email="bob@example.com")).user.user_id == bob.user.user_id
