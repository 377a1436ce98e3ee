"""What models say of stand-ins that answer in place of their providers: fake and real."""

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from contract_support import connect, serve_generation
from gateway.adapters.outbound.grpc_generation import GrpcGenerations
from gateway.adapters.outbound.memory.generation import MemoryGenerations
from gateway.adapters.outbound.memory.ledger import MemoryLedger
from gateway.ports.generation import Generations
from generation_house import House
from support import HandClock


@pytest.mark.parametrize("stand_ins", [set(), {"local"}, {"other"}])
@pytest.mark.parametrize("kind", ["fake", "real"])
async def test_a_model_names_the_stand_ins_of_its_providers(
    kind: str, stand_ins: set[str], stack: AsyncExitStack
) -> None:
    """Those alone that it has; whoever is asked first decides what people are told."""
    fake = MemoryGenerations(HandClock(), MemoryLedger(HandClock()))
    fake.stand_ins = stand_ins
    house = House()
    house.models = replace(house.models, stand_ins=stand_ins)
    generations: Generations = fake
    if kind == "real":
        generations = GrpcGenerations(await connect(stack, await serve_generation(stack, house), "gateway"))
    sketch = await generations.model("local/sketch")
    assert set(sketch.stand_ins) == stand_ins & {"local"}
    assert sketch.is_stood_in_for is ("local" in stand_ins)
    assert {each.model_id: each for each in await generations.models()}[sketch.model_id] == sketch
