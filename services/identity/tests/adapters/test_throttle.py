"""Rate limits when their store is gone."""

import pytest
from embedded.ports import free_ports
from identity.adapters.outbound.throttle import ActionLimits, LimitsThrottle
from identity.bootstrap.production import throttle_of
from identity.domain.errors import ThrottleUnavailable
from identity.domain.identifiers import DeviceId
from identity.domain.user import EmailAddress
from identity.ports.throttle import Action
from identity.settings import IdentitySettings

ADA = EmailAddress("ada@example.com")
CLIENT = "203.0.113.7"


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
async def test_without_its_store_nothing_is_admitted(scheme: str) -> None:
    """A limit that can't be counted is not waived; forgiving is only a courtesy."""
    throttle = LimitsThrottle(
        f"{scheme}://127.0.0.1:{free_ports(1)[0]}",
        {Action.LOG_IN: ActionLimits("5/minute", "9/minute", "20/minute")},
        log_in_per_device="5/minute",
        sign_up_per_network="5/minute",
    )
    device = DeviceId("dev_1")
    for admission in (
        throttle.admit(Action.LOG_IN, client_address=CLIENT, email=ADA),
        throttle.admit_device(device),
        throttle.admit_sign_up(CLIENT),
    ):
        with pytest.raises(ThrottleUnavailable):
            await admission
    await throttle.forgive(client_address=CLIENT, email=ADA)
    await throttle.forgive(client_address=CLIENT, email=ADA, device_id=device)


async def test_whatever_is_counted_has_its_bounds() -> None:
    """In production's settings too: no attempt meets a limit that nobody set."""
    settings = IdentitySettings.model_construct(rate_limit_uri="memory://")
    throttle = throttle_of(settings)
    for action in Action:
        await throttle.admit(action, client_address=CLIENT, email=ADA)
