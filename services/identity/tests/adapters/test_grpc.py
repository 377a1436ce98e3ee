"""The contract over a real gRPC channel, on storage in memory."""

import hashlib
import inspect
import json
from collections.abc import AsyncIterator

import grpc
import pytest
from chassis.grpc_client import channel
from chassis.grpc_errors import RemoteError, remote_error
from chassis.grpc_server import GrpcServer
from identity.adapters.inbound.grpc import ALLOWED, DOMAIN, ERRORS, IdentityServicer
from identity.domain import errors, passkey_errors, sign_in_errors
from identity.domain.mail import Purpose
from identity_world import ADA, CLIENT, OTHER_PASSWORD, PASSWORD, World
from tintype.identity.v1 import admin_pb2
from tintype.identity.v1 import identity_pb2 as pb
from tintype.identity.v1 import identity_pb2_grpc as pb_grpc

pytestmark = pytest.mark.server


@pytest.fixture
async def server(world: World) -> AsyncIterator[GrpcServer]:
    """Identity, listening, for two known callers."""
    callers = {name: hashlib.sha256(f"{name}-token".encode()).hexdigest() for name in ("gateway", "ledger")}
    server = GrpcServer("127.0.0.1:0", errors=ERRORS, callers=callers, allowed=ALLOWED, domain=DOMAIN)
    pb_grpc.add_IdentityServiceServicer_to_server(IdentityServicer(world.handlers), server.server)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def identity(server: GrpcServer) -> AsyncIterator[pb_grpc.IdentityServiceStub]:
    """The gateway's view."""
    async with channel(f"127.0.0.1:{server.bound_port}", token="gateway-token") as opened:
        yield pb_grpc.IdentityServiceStub(opened)


async def refused(call: object) -> RemoteError:
    """How a call was refused."""
    assert inspect.isawaitable(call)
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await call
    return remote_error(failure.value)


def test_every_error_has_a_status() -> None:
    """An error class that the table forgets would reach callers as our bug."""
    classes = {
        found
        for module in (errors, passkey_errors, sign_in_errors)
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, errors.IdentityError) and found is not errors.IdentityError
    }
    assert set(ERRORS) == classes
    assert len({found.reason for found in classes}) == len(classes)


def test_every_method_is_for_the_gateway_alone() -> None:
    """The allow list covers the contract; its deliverer of webhooks has one call, and no other."""
    services = (
        pb.DESCRIPTOR.services_by_name["IdentityService"],
        admin_pb2.DESCRIPTOR.services_by_name["AdminService"],
    )
    methods = [(service.full_name, method.name) for service in services for method in service.methods]
    assert set(ALLOWED) == {f"/{service}/{method}" for service, method in methods}
    others = {path: callers for path, callers in ALLOWED.items() if callers != {"gateway"}}
    telling = "/tintype.identity.v1.IdentityService/TellWebhookDisabled"
    assert others == {telling: frozenset({"gateway-webhooks"})}


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ("ledger-token", grpc.StatusCode.PERMISSION_DENIED),
        ("guessed", grpc.StatusCode.UNAUTHENTICATED),
        ("", grpc.StatusCode.UNAUTHENTICATED),
    ],
)
async def test_others_are_kept_out(
    server: GrpcServer, world: World, token: str, status: grpc.StatusCode
) -> None:
    """Known and unknown callers that are not on the list change nothing."""
    async with channel(f"127.0.0.1:{server.bound_port}", token=token) as opened:
        stub = pb_grpc.IdentityServiceStub(opened)
        answer = await refused(stub.SignUp(pb.SignUpRequest(email=ADA, password=PASSWORD), timeout=5))
    assert answer.status is status
    assert not world.store.users


