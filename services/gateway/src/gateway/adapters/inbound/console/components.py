"""`/console/components`: every part that pages are made of, in every state, for people who build pages.

Mounted only where the settings say so. What it shows is made up here and belongs to nobody.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps, CurrentSession
from gateway.adapters.inbound.console.assets import assets
from gateway.adapters.inbound.console.page import HtmlRoute, show
from gateway.adapters.inbound.console.samples import SAMPLES
from gateway.adapters.inbound.console.schema_form import Field
from gateway.adapters.inbound.console.usage import USUAL, Column, Part, UsageReport
from gateway.adapters.inbound.console.webhooks import EVENTS
from gateway.domain.credits import EntryKind
from gateway.domain.generation import QUEUE_COUNTED_MAX, Generation, GenerationStatus, Modality, Output
from gateway.domain.identifiers import AccountId, GenerationId, ModelId, OutputId, PackId
from gateway.domain.purchase import Pack

router = APIRouter(route_class=HtmlRoute)
FIELDS = (
    Field(name="prompt", kind="textarea", label="Prompt", help="", required=True, value="", max_length=2_000),
    Field(
        name="ratio",
        kind="shapes",
        label="Shape",
        help="",
        required=False,
        value="1:1",
        choices=("1:1", "3:2", "9:16"),
    ),
    Field(
        name="pictures",
        kind="segments",
        label="Pictures",
        help="",
        required=False,
        value="2",
        choices=("1", "2", "4"),
    ),
    Field(
        name="style",
        kind="select",
        label="Style",
        help="Optional.",
        required=False,
        value="",
        choices=("plain", "rich"),
    ),
    Field(
        name="number", kind="number", label="Number", help="", required=False, value="7", minimum=1, maximum=6
    ),
    Field(name="seed", kind="number", label="Seed", help="", required=False, value="42", is_random=True),
    Field(
        name="tiled", kind="checkbox", label="Tiles", help="Repeats without a seam.", required=False, value=""
    ),
)
PACKS = (
    Pack(
        pack_id=PackId("starter"),
        title="Starter",
        description="For a first look.",
        credits=1_000,
        price_minor=1_000,
        currency="usd",
        badge="",
    ),
    Pack(
        pack_id=PackId("plus"),
        title="Plus",
        description="",
        credits=5_500,
        price_minor=5_000,
        currency="eur",
        badge="10% more",
    ),
)
PARTS = [
    Part(label=f"{day} Nov", costs=[day * 7 % 40, day * 5 % 30, 12 * (day % 3), day % 7, 25 * (day % 9 == 0)])
    for day in range(1, 15)
]
REPORT = UsageReport(
    period=USUAL,
    parts=PARTS,
    columns=[
        Column(title=title, credits=sum(part.costs[place] for part in PARTS), generations=14)
        for place, title in enumerate(("Sketch", "Motion", "Chat", "Voice", "Others"))
    ],
)


@router.get("/console/components")
async def components(request: Request, deps: CurrentDeps, session: CurrentSession) -> Response:
    """Show every part."""
    return await show(
        request,
        "components.html",
        session=session,
        fields=FIELDS,
        webhook_events=EVENTS,
        packs=PACKS,
        kinds=tuple(EntryKind),
        report=REPORT,
        generations=(*(_generation(at) for at in GenerationStatus), _cancelling()),
        placeholders=("LxH14G2ZwxW=mtWWjtf7g0fjfQfj", "LEHV6nWB2yk8pyo0adR*.7kCMdnj", None),
        still=_still(),
        waiting=_waiting(deps.clock.now()),
    )


def _generation(status: GenerationStatus, *, cancel_requested: bool = False) -> Generation:
    return Generation(
        generation_id=GenerationId(f"gen_{status}"),
        account_id=AccountId("usr_nobody"),
        model_id=ModelId("local/sketch"),
        modality=Modality.IMAGE,
        status=status,
        input={"prompt": "A heron"},
        provider_order=("local",),
        metadata={},
        credits_reserved=5,
        credits_charged=5 if status is GenerationStatus.SUCCEEDED else 0,
        cancel_requested=cancel_requested,
        created_at=datetime(2026, 11, 28, 12, tzinfo=UTC),
    )


def _cancelling() -> Generation:
    return _generation(GenerationStatus.PROCESSING, cancel_requested=True)


def _waiting(now: datetime) -> tuple[Generation, ...]:
    queued, running = _generation(GenerationStatus.QUEUED), _generation(GenerationStatus.PROCESSING)
    return (
        *(replace(queued, queue_position=place) for place in (1, 2, 12, QUEUE_COUNTED_MAX + 1)),
        *(replace(running, expected_ready_at=now + timedelta(seconds=left_s)) for left_s in (300, 30, -1)),
    )


def _still() -> Output:
    sample = SAMPLES[0]
    url = assets.url(sample.file)
    return Output(
        output_id=OutputId("out_nobody"),
        media_type="image/webp",
        size_bytes=1,
        width=640,
        height=360,
        duration_s=0,
        sha256="",
        url=url,
        download_url=url,
        expires_at=datetime(2026, 11, 28, 12, tzinfo=UTC),
        blurhash="LxH14G2ZwxW=mtWWjtf7g0fjfQfj",
    )
