"""Every failure is a problem document, our own too."""

import pytest
from gateway.adapters.inbound.problems import STATUSES
from gateway.domain import errors
from gateway_world import Door, assert_problem


async def test_our_own_bug(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is 500 and says nothing about itself."""
    await door.sign_up()

    async def broken(_account_id: str) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(door.world.ledger, "balance", broken)
    refused = await door.http.get("/v1/balance")
    assert_problem(refused, 500, "INTERNAL")
    assert "hunter2" not in refused.text


async def test_every_refusal_has_a_status() -> None:
    """No class of refusal is missing in the table."""
    known = {
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.GatewayError) and one is not errors.GatewayError
    }
    assert known == set(STATUSES)
