"""LedgerService over a real channel: who may call, what errors carry, what answers look like."""

import hashlib
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
import pytest
from chassis.grpc_client import channel, remote_error
from chassis.grpc_server import GrpcServer
from command_makers import grant
from google.protobuf.timestamp_pb2 import Timestamp
from ledger.adapters.inbound.grpc import ALLOWED, ERRORS
from ledger.domain import errors
from ledger.ports.invariants import InvariantResult
from support import LedgerUnderTest, servicer
from tintype.identity.v1.identity_pb2 import ROLE_ADMIN, ROLE_SUPPORT, ROLE_UNSPECIFIED, ROLE_USER, Role
from tintype.identity.v1.principal_pb2 import Principal
from tintype.ledger.v1 import ledger_pb2 as pb
from tintype.ledger.v1 import ledger_pb2_grpc as rpc

pytestmark = pytest.mark.server

CALLERS = ("gateway", "generation", "billing", "auditor")


class OneInvariant:
    """An invariant that holds."""

    async def check(self) -> AsyncIterator[InvariantResult]:
        """Yield it."""
        yield InvariantResult(invariant="it_holds", description="it does", checked=3, violations=0)


@pytest.fixture
async def wire(memory_ledger: LedgerUnderTest) -> AsyncIterator["Wire"]:
    """The real server over the memory ledger, on a free port."""
    callers = {name: hashlib.sha256(name.encode()).hexdigest() for name in CALLERS}
    grpc_server = GrpcServer(
        "127.0.0.1:0", errors=ERRORS, callers=callers, allowed=ALLOWED, domain="tintype.ledger"
    )
    rpc.add_LedgerServiceServicer_to_server(servicer(memory_ledger, OneInvariant()), grpc_server.server)
    await grpc_server.start()
    connections = Wire(grpc_server.bound_port)
    yield connections
    for one in connections.channels:
        await one.close()
    await grpc_server.stop()


