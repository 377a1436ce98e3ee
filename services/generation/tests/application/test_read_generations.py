"""Jobs as their user sees them, each with what belongs to it."""

from dataclasses import replace

import pytest
from generation.application.discard_generation import own
from generation.application.read_generations import visible
from generation.domain.errors import GenerationNotFound
from generation.domain.identifiers import AccountId
from generation_house import ACCOUNT, House, success

BOB = AccountId("usr_bob")


async def test_each_job_of_a_page_has_its_own_outputs(house: House) -> None:
    """In their order, the job without any has none."""
    worker = house.worker()
    for number, contents in enumerate(((b"1", b"2"), (b"3",))):
        house.provider.reports = [success(*contents)]
        job = await house.queued(output_count=len(contents))
        await worker.run(await worker.started(house.reserved(job, f"evt_{number}")))
    await house.queued()
    views, _ = await house.read.page(ACCOUNT, before=None, limit=9)
    assert [[house.store.objects[signed.output.object_key] for signed in view.outputs] for view in views] == [
        [],
        [b"3"],
        [b"1", b"2"],
    ]
    await house.facts.pass_over("GenerationQueued", "GenerationSucceeded")


async def test_only_its_own_account_has_a_job(house: House) -> None:
    """Whatever the store would answer; a deleted one is its owner's, and nobody sees it."""
    job = await house.queued()
    deleted = replace(job, deleted_at=house.clock.now())
    assert (own(job, ACCOUNT), own(deleted, ACCOUNT), visible(job, ACCOUNT)) == (job, deleted, job)
    for look, generation, account in (
        (own, None, ACCOUNT),
        (own, job, BOB),
        (visible, None, ACCOUNT),
        (visible, job, BOB),
        (visible, deleted, ACCOUNT),
    ):
        with pytest.raises(GenerationNotFound, match="no such generation"):
            look(generation, account)
    await house.facts.expect("GenerationQueued")
