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
from gateway.adapters.inbound.console.webhook_words import ERRORS, EVENTS, STATES
from gateway.domain.credits import EntryKind
from gateway.domain.generation import QUEUE_COUNTED_MAX, Generation, GenerationStatus, Modality, Output
from gateway.domain.identifiers import (
    AccountId,
    DeliveryId,
    GenerationId,
    MessageId,
    ModelId,
    OutputId,
    PackId,
)
from gateway.domain.purchase import Pack
from gateway.domain.webhook import Attempt, AttemptError, DeliveryState, WebhookDelivery

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
        webhook_deliveries=tuple(_delivery(state) for state in DeliveryState),
        webhook_states=STATES,
        webhook_errors=ERRORS,
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


def _delivery(state: DeliveryState) -> WebhookDelivery:
    sent = Attempt(
        attempted_at=datetime(2026, 11, 28, 12, tzinfo=UTC),
        duration_ms=120,
        status=200 if state is DeliveryState.SUCCEEDED else None,
        error=AttemptError.TIMEOUT if state is DeliveryState.FAILED else None,
        response="thanks" if state is DeliveryState.SUCCEEDED else None,
    )
    return WebhookDelivery(
        delivery_id=DeliveryId(f"dlv_{state}"),
        account_id=AccountId("usr_nobody"),
        endpoint_id=None,
        url="https://hooks.example/tintype",
        message_id=MessageId("msg_1"),
        event_type="generation.succeeded",
        payload='{"type": "generation.succeeded"}',
        state=state,
        attempts=0 if state is DeliveryState.PENDING else 1,
        next_attempt_at=None,
        created_at=datetime(2026, 11, 28, 12, tzinfo=UTC),
        last_attempt=None if state is DeliveryState.PENDING else sent,
        generation_id=GenerationId("gen_succeeded"),
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
