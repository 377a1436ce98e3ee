"""Owners of disabled endpoints are told once, whatever happens in between or is wrong with others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from gateway.adapters.outbound.memory.webhook_owners import MemoryWebhookOwners
from gateway.adapters.outbound.memory.webhooks import MemoryWebhooks
from gateway.application.tell_webhook_owners import BATCH_MAX, TellWebhookOwnersHandler
from gateway.domain.errors import GatewayError, InvalidRequest, NotFound, Unavailable
from gateway.domain.identifiers import UserId, WebhookEndpointId
from gateway.domain.webhook import DisabledReason, EndpointChange, WebhookEndpoint, WebhookEvent
from structlog.testing import capture_logs

ADA = UserId("usr_" + "a" * 32)
NOW = datetime(2030, 1, 1, tzinfo=UTC)
URL = "https://ada:pass@shop.example:8443/hooks?key=secret"


class World:
    """Endpoints that were disabled, and their owners."""

    def __init__(self) -> None:
        self.kept, self.owners = MemoryWebhooks(), MemoryWebhookOwners()
        self.tell = TellWebhookOwnersHandler(queue=self.kept, owners=self.owners)

    async def disabled(self, number: int = 1, *, at: datetime = NOW) -> WebhookEndpoint:
        """Have one that nothing arrives at any more."""
        endpoint = WebhookEndpoint(
            endpoint_id=WebhookEndpointId(f"whe_{number:032x}"),
            account_id=ADA,
            url=URL,
            event_types=frozenset(WebhookEvent),
            description="",
            created_at=NOW,
            disabled_reason=DisabledReason.FAILING,
            disabled_at=at,
        )
        self.kept.kept[endpoint.endpoint_id] = endpoint
        self.kept.not_told.add(endpoint.endpoint_id)
        return endpoint


@pytest.fixture
def world() -> World:
    """Nobody has an endpoint yet."""
    return World()


async def test_they_are_told_once(world: World) -> None:
    """With the host alone: neither who signs in there nor what the query says."""
    endpoint = await world.disabled()
    assert [await world.tell() for _ in range(2)] == [1, 0]
    assert world.owners.mailed == {(endpoint.endpoint_id, NOW): (ADA, "shop.example:8443")}


async def test_what_is_disabled_again_is_told_again(world: World) -> None:
    """Whoever turned it on in between hears of the next time, also where the first is noted late."""
    first = await world.disabled()
    await world.tell()
    await world.kept.change(ADA, first.endpoint_id, EndpointChange(enabled=True), now=NOW)
    again = await world.disabled(at=NOW + timedelta(days=9))
    await world.kept.mark_told(first)
    assert await world.tell() == 1
    assert list(world.owners.mailed) == [(first.endpoint_id, NOW), (again.endpoint_id, again.disabled_at)]


async def test_who_turned_it_on_meanwhile_is_not_told(world: World) -> None:
    """Nor who removed it."""
    on, gone = await world.disabled(1), await world.disabled(2)
    await world.kept.change(ADA, on.endpoint_id, EndpointChange(enabled=True), now=NOW)
    del world.kept.kept[gone.endpoint_id]
    assert await world.tell() == 0
    assert world.owners.mailed == {}


async def test_a_death_between_telling_and_noting_mails_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told again, as the same news."""
    endpoint = await world.disabled()
    with monkeypatch.context() as dying:
        dying.setattr(MemoryWebhooks, "mark_told", _dies)
        with pytest.raises(KeyboardInterrupt):
            await world.tell()
    assert await world.kept.untold(after=None, count_max=9) == [endpoint]
    assert await world.tell() == 1
    assert len(world.owners.mailed) == 1
    assert await world.kept.untold(after=None, count_max=9) == []


async def _dies(_kept: MemoryWebhooks, _endpoint: WebhookEndpoint) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("failure", [Unavailable("away"), RuntimeError("poison")], ids=["away", "poison"])
async def test_one_that_fails_stops_no_other(world: World, failure: Exception) -> None:
    """More than a page of them neither; they are told later, and nothing of their address is logged."""
    poisoned = [await world.disabled(number) for number in range(BATCH_MAX + 1)]
    world.owners.refusals = {endpoint.endpoint_id: failure for endpoint in poisoned}
    good = await world.disabled(BATCH_MAX + 1)
    with capture_logs() as logged:
        assert await world.tell() == 1
    assert list(world.owners.mailed) == [(good.endpoint_id, NOW)]
    assert len(logged) == len(poisoned)
    assert "shop.example" not in str(logged)
    world.owners.refusals = {}
    assert await world.tell() == len(poisoned)


@pytest.mark.parametrize("refusal", [InvalidRequest("no host"), NotFound("nobody", reason="USER_NOT_FOUND")])
async def test_what_never_can_be_told_is_done_with(world: World, refusal: GatewayError) -> None:
    """It is asked for once, and said in the log."""
    endpoint = await world.disabled()
    world.owners.refusals = {endpoint.endpoint_id: refusal}
    with capture_logs() as logged:
        assert [await world.tell() for _ in range(2)] == [1, 0]
    assert [entry["event"] for entry in logged] == ["owner of a webhook can't be told"]
    assert world.owners.mailed == {}


async def test_an_address_that_is_none_is_its_own_trouble(world: World) -> None:
    """A row that no address can be read from keeps nobody else from being told."""
    broken = replace(await world.disabled(1), url="https://[broken/")
    world.kept.kept[broken.endpoint_id] = broken
    good = await world.disabled(2)
    assert await world.tell() == 1
    assert list(world.owners.mailed) == [(good.endpoint_id, NOW)]
