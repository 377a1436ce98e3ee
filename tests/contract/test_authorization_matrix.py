"""Every RPC of every service, and everybody who may try: one table, in which no call is left out.

The real server with its interceptors, over the services' memory: which service calls is checked there, and
which person acts by the servicer.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from billing.adapters.inbound import grpc as billing_grpc
from billing_support import billing_in_memory
from chassis.grpc_client import channel, remote_error
from contract_support import (
    CALLERS,
    ledger_in_memory,
    serve_billing,
    serve_generation,
    serve_identity,
    serve_interactive,
    serve_ledger,
)
from deadletters import servicer as dead_letters
from generation.adapters.inbound import grpc as generation_grpc
from generation.adapters.inbound import grpc_interactive
from generation_house import House
from google.protobuf import message_factory
from google.protobuf.descriptor_pool import Default
from identity.adapters.inbound import grpc as identity_grpc
from identity.domain.user import EmailAddress, Role
from identity_world import World
from interactive_house import Interactive
from ledger.adapters.inbound import grpc as ledger_grpc

# Whom each call is for: which services, and, where a person acts for others, who that may be.
GATEWAY, AUDITOR = frozenset({"gateway"}), frozenset({"auditor"})
GENERATION, BILLING, LEDGER = frozenset({"generation"}), frozenset({"billing"}), frozenset({"ledger"})
LEDGERS = {
    "Grant": BILLING,
    "Reserve": GENERATION,
    "Charge": GENERATION,
    "Refund": GENERATION,
    "Extend": GENERATION,
    "Clawback": BILLING,
    "Adjust": GATEWAY,
    "ApplyBatch": GENERATION | BILLING,
    "ApplyStream": GENERATION | BILLING,
    "GetReservation": GENERATION | GATEWAY,
    "ListSettlements": AUDITOR,
    "ListPlanGrants": AUDITOR,
    "Verify": AUDITOR,
}
OTHERS = {
    ("identity", "TellWebhookDisabled"): frozenset({"gateway-webhooks"}),
    ("billing", "ListSettledPayments"): AUDITOR,
    ("billing", "ListProcessorPayments"): AUDITOR,
    ("billing", "ListAllocations"): AUDITOR,
    ("generation", "GetSettlement"): LEDGER,
    ("generation", "ListSettlements"): AUDITOR,
    **{("ledger", method): callers for method, callers in LEDGERS.items()},
}
STAFF, ADMIN = frozenset({Role.SUPPORT, Role.ADMIN}), frozenset({Role.ADMIN})
ACTING = {
    ("billing", "RefundPurchase"): ADMIN,
    ("ledger", "Adjust"): ADMIN,
    ("generation", "GroupMargins"): STAFF,
    ("generation", "ListProviderPauses"): STAFF,
    ("identity", "ListUsers"): STAFF,
    ("identity", "ReadUser"): STAFF,
    ("identity", "ChangeUser"): ADMIN,
    ("identity", "ListAuditRecords"): STAFF,
    ("identity", "ListMails"): STAFF,
    **{
        (provider, method): roles
        for provider in ("identity", "billing", "ledger", "generation")
        for method, roles in (("ListDeadLetters", STAFF), ("ReplayDeadLetter", ADMIN))
    },
}
PROVIDERS = {
    "identity": identity_grpc,
    "billing": billing_grpc,
    "ledger": ledger_grpc,
    "generation": generation_grpc,
    "generation-interactive": grpc_interactive,
}
# Every service answers for what it gave up, beside its own contract.
ALLOWED = {provider: {**tables.ALLOWED, **dead_letters.ALLOWED} for provider, tables in PROVIDERS.items()}
# The interactive process hears nothing: what generation gave up, its API answers for.
ALLOWED["generation-interactive"] = dict(grpc_interactive.ALLOWED)
CALLS = sorted((provider, path) for provider, allowed in ALLOWED.items() for path in allowed)
KEPT_OUT = {"NOT_STAFF", "NOT_AN_ADMIN"}


@dataclass
class Served:
    """A service, at an address, with a user of each role where it knows users."""

    target: str
    users: dict[Role, str]


async def identity(stack: AsyncExitStack) -> Served:
    """With a user of each role, who is known by the service itself."""
    world, users = World(), {}
    for role in Role:
        opened = await world.sign_up(EmailAddress(f"{role.value}@example.com"), client=None)  # type: ignore[arg-type]
        users[role] = str(opened.user.user_id)
        world.change(opened.user.user_id, role=role)
    return Served(await serve_identity(stack, world), users)


async def billing(stack: AsyncExitStack) -> Served:
    """Over memory."""
    target = await serve_billing(stack, billing_in_memory())
    return Served(target, {role: f"usr_{role.value}" for role in Role})


async def ledger(stack: AsyncExitStack) -> Served:
    """Over memory."""
    return Served(await serve_ledger(stack, ledger_in_memory()), {role: f"usr_{role.value}" for role in Role})


async def generation(stack: AsyncExitStack) -> Served:
    """Over memory."""
    return Served(await serve_generation(stack, House()), {role: f"usr_{role.value}" for role in Role})


async def interactive(stack: AsyncExitStack) -> Served:
    """Over memory."""
    target = await serve_interactive(stack, Interactive(House()))
    return Served(target, {role: f"usr_{role.value}" for role in Role})


SERVE: dict[str, Callable[[AsyncExitStack], Awaitable[Served]]] = {
    "identity": identity,
    "billing": billing,
    "ledger": ledger,
    "generation": generation,
    "generation-interactive": interactive,
}


def method_of(path: str) -> Any:
    """What the contract says of a call."""
    service, _, name = path.lstrip("/").rpartition("/")
    return Default().FindServiceByName(service).methods_by_name[name]


def callers_of(provider: str, path: str) -> frozenset[str]:
    """Which services may call: the gateway, where the table says nothing else."""
    return OTHERS.get((provider, path.rpartition("/")[2]), GATEWAY)


async def ask(target: str, path: str, request: Any, token: str | None) -> tuple[grpc.StatusCode, str]:
    """Call, as somebody with this token or with none; what it is answered."""
    method = method_of(path)
    opened = grpc.aio.insecure_channel(target) if token is None else channel(target, token=token)
    answer_type = message_factory.GetMessageClass(method.output_type)
    kind = (
        "stream" if method.client_streaming else "unary",
        "stream" if method.server_streaming else "unary",
    )
    call = getattr(opened, "_".join(kind))(
        path,
        request_serializer=type(request).SerializeToString,
        response_deserializer=answer_type.FromString,
    )
    # A stream without a message: who is not let in is told before anything is read.
    sent = iter(()) if method.client_streaming else request
    try:
        answer = call(sent, timeout=20)
        if method.server_streaming:
            async for _ in answer:
                break
        else:
            await answer
    except grpc.aio.AioRpcError as refused:
        error = remote_error(refused)
        return error.status, error.reason or ""
    finally:
        await opened.close()
    return grpc.StatusCode.OK, ""


def empty(path: str) -> Any:
    """A request that says nothing."""
    return message_factory.GetMessageClass(method_of(path).input_type)()


def test_every_call_has_a_row() -> None:
    """The services' own tables say what this one says, and nothing stands here that is not there."""
    said = {(provider, path): ALLOWED[provider][path] for provider, path in CALLS}
    assert said == {(provider, path): callers_of(provider, path) for provider, path in CALLS}
    short = {(provider, path.rpartition("/")[2]) for provider, path in CALLS}
    assert short >= OTHERS.keys() | ACTING.keys()
    with_principal = {
        (provider, path.rpartition("/")[2])
        for provider, path in CALLS
        if "principal" in method_of(path).input_type.fields_by_name
    }
    # Whoever acts for others says who they are, and the other way round.
    assert with_principal == set(ACTING)


