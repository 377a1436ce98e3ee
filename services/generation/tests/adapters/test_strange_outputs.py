"""Strange files among good ones, through the real intake and the whole of a job."""

import pytest
from generation.adapters.outbound.intake import FileIntake
from generation.adapters.outbound.providers.openai.failures import failed_body
from generation.domain.generation import Failure, Status
from generation.ports.media_provider import RunState
from generation_house import ACCOUNT, House, success
from generation_media import good_pictures
from standins.odd_files import ODD_FILES

pytestmark = pytest.mark.real_time

READABLE = {"mpo"}


@pytest.fixture
def real_house() -> House:
    """Everything in memory but the intake."""
    return House(intake=FileIntake(50_000_000))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ODD_FILES)
async def test_a_strange_file_is_refused_alone(real_house: House, name: str) -> None:
    """Three good ones are delivered and charged, whatever the fourth is."""
    generation = await real_house.queued(output_count=4)
    png, jpeg, webp = (good_pictures()[kind] for kind in ("png", "jpeg", "webp"))
    real_house.provider.reports = [success(png, ODD_FILES[name](), jpeg, webp)]
    worker = real_house.worker()
    await worker.run(await worker.started(real_house.reserved(generation)))
    view = await real_house.read.generation(ACCOUNT, generation.generation_id)
    kept = [0, 1, 2, 3] if name in READABLE else [0, 2, 3]
    assert [signed.output.position for signed in view.outputs] == kept
    assert view.generation.status is Status.SUCCEEDED
    assert view.generation.credits_charged == 5 * len(kept)
    assert all(signed.thumbnail_url for signed in view.outputs)


@pytest.mark.parametrize("name", sorted(set(ODD_FILES) - READABLE))
async def test_nothing_but_a_strange_file_costs_nothing(real_house: House, name: str) -> None:
    """The job ends, says why, and charges nothing; what is deterministic is not bought for ever."""
    generation = await real_house.queued()
    real_house.provider.reports = [success(ODD_FILES[name]())]
    assert real_house.provider.reports[0].state is RunState.SUCCEEDED
    worker = real_house.worker()
    await worker.run(await worker.started(real_house.reserved(generation)))
    while (taken := await worker.take_due(limit=1)) and len(real_house.provider.submitted) < 5:
        await worker.run(taken[0])
    ended = real_house.stored(generation)
    assert (ended.status, ended.credits_charged) == (Status.FAILED, 0)
    assert ended.failure == Failure("OUTPUT_UNUSABLE", "the provider's files could not be used")
    assert len(real_house.provider.submitted) <= 2


async def test_an_error_in_place_of_an_answer_is_bought_twice_at_most(house: House) -> None:
    """It came with status 200, so it may have been billed."""
    generation = await house.queued()
    house.provider.reports = [failed_body({"message": "the model crashed"})]
    worker = house.worker(attempts_max=5)
    await worker.run(await worker.started(house.reserved(generation)))
    while (taken := await worker.take_due(limit=1)) and len(house.provider.submitted) < 5:
        await worker.run(taken[0])
    ended = house.stored(generation)
    assert (ended.status, ended.credits_charged) == (Status.FAILED, 0)
    assert ended.failure == Failure("OUTPUT_UNUSABLE", "the provider answered with an error")
    assert len(house.provider.submitted) == 2
    await house.facts.expect("GenerationQueued", "GenerationFailed")
