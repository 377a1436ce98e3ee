"""Rate limits in front of handlers, told in the headers of draft-ietf-httpapi-ratelimit-headers."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from fastapi import Depends, Request

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.client import client_address
from gateway.adapters.inbound.middleware import STATE_HEADERS
from gateway.domain.errors import RateLimited
from gateway.ports.rate_limits import Limit, Quota, RateLimits


def client_key(request: Request) -> str:
    """Return what a client is counted by: its address, or its /64 of IPv6, in which all are its own."""
    try:
        address = ip_address(client_address(request).partition("%")[0])
    except ValueError:
        return client_address(request)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def per_user(limit: Limit) -> Any:
    """Return a dependency that counts one call of the current user."""

    async def counted(request: Request, deps: CurrentDeps, principal: CurrentPrincipal) -> None:
        await count(request, deps.limits, limit, principal.user_id)

    return Depends(counted)


def per_address(limit: Limit) -> Any:
    """Return a dependency that counts one call of the client's address."""

    async def counted(request: Request, deps: CurrentDeps) -> None:
        await count(request, deps.limits, limit, client_key(request))

    return Depends(counted)


async def count(request: Request, limits: RateLimits, limit: Limit, key: str) -> None:
    """Count one call and note what is left for the answer's headers. Raises RateLimited."""
    quota = await limits.hit(limit, key)
    headers = getattr(request.state, STATE_HEADERS, {})
    setattr(request.state, STATE_HEADERS, headers | quota_headers(quota))
    request.state.quota = quota
    if not quota.admitted:
        raise RateLimited("Too many requests. Try again later.", retry_after_s=quota.reset_s)


def quota_headers(quota: Quota) -> dict[str, str]:
    """Return the limit and what is left of it, as structured fields."""
    name = quota.limit.value
    return {
        "RateLimit-Policy": f'"{name}";q={quota.allowed};w={quota.window_s}',
        "RateLimit": f'"{name}";r={max(0, quota.remaining)};t={quota.reset_s}',
    }
