"""Rows that tests of storage are made of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from generation.domain.attempt import Attempt
from generation.domain.generation import Generation, Status
from generation.domain.identifiers import (
    AccountId,
    AttemptId,
    GenerationId,
    ModelId,
    OutputId,
    ReservationId,
    UploadId,
)
from generation.domain.model import Modality
from generation.domain.output import Incomplete, Output
from generation.domain.pricing import Price
from generation.domain.upload import Upload
from generation.ports.unit_of_work import UnitsOfWork

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
BLURHASH = "LxH14G2ZwxW=mtWWjtf7g0fjfQfj"
ALICE, BOB = AccountId("usr_alice"), AccountId("usr_bob")


def job(number: int = 1, **changes: Any) -> Generation:
    """A job of Alice's."""
    plain = Generation(
        generation_id=GenerationId(f"gen_{number:032x}"),
        account_id=ALICE,
        model_id=ModelId("local/sketch"),
        modality=Modality.IMAGE,
        input={"prompt": "füchse 🦊", "seed": 3, "nested": {"a": [1, None, True]}},
        provider_order=("local", "other"),
        metadata={"note": "x"},
        price=Price(credits=5, units=1, breakdown="1 image × 5 credits"),
        idempotency_key=f"key-{number}",
        fingerprint="f",
        created_at=NOW,
        deadline_at=LATER,
    )
    return replace(plain, **changes)


def running(number: int = 1, **changes: Any) -> Generation:
    """A job that a worker has."""
    return job(
        number,
        status=Status.PROCESSING,
        reservation_id=ReservationId(f"res_{number}"),
        started_at=NOW,
        **changes,
    )


def attempt(number: int = 1, **changes: Any) -> Attempt:
    """The first attempt of a job, leased for a minute."""
    plain = Attempt(
        attempt_id=AttemptId(f"att_{number}"),
        generation_id=GenerationId(f"gen_{number:032x}"),
        account_id=ALICE,
        number=1,
        provider="local",
        worker="w1",
        lease_until=LATER,
        started_at=NOW,
    )
    return replace(plain, **changes)


def output(number: int = 1, position: int = 0) -> Output:
    """A stored file of a job."""
    return Output(
        output_id=OutputId(f"out_{number}_{position}"),
        generation_id=GenerationId(f"gen_{number:032x}"),
        account_id=ALICE,
        position=position,
        object_key=f"usr/gen/{number}/{position}.png",
        media_type="image/png",
        size_bytes=10,
        sha256="0" * 64,
        width=2,
        height=3,
        duration_s=1.5,
        thumbnail_key=f"usr/gen/{number}/{position}.thumbnail.webp",
        incomplete=Incomplete.LENGTH,
        blurhash=BLURHASH,
    )


def text_output(number: int = 1, position: int = 0, **changes: Any) -> Output:
    """A text of a job that is kept beside it, and not in the store."""
    plain = Output(
        output_id=OutputId(f"out_{number}_{position}"),
        generation_id=GenerationId(f"gen_{number:032x}"),
        account_id=ALICE,
        position=position,
        object_key=f"usr/gen/{number}/{position}.txt",
        media_type="text/plain; charset=utf-8",
        size_bytes=5,
        sha256="0" * 64,
        is_inline=True,
        content=b"foxes",
    )
    return replace(plain, **changes)


def upload(number: int = 1, **changes: Any) -> Upload:
    """A picture of Alice's."""
    plain = Upload(
        upload_id=UploadId(f"upl_{number:032x}"),
        account_id=ALICE,
        object_key=f"usr/uploads/{number}.png",
        thumbnail_key=f"usr/uploads/{number}.thumbnail.webp",
        media_type="image/png",
        size_bytes=10 * number,
        sha256="0" * 64,
        source_sha256="1" * 64,
        width=2,
        height=3,
        blurhash=BLURHASH,
        idempotency_key=f"key-{number}",
        created_at=NOW,
    )
    return replace(plain, **changes)


async def stored(units: UnitsOfWork, *jobs: Generation) -> None:
    """Keeps these jobs."""
    async with units.of_system() as work:
        for one in jobs:
            assert await work.generations.add(one)
