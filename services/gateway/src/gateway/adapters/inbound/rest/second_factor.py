"""The caller's second factor: on, off, and how it stands."""

from fastapi import APIRouter, Request, Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.client import client_address
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.second_factor import FactorSecret, RecoveryCodes, SecondFactor
from gateway.adapters.inbound.rest.bodies import Body, Code, Password
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/me/second-factor", tags=["account"], route_class=JsonRoute)
_BUSY: Reasons = {
    404: ("USER_NOT_FOUND",),
    429: ("TOO_MANY_ATTEMPTS", "TOO_BUSY"),
    503: ("THROTTLE_UNAVAILABLE",),
}


class Beginning(Body):
    """That it is the person who asks."""

    password: Password


class Shown(Body):
    """A code of the app."""

    code: Code


class Removal(Body):
    """That it is the person who asks, with what is to be taken away."""

    password: Password
    code: Code


@router.get("", dependencies=[per_user(Limit.READS)], responses=refuses({404: ("USER_NOT_FOUND",)}))
async def read_second_factor(principal: CurrentPrincipal, deps: CurrentDeps) -> SecondFactor:
    """Say whether signing in asks for a code."""
    return SecondFactor.of(await deps.identity.second_factor(principal.user_id))


@router.post(
    "",
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses(
        {
            **_BUSY,
            409: ("SECOND_FACTOR_ON", "SECOND_FACTORS_OFF", "EMAIL_NOT_CONFIRMED"),
            422: ("WRONG_PASSWORD",),
        }
    ),
)
async def begin_second_factor(
    body: Beginning, request: Request, principal: CurrentPrincipal, deps: CurrentDeps
) -> FactorSecret:
    """Make a secret for an authenticator app. Nothing asks for it before a code has confirmed it."""
    made = await deps.identity.begin_second_factor(
        principal.user_id, password=body.password, client_address=client_address(request)
    )
    return FactorSecret.of(made)


@router.post(
    "/confirm",
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({**_BUSY, 409: ("SECOND_FACTOR_ON", "EMAIL_NOT_CONFIRMED"), 422: ("WRONG_CODE",)}),
)
async def confirm_second_factor(
    body: Shown, request: Request, principal: CurrentPrincipal, deps: CurrentDeps
) -> RecoveryCodes:
    """Have sign-ins ask for a code from now on."""
    codes = await deps.identity.confirm_second_factor(
        principal.user_id, code=body.code, client_address=client_address(request)
    )
    return RecoveryCodes(recovery_codes=codes)


@router.post(
    "/remove",
    status_code=204,
    dependencies=[per_user(Limit.CHANGES)],
    responses=refuses({**_BUSY, 422: ("WRONG_PASSWORD", "WRONG_CODE")}),
)
async def remove_second_factor(
    body: Removal, request: Request, principal: CurrentPrincipal, deps: CurrentDeps
) -> Response:
    """Have sign-ins ask for no code any more."""
    await deps.identity.remove_second_factor(
        principal.user_id, password=body.password, code=body.code, client_address=client_address(request)
    )
    return Response(status_code=204)