@pytest.fixture
async def opened() -> AsyncIterator[AsyncExitStack]:
    """What a test opens."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest.mark.parametrize("provider", SERVE)
async def test_which_services_are_let_in(opened: AsyncExitStack, provider: str) -> None:
    """Nobody, a stranger and each of the others: who is not in the row is refused before anything is read."""
    served = await SERVE[provider](opened)
    for path in ALLOWED[provider]:
        request, callers = empty(path), callers_of(provider, path)
        for token in (None, "a-stranger"):
            status, _ = await ask(served.target, path, request, token)
            assert status is grpc.StatusCode.UNAUTHENTICATED, (path, token)
        for caller in CALLERS:
            if caller not in callers:
                status, _ = await ask(served.target, path, request, caller)
                assert status is grpc.StatusCode.PERMISSION_DENIED, (path, caller)


@pytest.mark.parametrize(("provider", "method"), sorted(ACTING))
async def test_which_people_may_act(opened: AsyncExitStack, provider: str, method: str) -> None:
    """Nobody, a user, support and an administrator, whom the gateway may take for whatever it likes."""
    served = await SERVE[provider](opened)
    path = next(path for path in ALLOWED[provider] if path.endswith(f"/{method}"))
    request = empty(path)
    _, reason = await ask(served.target, path, request, "gateway")
    assert reason in KEPT_OUT
    for role in Role:
        request = empty(path)
        request.principal.actor_id = served.users[role]
        request.principal.role = {Role.USER: 1, Role.ADMIN: 2, Role.SUPPORT: 3}[role]
        _, reason = await ask(served.target, path, request, "gateway")
        assert (reason not in KEPT_OUT) is (role in ACTING[provider, method]), (role, reason)


async def test_identity_believes_its_own_records(opened: AsyncExitStack) -> None:
    """A user whom the gateway takes for an administrator, and one who is gone, are users."""
    served = await identity(opened)
    own = [f"/tintype.identity.v1.AdminService/{method}" for method in
           ("ListUsers", "ReadUser", "ChangeUser", "ListAuditRecords", "ListMails")]  # fmt: skip
    for path in (*own, *dead_letters.ALLOWED):
        for actor in (served.users[Role.USER], "usr_" + "0" * 32, "operator:root", ""):
            request = empty(path)
            request.principal.actor_id, request.principal.role = actor, 2
            _, reason = await ask(served.target, path, request, "gateway")
            assert reason in KEPT_OUT, (path, actor)
