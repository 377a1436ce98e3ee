"""Pairs of a reserve and a charge in this process, for `bench.ledger.compare`: what they cost the ledger.

`python bench/ledger/pairs.py DATABASE_URL` answers each line that it reads with the processor time of one
pair, in microseconds: of the whole process, from the commands' messages to the outcomes', over PostgreSQL.
It imports the ledger from wherever PYTHONPATH says, so that one file measures any checkout.
"""

import asyncio
import statistics
import sys
import time

from chassis.ids import new_id
from ledger.adapters.inbound.grpc_commands import to_command_or_refusal, to_outcome
from ledger.application.command_writer import CommandWriter
from ledger.bootstrap import parts_of
from ledger.settings import LedgerSettings
from pydantic import SecretStr
from tintype.ledger.v1 import ledger_pb2 as pb

BATCH_COMMANDS = 500
BATCHES = 4


def settings_for(database_url: str) -> LedgerSettings:
    """Return the settings of a ledger that has a database and nobody else to talk to."""
    return LedgerSettings(
        database_url=SecretStr(database_url),
        nats_url="nats://127.0.0.1:1",
        nats_user="ledger",
        nats_password=SecretStr(""),
        grpc_listen="127.0.0.1:0",
        http_listen="127.0.0.1:0",
        callers={},
        caller_token=SecretStr("none"),
        generation_target="127.0.0.1:1",
    )


async def measured_us(writer: CommandWriter) -> float:
    """Return the processor time of one pair; the median of some batches, each account once in each."""
    measured = []
    for _ in range(BATCHES):
        references = [new_id("gen") for _ in range(BATCH_COMMANDS)]
        reserves = [
            pb.Command(
                reserve=pb.ReserveRequest(
                    request_id=f"gen:{reference}:reserve",
                    account_id=f"usr_{number:032d}",
                    amount=5,
                    reference=reference,
                    ttl_s=3_600,
                )
            )
            for number, reference in enumerate(references, 1)
        ]
        reserved, reserving_s = await _apply(writer, reserves)
        charges = [
            pb.Command(
                charge=pb.ChargeRequest(
                    request_id=f"gen:{reference}:charge", reservation_id=outcome.id, amount=4
                )
            )
            for reference, outcome in zip(references, reserved, strict=True)
        ]
        _, charging_s = await _apply(writer, charges)
        measured.append((reserving_s + charging_s) / BATCH_COMMANDS * 1e6)
    return statistics.median(measured)


async def _apply(writer: CommandWriter, messages: list[pb.Command]) -> tuple[list[pb.CommandOutcome], float]:
    """Return the outcomes and the processor seconds. Raises RuntimeError for a command that was refused."""
    began_s = time.process_time()
    commands = [to_command_or_refusal(message) for message in messages]
    outcomes = [to_outcome(outcome) for outcome in await writer.apply_batch(commands)]
    took_s = time.process_time() - began_s
    if refused := [outcome for outcome in outcomes if outcome.HasField("error")]:
        raise RuntimeError(f"{len(refused)} commands were refused, such as {refused[0]}")
    return outcomes, took_s


async def main(database_url: str) -> None:
    """Answer until the input ends."""
    async with parts_of(settings_for(database_url)) as parts:
        while await asyncio.to_thread(sys.stdin.readline):
            print(await measured_us(parts.writer), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
