"""Rate limits when their store is gone."""

import pytest
from embedded.ports import free_ports
from identity.adapters.outbound.throttle import ActionLimits, LimitsThrottle
from identity.domain.errors import ThrottleUnavailable
from identity.domain.user import EmailAddress
from identity.ports.throttle import Action

ADA = EmailAddress("ada@example.com")


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
async def test_without_its_store_nothing_is_admitted(scheme: str) -> None:
    """A limit that can't be counted is not waived; forgiving is only a courtesy."""
    throttle = LimitsThrottle(
        f"{scheme}://127.0.0.1:{free_ports(1)[0]}", {Action.LOG_IN: ActionLimits("5/minute", "9/minute")}
    )
    with pytest.raises(ThrottleUnavailable):
        await throttle.admit(Action.LOG_IN, client_address="203.0.113.7", email=ADA)
    await throttle.forgive(Action.LOG_IN, client_address="203.0.113.7", email=ADA)
