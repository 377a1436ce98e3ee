"""Reads the books of the running services over gRPC, as the caller `auditor`."""

from collections.abc import Iterable

import grpc
from chassis.grpc_client import channel
from chassis.timestamps import to_datetime
from tintype.billing.v1 import billing_pb2, billing_pb2_grpc, events_pb2
from tintype.generation.v1 import generation_pb2, generation_pb2_grpc
from tintype.ledger.v1 import ledger_pb2, ledger_pb2_grpc

from auditor.model import Allocation, Books, Finding, FreePlan, Job, Money, Payment, SettledReservation

# Streams over whole databases.
DEADLINE_S = 600.0


class GrpcBooks:
    """Speaks to the three services that hold a part of the truth."""

    def __init__(self, *, ledger: str, billing: str, generation: str, token: str) -> None:
        self._channels = [channel(target, token=token) for target in (ledger, billing, generation)]
        self._ledger = ledger_pb2_grpc.LedgerServiceStub(self._channels[0])
        self._billing = billing_pb2_grpc.BillingServiceStub(self._channels[1])
        self._generation = generation_pb2_grpc.GenerationServiceStub(self._channels[2])

    async def close(self) -> None:
        """Close the channels."""
        for one in self._channels:
            await one.close()

    async def ledger_invariants(self) -> list[Finding]:
        """Have the ledger check its own invariants."""
        stream = self._ledger.Verify(ledger_pb2.VerifyRequest(), timeout=DEADLINE_S)
        return [
            Finding(
                invariant=one.invariant,
                description=one.description,
                checked=one.checked,
                violations=one.violations,
                examples=tuple(one.examples),
            )
            async for one in stream
        ]

    async def read(self) -> Books:
        """Read all of them. Causes are read before effects, so that what is found missing is missing."""
        processor, unpaid_invoices, failure = await self._processor()
        jobs, (purchases, _, _) = await self._jobs(), await self._purchases()
        (allocations, free_plans), plan_grants = await self._allocations(), await self._plan_grants()
        reservations: dict[str, SettledReservation] = {}
        grants: dict[str, Payment] = {}
        taken_back: dict[str, int] = {}
        stream = self._ledger.ListSettlements(ledger_pb2.ListSettlementsRequest(), timeout=DEADLINE_S)
        async for item in stream:
            if item.HasField("reservation"):
                settled = item.reservation
                reservations[settled.reservation_id] = SettledReservation(
                    reservation_id=settled.reservation_id,
                    generation_id=settled.reference,
                    charged=settled.charged,
                    reserved=settled.reserved,
                )
            else:
                grant = item.payment_grant
                grants[grant.payment_id] = Payment(
                    payment_id=grant.payment_id, account_id=grant.account_id, credits=grant.amount
                )
                taken_back[grant.payment_id] = grant.taken_back
        later, money, owed_back = await self._purchases()
        told_later, free_later = await self._allocations()
        return Books(
            # What ended or was paid while the ledger was read is its cause, too.
            jobs=jobs
            | {key: job for key, job in (await self._jobs()).items() if job.reservation_id in reservations},
            reservations=reservations,
            purchases=purchases | {key: one for key, one in later.items() if key in grants},
            grants=grants,
            money=money,
            processor=processor,
            processor_failure=failure,
            unpaid_invoices=unpaid_invoices,
            owed_back=owed_back,
            taken_back=taken_back,
            allocations=allocations | {key: one for key, one in told_later.items() if key in plan_grants},
            plan_grants=plan_grants,
            free_plans=free_plans | {key: one for key, one in free_later.items() if one.last in plan_grants},
        )

    async def _plan_grants(self) -> dict[str, Allocation]:
        """Return what the ledger granted of plans, by the keys of what billing told."""
        stream = self._ledger.ListPlanGrants(ledger_pb2.ListPlanGrantsRequest(), timeout=DEADLINE_S)
        grants = [
            Allocation(
                subscription_id=item.grant.subscription_id,
                account_id=item.grant.account_id,
                credits=item.grant.amount,
                starts_at=to_datetime(item.grant.starts_at),
                ends_at=to_datetime(item.grant.ends_at) if item.grant.HasField("ends_at") else None,
            )
            async for item in stream
        ]
        found: dict[str, Allocation] = {}
        for grant in grants:
            # A second one at the same moment has no cause of its own.
            found[f"{grant.key} again" if grant.key in found else grant.key] = grant
        return found

    async def _allocations(self) -> tuple[dict[str, Allocation], dict[str, FreePlan]]:
        """Return what billing told of paid plans' credits, and every free plan."""
        allocations: dict[str, Allocation] = {}
        free_plans: dict[str, FreePlan] = {}
        request = billing_pb2.ListAllocationsRequest()
        async for item in self._billing.ListAllocations(request, timeout=DEADLINE_S):
            if item.HasField("free_plan"):
                plan = item.free_plan
                free_plans[plan.subscription_id] = FreePlan(
                    subscription_id=plan.subscription_id,
                    account_id=plan.user_id,
                    began_at=to_datetime(plan.began_at),
                    allocated_from=to_datetime(plan.allocated_from)
                    if plan.HasField("allocated_from")
                    else None,
                )
                continue
            one = item.allocation
            told = Allocation(
                subscription_id=one.subscription_id,
                account_id=one.user_id,
                credits=one.credits,
                starts_at=to_datetime(one.starts_at),
                ends_at=to_datetime(one.ends_at),
                payment_id=one.payment_id,
                invoice_id=one.invoice_id,
            )
            allocations[told.key] = told
        return allocations, free_plans

    async def _jobs(self) -> dict[str, Job]:
        stream = self._generation.ListSettlements(generation_pb2.ListSettlementsRequest(), timeout=DEADLINE_S)
        return {
            one.generation_id: Job(
                generation_id=one.generation_id,
                reservation_id=one.reservation_id,
                charge_credits=one.charge_credits,
                reserved_credits=one.reserved_credits,
            )
            async for one in stream
            if one.reservation_id
        }

    async def _purchases(self) -> tuple[dict[str, Payment], dict[str, Money], dict[str, int]]:
        """Return purchases, their money, and the credits that are to be taken back of them."""
        purchases: dict[str, Payment] = {}
        money: dict[str, Money] = {}
        owed_back: dict[str, int] = {}
        stream = self._billing.ListSettledPayments(
            billing_pb2.ListSettledPaymentsRequest(), timeout=DEADLINE_S
        )
        async for item in stream:
            one = item.purchase
            purchases[one.payment_id] = Payment(
                payment_id=one.payment_id, account_id=one.user_id, credits=one.credits
            )
            money[one.payment_id] = Money(
                amount_minor=one.amount_minor,
                currency=one.currency,
                refunded_minor=one.refunded_minor,
                disputes=_disputes(item.disputes),
                moved_at=to_datetime(one.created_at),
            )
            owed_back[one.payment_id] = item.taken_back_credits
        return purchases, money, owed_back

    async def _processor(self) -> tuple[dict[str, Money] | None, frozenset[str], str]:
        """Return the processor's payments, and its plans' invoices that have none.

        Or why there is nothing: the rest can be compared all the same.
        """
        payments: dict[str, Money] = {}
        unpaid: set[str] = set()
        request = billing_pb2.ListProcessorPaymentsRequest(with_unpaid_invoices=True)
        try:
            async for item in self._billing.ListProcessorPayments(request, timeout=DEADLINE_S):
                if item.unpaid_invoice_id:
                    unpaid.add(item.unpaid_invoice_id)
                    continue
                payments[item.payment.payment_id] = Money(
                    amount_minor=item.payment.amount_minor,
                    currency=item.payment.currency,
                    refunded_minor=item.payment.refunded_minor,
                    disputes=_disputes(item.payment.disputes),
                    moved_at=to_datetime(item.payment.moved_at),
                )
        except grpc.aio.AioRpcError as failure:
            return None, frozenset(), f"the payment processor was not compared: {failure.details()}"
        return payments, frozenset(unpaid), ""


def _disputes(disputes: Iterable[billing_pb2.PaymentDispute]) -> frozenset[tuple[str, str]]:
    return frozenset((one.dispute_id, events_pb2.DisputeState.Name(one.state)) for one in disputes)


def explain(failure: grpc.aio.AioRpcError) -> str:
    """Return one line about a service that did not answer."""
    return f"a service did not answer: {failure.code().name}: {failure.details()}"
