"""What the gateway needs of texts that generation keeps itself, by its own port, over gRPC."""

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from contract_support import connect, serve_generation
from gateway.adapters.outbound.grpc_generation import GrpcGenerations, GrpcShares
from gateway.adapters.outbound.grpc_generation_contents import GrpcOutputContents
from gateway.adapters.outbound.memory.output_contents import MemoryOutputContents
from gateway.domain.errors import Forbidden, NotFound
from gateway.domain.generation import GenerationStatus, NewGeneration, Output
from gateway.domain.identifiers import OutputId
from generation_house import House, success

ME = "usr_me"
TEXT = "Füchse laufen.".encode()
ORIGIN = "https://tintype.example"


@pytest.fixture
async def made(stack: AsyncExitStack) -> tuple[House, GrpcGenerations, GrpcShares, GrpcOutputContents]:
    """Generation with one text of mine."""
    house = House()
    house.ledger.available, house.intake.held_bytes_max = 100, 100
    channel = await connect(stack, await serve_generation(stack, house), "gateway")
    generations = GrpcGenerations(channel, origin=ORIGIN)
    new = NewGeneration(
        model_id="openai/chat",
        input={"prompt": "foxes", "max_tokens": 32},
        metadata={},
        idempotency_key="k1",
    )
    job, _ = await generations.create(ME, new)
    house.provider.reports = [replace(success(TEXT), usage_units=12)]
    worker = house.worker()
    await worker.run(await worker.started(house.reserved(house.units.tables.generations[job.generation_id])))
    return house, generations, GrpcShares(channel, origin=ORIGIN), GrpcOutputContents(channel)


async def only(generations: GrpcGenerations) -> Output:
    """Its output, as the gateway has it."""
    (job,) = (await generations.page(ME, cursor=None, limit=9)).items
    assert job.status is GenerationStatus.SUCCEEDED
    (output,) = job.outputs
    return output


async def test_its_addresses_are_the_gateways(
    made: tuple[House, GrpcGenerations, GrpcShares, GrpcOutputContents],
) -> None:
    """Whole, and with the signature that it is read by; by a link too."""
    _, generations, shares, contents = made
    output = await only(generations)
    assert output.url == f"{ORIGIN}/v1/outputs/{output.output_id}/content?signature={output.signature}"
    assert output.download_url == f"{output.url}&download=true"
    read = await contents.read(output.output_id, output.signature or "")
    assert (read.content, read.media_type, read.sha256) == (TEXT, "text/plain; charset=utf-8", output.sha256)
    assert read.file_name.endswith("-1.txt")
    (job,) = (await generations.page(ME, cursor=None, limit=9)).items
    _, token = await shares.create_share(ME, job.generation_id, lifetime_s=3_600, shows_prompt=False)
    (seen,) = (await shares.shared(token)).outputs
    assert seen.url.startswith(f"{ORIGIN}/v1/outputs/{output.output_id}/content?signature=")
    assert (await contents.read(seen.output_id, seen.signature or "")).content == TEXT


async def test_the_fake_refuses_as_the_real_thing_does() -> None:
    """By the same classes and words: see below."""
    fake = MemoryOutputContents(gone={("out_2", "s")})
    with pytest.raises(Forbidden) as refused:
        await fake.read(OutputId("out_1"), "x")
    with pytest.raises(NotFound) as gone:
        await fake.read(OutputId("out_2"), "s")
    assert (refused.value.reason, gone.value.reason) == ("ADDRESS_ENDED", "OUTPUT_NOT_FOUND")


async def test_whoever_has_no_signature_is_told_apart_from_what_is_gone(
    made: tuple[House, GrpcGenerations, GrpcShares, GrpcOutputContents],
) -> None:
    """As by the store."""
    house, generations, _, contents = made
    output = await only(generations)
    signature = output.signature or ""
    for output_id, wrong in ((output.output_id, ""), (output.output_id, "x"), (OutputId("out_x"), signature)):
        with pytest.raises(Forbidden) as refused:
            await contents.read(output_id, wrong)
        assert refused.value.reason == "ADDRESS_ENDED"
    (job,) = (await generations.page(ME, cursor=None, limit=9)).items
    await generations.delete(ME, job.generation_id)
    with pytest.raises(NotFound) as gone:
        await contents.read(output.output_id, signature)
    assert gone.value.reason == "OUTPUT_NOT_FOUND"
    house.clock.moment += timedelta(hours=1)
    with pytest.raises(Forbidden):
        await contents.read(output.output_id, signature)