class Wire:
    """Connections to the server; each stays open until the test ends."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.channels: list[grpc.aio.Channel] = []

    def stub(self, caller: str) -> rpc.LedgerServiceStub:
        """A client that presents itself as `caller`."""
        self.channels.append(channel(f"127.0.0.1:{self._port}", token=caller))
        return rpc.LedgerServiceStub(self.channels[-1])


def test_every_domain_error_has_a_status() -> None:
    """A refusal is never answered as our bug."""
    classes = [one for _, one in inspect.getmembers(errors, inspect.isclass)]
    unmapped = [one for one in classes if one.__module__ == errors.__name__ and one not in ERRORS]
    assert unmapped == [errors.KeptRefusal, errors.LedgerError]


def test_every_method_names_its_callers() -> None:
    """A method that is not listed is closed; none is forgotten."""
    methods = {method.name for method in pb.DESCRIPTOR.services_by_name["LedgerService"].methods}
    assert {name.rpartition("/")[2] for name in ALLOWED} == methods


async def test_grant_reserve_charge_over_the_wire(wire: Wire) -> None:
    """The whole life of a reservation, each step by the service that may take it."""
    granted = await wire.stub("billing").Grant(
        pb.GrantRequest(
            request_id="payment:pi_1",
            account_id="usr_1",
            amount=100,
            category=pb.CATEGORY_PAID,
            source="payment:pi_1",
        ),
        timeout=5,
    )
    assert dict(granted.balance.by_category) == {pb.CATEGORY_PAID: 100}
    generation = wire.stub("generation")
    reserve = pb.ReserveRequest(
        request_id="gen:g:reserve", account_id="usr_1", amount=40, reference="g", ttl_s=60
    )
    reserved = await generation.Reserve(reserve, timeout=5)
    assert (await generation.Reserve(reserve, timeout=5)).replayed
    charge = pb.ChargeRequest(
        request_id="gen:g:charge", reservation_id=reserved.reservation.reservation_id, amount=30
    )
    charged = await generation.Charge(charge, timeout=5)
    assert (charged.reservation.charged, charged.balance.available) == (30, 70)
    gateway = wire.stub("gateway")
    listed = await gateway.ListEntries(pb.ListEntriesRequest(account_id="usr_1", page_size=2), timeout=5)
    assert [entry.kind for entry in listed.entries] == [pb.ENTRY_KIND_CHARGE, pb.ENTRY_KIND_RESERVE]
    assert (listed.entries[0].amount, listed.entries[0].settled) == (10, 30)
    settlements = wire.stub("auditor").ListSettlements(pb.ListSettlementsRequest(), timeout=5)
    kinds = [item.WhichOneof("item") async for item in settlements]
    assert kinds == ["reservation", "payment_grant"]
    plans = wire.stub("auditor").ListPlanGrants(pb.ListPlanGrantsRequest(), timeout=5)
    assert [item async for item in plans] == []


async def test_too_few_credits_says_how_many(wire: Wire) -> None:
    """The refusal carries what is there and what is needed."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await wire.stub("generation").Reserve(
            pb.ReserveRequest(
                request_id="gen:g:reserve", account_id="usr_1", amount=40, reference="g", ttl_s=60
            ),
            timeout=5,
        )
    error = remote_error(refused.value)
    assert (error.status, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_CREDITS")
    assert error.metadata == {"available": "0", "required": "40"}


async def test_only_the_listed_callers_are_served(wire: Wire, memory_ledger: LedgerUnderTest) -> None:
    """The gateway can't grant, a stranger can do nothing, and nothing was granted."""
    request = pb.GrantRequest(
        request_id="r", account_id="usr_1", amount=1, category=pb.CATEGORY_PAID, source="s"
    )
    for caller, status in (
        ("gateway", grpc.StatusCode.PERMISSION_DENIED),
        ("stranger", grpc.StatusCode.UNAUTHENTICATED),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await wire.stub(caller).Grant(request, timeout=5)
        assert refused.value.code() is status
    assert await memory_ledger.available("usr_1") == (0, 0)


@pytest.mark.parametrize("role", [ROLE_UNSPECIFIED, ROLE_USER, ROLE_SUPPORT])
async def test_only_an_administrator_corrects(
    wire: Wire, memory_ledger: LedgerUnderTest, role: Role.ValueType
) -> None:
    """Whatever the gateway let pass is checked again; an administrator's name is the principal's."""
    gateway = wire.stub("gateway")
    await memory_ledger.apply(grant("usr_1", 100))
    asked = pb.AdjustRequest(request_id="adj_1", account_id="usr_1", amount=5, actor="me", reason="a mistake")
    asked.principal.MergeFrom(Principal(actor_id="usr_eve", role=role))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await gateway.Adjust(asked, timeout=5)
    assert remote_error(refused.value).reason == "NOT_AN_ADMIN"
    asked.principal.MergeFrom(Principal(role=ROLE_ADMIN, session_id="ses_1", client_address="203.0.113.7"))
    assert (await gateway.Adjust(asked, timeout=5)).balance.available == 105
    # The same from elsewhere is the same.
    asked.principal.client_address = "203.0.113.8"
    assert (await gateway.Adjust(asked, timeout=5)).replayed


async def test_bad_fields_are_named(wire: Wire) -> None:
    """The status names the field."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await wire.stub("gateway").ListEntries(
            pb.ListEntriesRequest(account_id="usr_1", page_size=101), timeout=5
        )
    error = remote_error(refused.value)
    assert error.status is grpc.StatusCode.INVALID_ARGUMENT
    assert [field for field, _ in error.field_violations] == ["page_size"]


NO_TIMES = [
    Timestamp(seconds=2**63 - 1),
    Timestamp(seconds=-(2**63)),
    Timestamp(nanos=-1),
    Timestamp(nanos=10**9),
]


@pytest.mark.parametrize("moment", NO_TIMES, ids=str)
async def test_what_is_no_time_is_named(
    wire: Wire, memory_ledger: LedgerUnderTest, moment: Timestamp
) -> None:
    """In every field that has one; nothing is granted."""
    await memory_ledger.give("usr_1", 5)
    grant = {
        "request_id": "r",
        "account_id": "usr_1",
        "amount": 1,
        "category": pb.CATEGORY_PAID,
        "source": "s",
    }
    billing, gateway = wire.stub("billing"), wire.stub("gateway")
    asked: list[tuple[str, Callable[[], Awaitable[object]]]] = [
        ("effective_at", lambda: billing.Grant(pb.GrantRequest(**grant, effective_at=moment))),
        ("expires_at", lambda: billing.Grant(pb.GrantRequest(**grant, expires_at=moment))),
        ("as_of", lambda: gateway.GetBalance(pb.GetBalanceRequest(account_id="usr_1", as_of=moment))),
        ("to", lambda: gateway.ListEntries(pb.ListEntriesRequest(account_id="usr_1", to=moment))),
        ("from", lambda: gateway.ListEntries(pb.ListEntriesRequest(account_id="usr_1", **{"from": moment}))),
        ("to", lambda: gateway.GetStatement(pb.GetStatementRequest(account_id="usr_1", to=moment)).read()),
    ]
    for field, ask in asked:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await ask()
        error = remote_error(refused.value)
        assert error.status is grpc.StatusCode.INVALID_ARGUMENT
        assert [name for name, _ in error.field_violations] == [field]
    assert await memory_ledger.available("usr_1") == (5, 0)


async def test_a_command_of_a_batch_that_says_nothing_is_refused_alone(
    wire: Wire, memory_ledger: LedgerUnderTest
) -> None:
    """Its neighbours are done; an atomic batch is not."""
    await memory_ledger.give("usr_1", 100)
    grant = pb.GrantRequest(request_id="r", account_id="usr_1", amount=1, source="s")
    fine = pb.GrantRequest(
        request_id="fine", account_id="usr_1", amount=7, source="s", category=pb.CATEGORY_PAID
    )
    commands = [pb.Command(grant=grant), pb.Command(), pb.Command(grant=fine)]
    billing = wire.stub("billing")
    atomic = await billing.ApplyBatch(pb.ApplyBatchRequest(commands=commands, atomic=True), timeout=5)
    assert [one.error.reason for one in atomic.outcomes] == [
        "INVALID_FIELD",
        "INVALID_FIELD",
        "ABORTED_WITH_BATCH",
    ]
    assert await memory_ledger.available("usr_1") == (100, 0)
    each = await billing.ApplyBatch(pb.ApplyBatchRequest(commands=commands), timeout=5)
    assert [one.error.reason for one in each.outcomes] == ["INVALID_FIELD", "INVALID_FIELD", ""]
    assert await memory_ledger.available("usr_1") == (107, 0)
