"""The caller, in a process of its own: reserves and charges over gRPC, as generation does.

`python -m bench.ledger.client SPEC` where SPEC is the JSON of `Spec`; prints one JSON object.
"""

import asyncio
import json
import random
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

import uvloop
from chassis.grpc_client import channel
from chassis.ids import new_id
from grpc.aio import Channel
from ledgerclient.coalescing import CoalescingLedger
from tintype.ledger.v1 import ledger_pb2 as pb
from tintype.ledger.v1 import ledger_pb2_grpc as rpc

from bench.ledger.databases import ACCOUNTS, RESERVED_CREDITS, account_id
from bench.ledger.endpoint import NOOP, TOKEN
from bench.ledger.load import Load, drive

BATCH_COMMANDS = 500
UNARY_CALLERS = 32
COALESCED_CALLERS = 1_000
DEADLINE_S = 30.0
TTL_S = 3_600


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What to run against which server."""

    target: str
    case: str
    accounts: int
    seconds: float
    warm_up_s: float
    in_flight: int

    def as_json(self) -> str:
        """Return it as the argument of the process."""
        return json.dumps(asdict(self))


class Refused(Exception):
    """A command that had to succeed did not."""


def _account(spec: Spec) -> str:
    return account_id(random.randint(1, min(spec.accounts, ACCOUNTS)))


def _reserve(spec: Spec) -> pb.ReserveRequest:
    generation = new_id("gen")
    return pb.ReserveRequest(
        request_id=f"gen:{generation}:reserve",
        account_id=_account(spec),
        amount=RESERVED_CREDITS,
        reference=generation,
        ttl_s=TTL_S,
    )


def _charge(generation: str, reservation_id: str) -> pb.ChargeRequest:
    return pb.ChargeRequest(
        request_id=f"gen:{generation}:charge", reservation_id=reservation_id, amount=RESERVED_CREDITS
    )


async def batches(spec: Spec, link: Channel) -> Load:
    """Batches of 500 reserves, each followed by the batch that charges what it reserved."""
    stub = rpc.LedgerServiceStub(link)

    async def apply(commands: list[pb.Command]) -> list[pb.CommandOutcome]:
        answer = await stub.ApplyBatch(pb.ApplyBatchRequest(commands=commands), timeout=DEADLINE_S)
        outcomes = list(answer.outcomes)
        for outcome in outcomes:
            if outcome.HasField("error") or outcome.replayed:
                raise Refused(str(outcome))
        return outcomes

    # Each caller holds what its last batch reserved.
    reserved: dict[int, list[tuple[str, str]]] = {}

    async def step(number: int) -> int:
        if held := reserved.pop(number, None):
            await apply([pb.Command(charge=_charge(*one)) for one in held])
            return len(held)
        reserves = [_reserve(spec) for _ in range(BATCH_COMMANDS)]
        outcomes = await apply([pb.Command(reserve=one) for one in reserves])
        reserved[number] = [
            (reserve.reference, outcome.id) for reserve, outcome in zip(reserves, outcomes, strict=True)
        ]
        return len(reserves)

    return await drive(step, callers=spec.in_flight, warm_up_s=spec.warm_up_s, seconds=spec.seconds)


async def unary(spec: Spec, link: Channel) -> Load:
    """32 callers, each waiting for the answer to one command before it sends the next."""
    stub = rpc.LedgerServiceStub(link)
    reserved: dict[int, tuple[str, str]] = {}

    async def step(number: int) -> int:
        if held := reserved.pop(number, None):
            await stub.Charge(_charge(*held), timeout=DEADLINE_S)
            return 1
        request = _reserve(spec)
        answer = await stub.Reserve(request, timeout=DEADLINE_S)
        reserved[number] = (request.reference, answer.reservation.reservation_id)
        return 1

    return await drive(step, callers=UNARY_CALLERS, warm_up_s=spec.warm_up_s, seconds=spec.seconds)


async def coalesced(spec: Spec, link: Channel) -> Load:
    """1000 callers as above, whose commands the coalescing client sends together."""
    ledger = CoalescingLedger(link)
    reserved: dict[int, tuple[str, str]] = {}

    async def step(number: int) -> int:
        if held := reserved.pop(number, None):
            await ledger.apply(pb.Command(charge=_charge(*held)), timeout_s=DEADLINE_S)
            return 1
        request = _reserve(spec)
        outcome = await ledger.apply(pb.Command(reserve=request), timeout_s=DEADLINE_S)
        reserved[number] = (request.reference, outcome.id)
        return 1

    running = asyncio.create_task(ledger.run())
    try:
        return await drive(step, callers=COALESCED_CALLERS, warm_up_s=spec.warm_up_s, seconds=spec.seconds)
    finally:
        running.cancel()
        await asyncio.wait({running})


async def noop(spec: Spec, link: Channel) -> Load:
    """Call a method that only answers, by the same callers, channel and server."""
    call = link.unary_unary(
        NOOP,
        request_serializer=pb.ReserveRequest.SerializeToString,
        response_deserializer=pb.ReserveResponse.FromString,
    )

    async def step(_number: int) -> int:
        await call(_reserve(spec), timeout=DEADLINE_S)
        return 1

    return await drive(step, callers=UNARY_CALLERS, warm_up_s=spec.warm_up_s, seconds=spec.seconds)


CASES: dict[str, Callable[[Spec, Channel], Awaitable[Load]]] = {
    "batches": batches,
    "coalesced": coalesced,
    "unary": unary,
    "noop": noop,
}


async def run(spec: Spec) -> Load:
    """Run one case."""
    link = channel(spec.target, token=TOKEN)
    try:
        return await CASES[spec.case](spec, link)
    finally:
        await link.close()


def main(arguments: list[str]) -> int:
    """Run what the argument says; print what it reached."""
    load = uvloop.run(run(Spec(**json.loads(arguments[0]))))
    print(json.dumps(load.as_json()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
