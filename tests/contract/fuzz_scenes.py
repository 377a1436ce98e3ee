"""Each service with something in it, over a database or in memory, for a fuzzer that knows the ids of it."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from billing.adapters.outbound.postgres.billing_reader import PostgresBillingReader
from billing.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork as BillingUnits
from billing_support import billing_in_memory
from chassis.ids import UuidIds
from chassis.postgres import create_engine
from contract_support import ledger_in_memory, serve_billing, serve_generation, serve_identity, serve_ledger
from generation.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork
from generation.application.create_upload import CreateUpload
from generation_house import House
from generation_uploads import pieces
from identity_world import World, postgres_storage
from ledger.adapters.outbound.postgres.unit_of_work import PostgresUnitsOfWork as LedgerUnits
from sqlalchemy.ext.asyncio import AsyncEngine
from support import CountingIds, LedgerUnderTest


@dataclass(frozen=True)
class Served:
    """Where a service answers, and what exists there, by the names of the fields that ask for it."""

    target: str
    known: Mapping[str, Sequence[Any]]


async def served(stack: AsyncExitStack, name: str, database_url: str | None) -> Served:
    """Serve one service until the stack closes."""
    engine = None
    if database_url is not None:
        engine = create_engine(database_url)
        stack.push_async_callback(engine.dispose)
    # A service that stands by itself brings its scene with its tests.
    scene = _SCENES.get(name) or import_module(f"{name}_scene").served
    return await scene(stack, engine)


async def _billing(stack: AsyncExitStack, engine: AsyncEngine | None) -> Served:
    billing = billing_in_memory()
    if engine is not None:
        units, reader = BillingUnits(engine, CountingIds()), PostgresBillingReader(engine)
        billing = replace(billing, units=units, reader=reader)
    opened = await billing.open("usr_1", key="before")
    known = {"checkout_id": [opened.checkout.checkout_id], "user_id": ["usr_1"], "pack_id": ["starter"]}
    return Served(await serve_billing(stack, billing), known)


async def _generation(stack: AsyncExitStack, engine: AsyncEngine | None) -> Served:
    house = House() if engine is None else House(units=PostgresUnitsOfWork(engine, UuidIds()))
    house.ledger.available = 1_000
    queued = await house.queued()
    held = await house.collections.create(queued.account_id, name="Foxes")
    sent, _ = await house.uploads.create(CreateUpload(account_id=queued.account_id, content=pieces(b"a fox")))
    known = {
        "upload_id": [sent.upload_id],
        "generation_id": [queued.generation_id],
        "generation_ids": [queued.generation_id],
        "collection_id": [held.collection_id],
        "account_id": [queued.account_id],
    }
    return Served(await serve_generation(stack, house), known)


async def _identity(stack: AsyncExitStack, engine: AsyncEngine | None) -> Served:
    world = World()
    if engine is not None:
        world.rewire(postgres_storage(engine).beneath(world.ports))
    opened = await world.sign_up()
    known = {
        "user_id": [opened.user.user_id],
        "session_ids": [opened.session_id],
        "session_id": [opened.session_id],
        "kept_session_id": [opened.session_id],
        "refresh_token": [opened.refresh_token],
    }
    return Served(await serve_identity(stack, world), known)


async def _ledger(stack: AsyncExitStack, engine: AsyncEngine | None) -> Served:
    ledger = ledger_in_memory()
    if engine is not None:
        ids = CountingIds()
        units = LedgerUnits(engine, ids)
        stack.push_async_callback(units.close)
        ledger = LedgerUnderTest.over_postgres(engine, units, ids)
    await ledger.give("usr_1", 1_000_000)
    held = await ledger.hold("usr_1", 40, "gen_1")
    return Served(
        await serve_ledger(stack, ledger), {"reservation_id": [held], "reference": ["gen_1", "gen_2"]}
    )


_SCENES = {"billing": _billing, "generation": _generation, "identity": _identity, "ledger": _ledger}
