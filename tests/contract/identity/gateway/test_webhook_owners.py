"""What the gateway needs of identity to tell the owners of webhook endpoints: its fake and the real thing."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from contract_support import connect, serve_identity
from gateway.adapters.outbound.grpc_identity_webhooks import GrpcWebhookOwners
from gateway.adapters.outbound.memory.webhook_owners import MemoryWebhookOwners
from gateway.domain.errors import InvalidRequest, NotFound
from gateway.domain.identifiers import UserId, WebhookEndpointId
from gateway.domain.webhook import DisabledReason, WebhookEndpoint, WebhookEvent
from gateway.ports.webhook_owners import WebhookOwners
from identity.application.erase_user import EraseUser
from identity.bootstrap.parts import wire_erase_user
from identity.domain.mail import Mail, Notice
from identity_world import World


@dataclass
class Scene:
    """A person who can be mailed, who is told, and how they become one who can't."""

    owners: WebhookOwners
    endpoint: WebhookEndpoint
    hosts_mailed: Callable[[], list[str]]
    erase: Callable[[], Awaitable[Any]]


def notices(world: World) -> list[Mail]:
    """The mails that are about webhooks."""
    return [row.mail for row in world.store.mails.values() if row.mail.purpose is Notice.WEBHOOK_DISABLED]


@pytest.fixture(params=["fake", "real"])
async def scene(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Scene:
    """The fake, and the real adapter before the real service."""
    world = World()
    opened = await world.sign_up()
    world.change(opened.user.user_id, email_verified_at=world.clock.now())
    ada = UserId(opened.user.user_id)
    endpoint = WebhookEndpoint(
        endpoint_id=WebhookEndpointId("whe_" + "1" * 32),
        account_id=ada,
        url="https://ada:pass@shop.example:8443/hooks?key=secret",
        event_types=frozenset(WebhookEvent),
        description="",
        created_at=world.clock.now(),
        disabled_reason=DisabledReason.FAILING,
        disabled_at=world.clock.now() - timedelta(microseconds=1),
    )
    if request.param == "fake":
        fake = MemoryWebhookOwners()

        async def erase() -> None:
            fake.unreachable.add(ada)

        return Scene(fake, endpoint, lambda: [host for _, host in fake.mailed.values()], erase)
    owners = GrpcWebhookOwners(await connect(stack, await serve_identity(stack, world), "gateway-webhooks"))

    async def really_erase() -> None:
        await wire_erase_user(world.ports)(EraseUser(user_id=opened.user.user_id))

    return Scene(owners, endpoint, lambda: [mail.details["host"] for mail in notices(world)], really_erase)


async def test_it_is_mailed_once(scene: Scene) -> None:
    """However often it is told; another moment, and another endpoint, is other news."""
    for _ in range(3):
        await scene.owners.tell_disabled(scene.endpoint)
    assert scene.hosts_mailed() == ["shop.example:8443"]
    moment = scene.endpoint.disabled_at
    assert moment is not None
    await scene.owners.tell_disabled(replace(scene.endpoint, disabled_at=moment - timedelta(microseconds=1)))
    other = WebhookEndpointId("whe_" + "2" * 32)
    await scene.owners.tell_disabled(replace(scene.endpoint, endpoint_id=other, url="https://other.example/"))
    assert scene.hosts_mailed() == ["shop.example:8443", "shop.example:8443", "other.example"]


async def test_who_is_erased_is_not_mailed(scene: Scene) -> None:
    """And it is no error: nothing is tried again for that."""
    await scene.erase()
    await scene.owners.tell_disabled(scene.endpoint)
    assert scene.hosts_mailed() == []


async def test_bad_input_is_named(stack: AsyncExitStack) -> None:
    """By its field; what never can be told is told apart from what can't yet. Nothing is mailed."""
    world = World()
    opened = await world.sign_up()
    world.change(opened.user.user_id, email_verified_at=world.clock.now())
    owners = GrpcWebhookOwners(await connect(stack, await serve_identity(stack, world), "gateway-webhooks"))
    good = WebhookEndpoint(
        endpoint_id=WebhookEndpointId("whe_1"),
        account_id=UserId(opened.user.user_id),
        url="https://shop.example/",
        event_types=frozenset(WebhookEvent),
        description="",
        created_at=world.clock.now(),
        disabled_at=world.clock.now(),
    )
    for change, field in (
        ({"disabled_at": None}, "disabled_at"),
        ({"endpoint_id": "whe_1\n"}, "endpoint_id"),
        ({"endpoint_id": ""}, "endpoint_id"),
        ({"url": "https:///hooks"}, "host"),
        ({"url": "https://two words.example/"}, "host"),
        ({"url": f"https://{'a' * 301}/"}, "host"),
    ):
        with pytest.raises(InvalidRequest) as refused:
            await owners.tell_disabled(replace(good, **change))
        assert [problem.field for problem in refused.value.fields] == [field]
    with pytest.raises(NotFound):
        await owners.tell_disabled(replace(good, account_id=UserId("nobody")))
    assert notices(world) == []
    await owners.tell_disabled(good)
    assert [mail.details["why"] for mail in notices(world)] == ["something there is to be looked at"]
