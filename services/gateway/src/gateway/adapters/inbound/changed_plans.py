"""Hears from billing that plans changed, so that what was known of what they open counts no more."""

from nats.aio.client import Client

from gateway.adapters.inbound.doubts import hear_of
from gateway.application.known_entitlements import KnownEntitlements

SUBJECT = "tintype.billing.v1.subscription_changed.*"


async def hear_of_changed_plans(connection: Client, entitlements: KnownEntitlements) -> None:
    """Listen until cancelled."""
    await hear_of(connection, SUBJECT, entitlements.doubt)
