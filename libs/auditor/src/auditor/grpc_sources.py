"""Reads the books of the running services over gRPC, as the caller `auditor`."""

import grpc
from chassis.grpc_client import channel
from tintype.billing.v1 import billing_pb2, billing_pb2_grpc
from tintype.generation.v1 import generation_pb2, generation_pb2_grpc
from tintype.ledger.v1 import ledger_pb2, ledger_pb2_grpc

from auditor.model import Books, Finding, Job, Payment, SettledReservation

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
        """Read all three. Causes are read before effects, so that what is found missing is missing."""
        jobs, purchases = await self._jobs(), await self._purchases()
        reservations: dict[str, SettledReservation] = {}
        grants: dict[str, Payment] = {}
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
        return Books(
            # What ended or was paid while the ledger was read is its cause, too.
            jobs=jobs
            | {key: job for key, job in (await self._jobs()).items() if job.reservation_id in reservations},
            reservations=reservations,
            purchases=purchases
            | {key: one for key, one in (await self._purchases()).items() if key in grants},
            grants=grants,
        )

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

    async def _purchases(self) -> dict[str, Payment]:
        stream = self._billing.ListSettledPayments(
            billing_pb2.ListSettledPaymentsRequest(), timeout=DEADLINE_S
        )
        return {
            one.purchase.payment_id: Payment(
                payment_id=one.purchase.payment_id,
                account_id=one.purchase.user_id,
                credits=one.purchase.credits,
            )
            async for one in stream
        }


def explain(failure: grpc.aio.AioRpcError) -> str:
    """Return one line about a service that did not answer."""
    return f"a service did not answer: {failure.code().name}: {failure.details()}"
