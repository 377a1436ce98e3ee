"""Every way in which a call to another service fails, and what the gateway makes of it."""

import asyncio
import json
from contextlib import AsyncExitStack

import grpc
import pytest
from chassis.grpc_client import channel
from gateway.adapters.inbound.problems import problem_of
from gateway.adapters.outbound.grpc_generation import GrpcGenerations
from gateway.adapters.outbound.grpc_identity import GrpcIdentity
from gateway.adapters.outbound.grpc_ledger import GrpcLedger
from gateway.domain import errors
from gateway.domain.errors import FieldProblem, GatewayError
from gateway.domain.generation import NewGeneration
from scripted_services import ADA, JOB, STATUSES, Script, start

pytestmark = pytest.mark.server


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("INVALID_ARGUMENT", "INVALID_INPUT", errors.InvalidRequest),
        ("INVALID_ARGUMENT", "INVALID_SIGNATURE", errors.MalformedRequest),
        ("INVALID_ARGUMENT", "INVALID_WEBHOOK", errors.MalformedRequest),
        ("OUT_OF_RANGE", "PAGE", errors.InvalidRequest),
        ("UNAUTHENTICATED", "INVALID_CREDENTIALS", errors.Unauthenticated),
        ("PERMISSION_DENIED", "USER_DISABLED", errors.Forbidden),
        ("NOT_FOUND", "NOT_FOUND", errors.NotFound),
        ("ALREADY_EXISTS", "EMAIL_TAKEN", errors.Conflict),
        ("FAILED_PRECONDITION", "GENERATION_FINISHED", errors.Conflict),
        ("FAILED_PRECONDITION", "IDEMPOTENCY_KEY_REUSED", errors.IdempotencyKeyReused),
        ("FAILED_PRECONDITION", "INSUFFICIENT_CREDITS", errors.InsufficientCredits),
        ("ABORTED", "CHANGED", errors.Conflict),
        ("RESOURCE_EXHAUSTED", "TOO_MANY_ATTEMPTS", errors.RateLimited),
        ("UNAVAILABLE", "LEDGER_UNAVAILABLE", errors.Unavailable),
        ("UNAVAILABLE", "PAYMENT_PROCESSOR_UNAVAILABLE", errors.Unavailable),
        ("UNAVAILABLE", "PAYMENT_PROCESSOR_MISCONFIGURED", errors.OutOfOrder),
        ("FAILED_PRECONDITION", "PAYMENT_PROCESSOR_REFUSED", errors.Conflict),
        ("DEADLINE_EXCEEDED", "SLOW", errors.TimedOut),
        ("UNIMPLEMENTED", "NOTHING", errors.InternalFailure),
        ("DATA_LOSS", "LOST", errors.InternalFailure),
    ],
)
async def test_refusals(
    connection: grpc.aio.Channel, script: Script, status: str, reason: str, expected: type[GatewayError]
) -> None:
    """Each refusal has one meaning, by its reason first and its status second, and keeps its text."""
    script.answers["GetUser"] = STATUSES[status](reason, "because")
    with pytest.raises(GatewayError) as refused:
        await GrpcIdentity(connection).user(ADA)
    assert type(refused.value) is expected
    if expected not in (errors.InternalFailure, errors.TimedOut):
        assert (refused.value.reason, refused.value.detail) == (reason, "because")


def test_what_an_operator_must_mend_is_not_asked_for_again_at_once() -> None:
    """503 with its own reason, and without a time after which it may have passed."""
    answer = problem_of(errors.OutOfOrder("not right now", reason="PAYMENT_PROCESSOR_MISCONFIGURED"))
    assert (answer.status_code, "retry-after" in answer.headers) == (503, False)
    assert json.loads(bytes(answer.body))["reason"] == "PAYMENT_PROCESSOR_MISCONFIGURED"


async def test_details_of_refusals(connection: grpc.aio.Channel, script: Script) -> None:
    """Fields are named as the public surface names them; amounts and waits come through."""
    adapter = GrpcGenerations(connection)
    script.answers["ListGenerations"] = STATUSES["INVALID_ARGUMENT"](
        "INVALID_INPUT",
        "page_token: is none; prompt: too long",
        violations=[("page_token", "page_token: is none"), ("prompt", "too long")],
    )
    with pytest.raises(errors.InvalidRequest) as invalid:
        await adapter.page(ADA, cursor="x", limit=1)
    assert invalid.value.detail == "cursor: is none; prompt: too long"
    assert invalid.value.fields == (
        FieldProblem("cursor", "is none"),
        FieldProblem("prompt", "too long"),
    )
    script.answers["CreateGeneration"] = STATUSES["FAILED_PRECONDITION"](
        "INSUFFICIENT_CREDITS", details={"available": "-3", "required": "75", "generation_id": JOB}
    )
    new = NewGeneration(model_id="m", input={}, metadata={}, idempotency_key="k")
    with pytest.raises(errors.InsufficientCredits) as poor:
        await adapter.create(ADA, new)
    assert (poor.value.balance_credits, poor.value.required_credits) == (-3, 75)
    assert poor.value.generation_id == JOB
    script.answers["LogIn"] = STATUSES["RESOURCE_EXHAUSTED"]("TOO_MANY_ATTEMPTS", retry_after_s=7.2)
    with pytest.raises(errors.RateLimited) as limited:
        await GrpcIdentity(connection).log_in(email="a", password="p")
    assert limited.value.retry_after_s == 8


async def test_bugs_say_nothing(connection: grpc.aio.Channel, script: Script) -> None:
    """A bug behind, or a token of ours that is wrong, is no fault of the caller and shows nothing."""
    script.answers["GetUser"] = ValueError("the password is hunter2")
    with pytest.raises(errors.InternalFailure) as failed:
        await GrpcIdentity(connection).user(ADA)
    assert "hunter2" not in str(failed.value)


async def test_a_wrong_token_of_ours(script: Script) -> None:
    """A service that does not know us is our own misconfiguration: 500, not 401."""
    async with AsyncExitStack() as stack:
        opened = channel(await start(stack, script), token="wrong")
        stack.push_async_callback(opened.close)
        with pytest.raises(errors.InternalFailure):
            await GrpcIdentity(opened).user(ADA)
    assert script.heard == []


async def test_deadlines(
    connection: grpc.aio.Channel, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that never answers is given up."""
    never = asyncio.Event()
    script.answers["GetBalance"] = never.wait
    monkeypatch.setattr("gateway.adapters.outbound.grpc_ledger.READ_DEADLINE_S", 0.2)
    with pytest.raises(errors.TimedOut):
        await GrpcLedger(connection).balance(ADA)
    never.set()