async def test_the_life_of_an_account(identity: pb_grpc.IdentityServiceStub, world: World) -> None:
    """Every call of the contract in the order in which a person causes them."""
    signed_up = await identity.SignUp(
        pb.SignUpRequest(email="Ada@Example.COM", password=PASSWORD, full_name="Ada"), timeout=5
    )
    assert (signed_up.user.email, signed_up.user.role) == ("Ada@example.com", pb.ROLE_USER)
    assert not signed_up.user.email_verified
    assert signed_up.user.created_at.ToDatetime(world.clock.now().tzinfo) == world.clock.now()
    user_id = signed_up.user.user_id

    verified = await identity.VerifyEmail(
        pb.VerifyEmailRequest(token=world.mailed_token(Purpose.VERIFY_EMAIL)), timeout=5
    )
    assert verified.user.email_verified

    await identity.UpdateProfile(
        pb.UpdateProfileRequest(user_id=user_id, avatar_url="https://example.com/a.png"), timeout=5
    )
    seen = await identity.GetUser(pb.GetUserRequest(user_id=user_id), timeout=5)
    assert (seen.user.full_name, seen.user.avatar_url) == ("Ada", "https://example.com/a.png")

    logged_in = await identity.LogIn(
        pb.LogInRequest(email=ADA, password=PASSWORD, client_address=CLIENT), timeout=5
    )
    assert logged_in.session.expires_in_s == 900
    refreshed = await identity.RefreshSession(
        pb.RefreshSessionRequest(refresh_token=logged_in.session.refresh_token), timeout=5
    )
    await identity.LogOut(pb.LogOutRequest(refresh_token=refreshed.session.refresh_token), timeout=5)
    ended = await refused(
        identity.RefreshSession(
            pb.RefreshSessionRequest(refresh_token=refreshed.session.refresh_token), timeout=5
        )
    )
    assert (ended.status, ended.reason) == (grpc.StatusCode.UNAUTHENTICATED, "SESSION_ENDED")

    await identity.RequestPasswordReset(
        pb.RequestPasswordResetRequest(email=ADA, client_address=CLIENT), timeout=5
    )
    await identity.ResetPassword(
        pb.ResetPasswordRequest(
            token=world.mailed_token(Purpose.RESET_PASSWORD), new_password=OTHER_PASSWORD
        ),
        timeout=5,
    )
    await identity.LogIn(
        pb.LogInRequest(email=ADA, password=OTHER_PASSWORD, client_address=CLIENT), timeout=5
    )


