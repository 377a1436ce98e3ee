"""Interactive generations over the house's memory."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from generation.adapters.inbound.streams import Running, Streams
from generation.adapters.outbound.memory_chats import MemoryChats
from generation.adapters.outbound.toml_catalogue import TomlCatalogue
from generation.application.cost_of_run import RunCosts
from generation.application.deliver_outputs import OutputDeliverer
from generation.application.entitlement_check import EntitlementCheck
from generation.application.finish_attempt import AttemptFinisher
from generation.application.keep_answer import AnswerKeeper
from generation.application.keep_leases import LeaseKeeper
from generation.application.moderate_job import JobModerator
from generation.application.reserve_credits import CreditReserver
from generation.application.run_chat import RunChatHandler
from generation.application.start_in_call import InCallStarter
from generation.application.stream_generation import StreamGeneration, StreamGenerationHandler
from generation.bootstrap.providers import gate_of
from generation.domain.generation import Generation
from generation.domain.identifiers import ModelId
from generation_house import ACCOUNT, House

CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "Tell me of foxes."}], "max_tokens": 100}
NAME = "wrk_interactive"


def two_providers(folder: Path) -> TomlCatalogue:
    """A catalogue whose chat is held by two."""
    path = folder / "models.toml"
    path.write_text(
        """
[[models]]
id = "openai/chat"
title = "Chat"
description = "Text."
modality = "text"
category = "chat"
deadline_s = 180
providers = [{ name = "openai", model = "gpt" }, { name = "deepseek", model = "deep" }]
price = { unit = "token", credits = 1, per_units = 10 }
[models.input]
required = ["prompt"]
[models.input.properties.prompt]
type = "string"
maxLength = 20000
[models.input.properties.max_tokens]
type = "integer"
minimum = 1
maximum = 1000
default = 500
""",
        encoding="utf-8",
    )
    return TomlCatalogue(path, providers={"openai", "deepseek"})


class Interactive:
    """A process that holds chats, over a house's database."""

    def __init__(
        self, house: House, chats: Mapping[str, MemoryChats] | None = None, *, per_account_most: int = 8
    ) -> None:
        self.house = house
        self.openai, self.deepseek = MemoryChats(), MemoryChats()
        units, clock = house.units, house.clock
        self.gate = gate_of(clock, house.meter, house.limits)
        providers = chats or {"openai": self.openai, "deepseek": self.deepseek}
        finish = AttemptFinisher(
            units,
            house.ids,
            clock,
            house.meter,
            worker=NAME,
            lease_s=15,
            attempts_max=3,
            queue_timeout_s=3600,
        )
        self.keeper = AnswerKeeper(
            OutputDeliverer(units, house.intake, house.store, house.ids, clock, pause_s=0.001),
            keep_within_s=0.2,
        )
        self.accept = StreamGenerationHandler(
            units,
            house.catalogue,
            InCallStarter(
                units,
                CreditReserver(units, house.ledger, clock, deadline_s_max=600, queue_timeout_s=3600),
                house.ids,
                clock,
                self.gate,
                worker=NAME,
                lease_s=15,
            ),
            house.ids,
            clock,
            EntitlementCheck(clock),
            frozenset(providers),
        )
        self.streams = Streams(
            self.accept,
            RunChatHandler(
                providers,
                self.keeper,
                finish,
                self.gate,
                JobModerator(
                    house.moderation, house.catalogue, clock, house.meter, is_open=house.moderation_is_open
                ),
                RunCosts(house.catalogue),
                clock,
                settle_again_s=0.001,
            ),
            LeaseKeeper(units, clock, worker=NAME, lease_s=15),
            most=16,
            per_account_most=per_account_most,
        )

    async def opened(self, **changes: Any) -> Running:
        """An accepted chat."""
        running = await self.streams.open(asked(**changes))
        assert isinstance(running, Running)
        return running

    def stored(self, running: Running) -> Generation:
        """The job as the database has it."""
        return self.house.units.tables.generations[running.accepted.generation_id]


def asked(
    *,
    key: str | None = None,
    model: str = "openai/chat",
    is_streamed: bool = True,
    order: tuple[str, ...] = (),
    **chat: Any,
) -> StreamGeneration:
    """Alice's request."""
    return StreamGeneration(
        account_id=ACCOUNT,
        model_id=ModelId(model),
        chat=json.dumps(CHAT | chat).encode(),
        is_streamed=is_streamed,
        idempotency_key=key,
        provider_order=order,
    )


async def words(running: Running) -> str:
    """What its listener hears."""
    heard = [chunk async for chunks in running.chunks() for chunk in chunks]
    return "".join(json.loads(chunk)["choices"][0]["delta"]["content"] for chunk in heard)


async def settled() -> None:
    """Let everything that is ready go on."""
    for _ in range(50):
        await asyncio.sleep(0)


@asynccontextmanager
async def stopping(interactive: Interactive) -> AsyncIterator[None]:
    """End what still runs, whatever the test did."""
    try:
        yield
    finally:
        await interactive.streams.stop()
