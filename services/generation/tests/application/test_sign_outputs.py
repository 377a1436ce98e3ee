"""Outputs that say where they come from."""

from dataclasses import dataclass, field, replace

import pytest
from generation.application.deliver_outputs import OutputDeliverer
from generation.application.provenance_of_job import ProvenanceTeller
from generation.application.sign_outputs import OutputSigner
from generation.application.start_generation import Job
from generation.domain.provenance import DigitalSource, Provenance, digital_source
from generation.ports.content_signer import SigningFailed
from generation.ports.media_intake import ReceivedMedia
from generation_house import House, success


@dataclass
class Notary:
    """Signs by a word at a file's end, or fails."""

    fails: bool = False
    told: list[Provenance] = field(default_factory=list)

    async def signed(self, media: ReceivedMedia, provenance: Provenance) -> ReceivedMedia:
        self.told.append(provenance)
        if self.fails:
            raise SigningFailed("no ink")
        signed = media.path.with_name("signed")
        signed.write_bytes(media.path.read_bytes() + b" signed")
        return replace(media, path=signed, size_bytes=signed.stat().st_size, sha256="5" * 64)


async def delivered(house: House, notary: Notary, untrained: tuple[str, ...] = ()) -> Job:
    """A job whose two files were stored."""
    job = await house.worker().started(house.reserved(await house.queued(output_count=2)))
    await house.facts.expect("GenerationQueued")
    teller = ProvenanceTeller(house.catalogue, untrained)
    deliverer = OutputDeliverer(
        house.units,
        house.intake,
        house.store,
        house.ids,
        house.clock,
        signer=OutputSigner(notary, teller, house.meter),
    )
    delivery = await deliverer.deliver(job, success(b"1", b"2"))
    assert len(delivery.outputs) == 2
    return job


async def test_what_is_stored_is_what_was_signed(house: House) -> None:
    """And what is known of it is known of that."""
    notary = Notary()
    job = await delivered(house, notary)
    assert sorted(house.store.objects.values()) == [b"1 signed", b"2 signed"]
    expected = Provenance(model_id=job.generation.model_id, source=DigitalSource.TRAINED)
    assert notary.told == [expected, expected]
    assert house.meter.unsigned_count == 0


async def test_nobody_misses_an_output_because_it_was_not_signed(house: House) -> None:
    """It is delivered as it came, and operators see that."""
    await delivered(house, Notary(fails=True))
    assert sorted(house.store.objects.values()) == [b"1", b"2"]
    assert house.meter.unsigned_count == 2


async def test_a_program_is_no_trained_model(house: House) -> None:
    """A file does not say that an intelligence made what a formula drew."""
    notary = Notary()
    await delivered(house, notary, untrained=("local",))
    assert {told.source for told in notary.told} == {DigitalSource.ALGORITHMIC}


@pytest.mark.parametrize(
    ("is_trained", "from_media", "source"),
    [
        (True, False, DigitalSource.TRAINED),
        (True, True, DigitalSource.TRAINED_COMPOSITE),
        (False, False, DigitalSource.ALGORITHMIC),
        (False, True, DigitalSource.ALGORITHMICALLY_ENHANCED),
    ],
)
def test_there_is_a_word_for_each_way(is_trained: bool, from_media: bool, source: DigitalSource) -> None:
    """IPTC's."""
    assert digital_source(is_trained=is_trained, from_media=from_media) is source


async def test_pictures_that_it_was_made_from_are_told(house: House) -> None:
    """Not which; that there were some."""
    job = await house.worker().started(house.reserved(await house.queued()))
    await house.facts.expect("GenerationQueued")
    edit = replace(job.generation, model_id="tintype/edit", input={"prompt": "sepia", "images": ["upl_1"]})
    job.generation = edit
    told = ProvenanceTeller(house.catalogue).of(job)
    assert told == Provenance(model_id=edit.model_id, source=DigitalSource.TRAINED_COMPOSITE)