async def test_sessions_that_stand(identity: pb_grpc.IdentityServiceStub, world: World) -> None:
    """Ids that can't exist stand for nothing, and more than 500 at a time are refused by name."""
    opened = await world.sign_up()
    strange = ["", "*", "ses_\0", "x" * 10_000, "ses_" + "0" * 32, opened.session_id, opened.session_id]
    answer = await identity.CheckSessions(pb.CheckSessionsRequest(session_ids=strange), timeout=5)
    assert list(answer.open_session_ids) == [opened.session_id]
    many = await refused(
        identity.CheckSessions(pb.CheckSessionsRequest(session_ids=[opened.session_id] * 501), timeout=5)
    )
    assert (many.status, many.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert [name for name, _ in many.field_violations] == ["session_ids"]


async def test_the_key_set_is_json(identity: pb_grpc.IdentityServiceStub) -> None:
    """The gateway gets what it verifies tokens with."""
    answer = await identity.GetJwks(pb.GetJwksRequest(), timeout=5)
    assert [key["crv"] for key in json.loads(answer.jwks_json)["keys"]] == ["Ed25519"]


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        (pb.SignUpRequest(email="ada", password=PASSWORD), "INVALID_EMAIL", "email"),
        (pb.SignUpRequest(email="a@b@example.com", password=PASSWORD), "INVALID_EMAIL", "email"),
        (pb.SignUpRequest(email="x" * 400 + "@example.com", password=PASSWORD), "INVALID_EMAIL", "email"),
        (pb.SignUpRequest(email="a\r\nBcc: eve@example.com", password=PASSWORD), "INVALID_EMAIL", "email"),
        (pb.SignUpRequest(email="ada@192.0.2.1", password=PASSWORD), "INVALID_EMAIL", "email"),
        (pb.SignUpRequest(email=ADA, password="short"), "WEAK_PASSWORD", "password"),
        (pb.SignUpRequest(email=ADA, password="long" * 100_000), "WEAK_PASSWORD", "password"),
        (pb.SignUpRequest(email=ADA, password=PASSWORD, full_name="x" * 201), "INVALID_FIELD", "full_name"),
        (pb.SignUpRequest(email=ADA, password=PASSWORD, full_name="a\0"), "INVALID_FIELD", "full_name"),
    ],
)
async def test_bad_fields_are_named(
    identity: pb_grpc.IdentityServiceStub, world: World, request_: pb.SignUpRequest, reason: str, field: str
) -> None:
    """The status names the field and the reason, and nothing is stored."""
    answer = await refused(identity.SignUp(request_, timeout=5))
    assert (answer.status, answer.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert [name for name, _ in answer.field_violations] == [field]
    assert not world.store.users
    assert not world.store.events


@pytest.mark.parametrize("user_id", ["", "*", "usr_", "usr_" + "0" * 32, "usr_" + "g" * 32, "%", "usr_\0"])
async def test_strange_ids_are_absent(
    identity: pb_grpc.IdentityServiceStub, world: World, user_id: str
) -> None:
    """No id but an existing one finds or changes anybody, least of all the system scope's name."""
    await world.sign_up()
    before = world.store.snapshot()
    for call in (
        identity.GetUser(pb.GetUserRequest(user_id=user_id), timeout=5),
        identity.UpdateProfile(pb.UpdateProfileRequest(user_id=user_id, full_name="Eve"), timeout=5),
    ):
        answer = await refused(call)
        assert (answer.status, answer.reason) == (grpc.StatusCode.NOT_FOUND, "USER_NOT_FOUND")
    assert world.store == before


async def test_too_many_attempts_say_when_to_return(
    identity: pb_grpc.IdentityServiceStub, world: World
) -> None:
    """The refusal carries RetryInfo, and the right password does not help meanwhile."""
    await world.sign_up()
    wrong = pb.LogInRequest(email=ADA, password=OTHER_PASSWORD, client_address=CLIENT)
    for _ in range(5):
        answer = await refused(identity.LogIn(wrong, timeout=5))
        assert (answer.status, answer.reason) == (grpc.StatusCode.UNAUTHENTICATED, "INVALID_CREDENTIALS")
    right = pb.LogInRequest(email=ADA, password=PASSWORD, client_address=CLIENT)
    answer = await refused(identity.LogIn(right, timeout=5))
    assert (answer.status, answer.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_ATTEMPTS")
    assert answer.retry_after_s is not None
    assert 0 < answer.retry_after_s <= 60


async def test_a_taken_address(identity: pb_grpc.IdentityServiceStub, world: World) -> None:
    """The second sign-up is told, and nothing changes."""
    await world.sign_up()
    before = world.store.snapshot()
    answer = await refused(identity.SignUp(pb.SignUpRequest(email=ADA.upper(), password=PASSWORD), timeout=5))
    assert (answer.status, answer.reason) == (grpc.StatusCode.ALREADY_EXISTS, "EMAIL_TAKEN")
    assert world.store == before


async def test_a_dead_link_names_the_token(identity: pb_grpc.IdentityServiceStub) -> None:
    """A wrong token is a bad field, whatever its length."""
    for token in ("", "wrong", "x" * 100_000):
        answer = await refused(
            identity.ResetPassword(pb.ResetPasswordRequest(token=token, new_password=PASSWORD), timeout=5)
        )
        assert (answer.status, answer.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_TOKEN")
        assert [name for name, _ in answer.field_violations] == ["token"]
