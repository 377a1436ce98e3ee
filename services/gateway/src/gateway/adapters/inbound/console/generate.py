"""`/generate`, the studio: choose a model, fill in its form, see the cost, start, and watch it develop."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote as quote_text

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.beside import plans_beside
from gateway.adapters.inbound.console.code_samples import code_samples
from gateway.adapters.inbound.console.days import Day, by_day
from gateway.adapters.inbound.console.languages import gettext_noop, language_of
from gateway.adapters.inbound.console.library import previews
from gateway.adapters.inbound.console.media_field import previews_of, take_files, typed_form, use_in
from gateway.adapters.inbound.console.openai_sample import openai_samples
from gateway.adapters.inbound.console.page import FRAGMENT, HtmlRoute, Session, fragment, go, show
from gateway.adapters.inbound.console.plans import opening
from gateway.adapters.inbound.console.schema_form import fields_of, input_of, with_placeholders
from gateway.adapters.inbound.console.templates import zone_of
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import count, per_user
from gateway.adapters.inbound.rest.parameters import generation_id
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import GatewayError, InsufficientCredits, NotFound, TimedOut, Unavailable
from gateway.domain.generation import Document, Generation, Modality, Model, NewGeneration
from gateway.domain.identifiers import ModelId
from gateway.domain.page import Page
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)
FEED_SIZE = 24
SEED = "seed"
_TO_COMPOSER = {"HX-Retarget": "#composer", "HX-Reswap": "outerHTML"}
# What to begin with, while there is nothing yet.
_SCENES = (
    gettext_noop("A lighthouse keeper counting waves, slow shutter"),
    gettext_noop("Paper lanterns on a slow river at dusk"),
    gettext_noop("Northern lights over a quiet harbour"),
)
EXAMPLES = {
    Modality.IMAGE: _SCENES,
    Modality.VIDEO: _SCENES,
    Modality.TEXT: (
        gettext_noop("Write a postcard from a lighthouse keeper to the sea"),
        gettext_noop("Explain tintype photography to a ten-year-old"),
        gettext_noop("Three names for a bakery on a ferry"),
    ),
    Modality.AUDIO: (
        gettext_noop("The last ferry leaves at nine. Mind the step, and do not wake the heron."),
        gettext_noop("Good evening. Tonight: fog on the coast, and a little light in the harbour."),
        gettext_noop("Once there was a lighthouse keeper who knew every wave by its name."),
    ),
}


@router.get("/generate", dependencies=[per_user(Limit.READS)])
async def generate_page(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    model: Annotated[str, Query(max_length=200)] = "",
    again: Annotated[str | None, Query(max_length=100)] = None,
    remix: bool = False,
    example: Annotated[int, Query(ge=0, le=100)] = 0,
    use: Annotated[str, Query(max_length=64)] = "",
    kind: Annotated[str, Query(max_length=16)] = "image",
) -> Response:
    """Show the form of one model, empty or as an earlier generation had it, beside what was made last.

    A remix leaves out what is drawn at random: it comes out otherwise. `example` is the number of one of
    ours, counted from 1: a stranger's address can't say what stands in the form. `use` is an upload or an
    output of one's own, to be made something of, and `kind` is what it is: image or video.
    """
    if again is None and use:
        models = await deps.generations.models(session.user_id)
        chosen, given = use_in(models, model, use, kind)
        return await _page(request, deps, session, model_id=chosen, given=given, used=use, used_kind=kind)
    if again is None:
        return await _page(request, deps, session, model_id=model, example=example)
    earlier = await deps.generations.generation(session.user_id, generation_id(again))
    given = {name: value for name, value in earlier.input.items() if not (remix and name == SEED)}
    return await _page(request, deps, session, model_id=earlier.model_id, given=given)


@router.get("/console/today", dependencies=[per_user(Limit.READS)])
async def credits_today(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Show what today's cost so far: a fragment that the page swaps in when one of them has moved on."""
    page = await deps.generations.page(session.user_id, cursor=None, limit=FEED_SIZE)
    today, _ = _days(request, deps, page)
    return fragment(request, "today.html", today=today)


@router.post("/generate/quote", dependencies=[per_user(Limit.QUOTES)])
async def quote(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Show what the form would cost as it stands: a fragment that the page swaps in."""
    form = await request.form()
    model = await _model(deps, str(form.get("model", "")))
    balance = await deps.ledger.balance(session.user_id)
    cost = await _cost(deps, session, model, typed_form(model, form))
    return fragment(request, "quote.html", **cost, balance=balance)


@router.post("/generate/code", dependencies=[per_user(Limit.READS)])
async def code(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Show the call that the form stands for, for programs: a fragment that the page swaps in."""
    form = await request.form()
    model = await _model(deps, str(form.get("model", "")))
    job = input_of(model, typed_form(model, form))
    samples = [
        *code_samples(deps.web.public_url, model_id=model.model_id, job=job),
        *openai_samples(deps.web.public_url, model=model, job=job),
    ]
    return fragment(request, "code.html", samples=samples)


@router.post("/generate")
async def generate(request: Request, deps: CurrentDeps, session: Session) -> Response:
    """Start a generation; with too few credits nothing runs and the page leads to Billing."""
    sent = await request.form()
    model = await _model(deps, str(sent.get("model", "")))
    form = typed_form(model, sent)
    try:
        await take_files(request, deps, session.user_id, model, sent, form)
    except GatewayError as refusal:
        return await _page(request, deps, session, model_id=model.model_id, given=form, refusal=refusal)
    job = input_of(model, form)
    new = NewGeneration(
        model_id=model.model_id,
        input=job,
        metadata={"made_in": "console"},
        idempotency_key=_key(str(form.get("key", "")) or deps.secrets.new(), model, job),
    )
    try:
        await count(request, deps.limits, Limit.GENERATIONS, session.user_id)
        created = await _created(deps, session, new)
    except GatewayError as refusal:
        return await _page(request, deps, session, model_id=model.model_id, given=form, refusal=refusal)
    if FRAGMENT in request.headers:
        return fragment(
            request,
            "started.html",
            generation=created,
            session=session,
            texts={},
            key=deps.secrets.new(),
            is_new_key=True,
        )
    return go(f"/generate?model={quote_text(model.model_id)}", note="started")


async def _created(deps: Deps, session: ConsoleSession, new: NewGeneration) -> Generation:
    try:
        created, _ = await deps.generations.create(session.user_id, new)
    except InsufficientCredits as refusal:
        if not refusal.replayed:
            raise
        # An old page was sent again, perhaps after buying credits: that is a new question.
        anew = replace(new, idempotency_key=deps.secrets.new())
        created, _ = await deps.generations.create(session.user_id, anew)
    return created


def _key(page_key: str, model: Model, job: Document) -> str:
    """One key for each thing that is asked for on a page.

    A button that is pressed twice starts one job; a form that was changed and sent again starts another.
    """
    asked = json.dumps([page_key, model.model_id, job], sort_keys=True)
    return f"console-{hashlib.sha256(asked.encode()).hexdigest()}"


def _kept_key(form: Mapping[str, Any], refusal: GatewayError | None) -> str | None:
    """Return the form's own key where it may have been done after all: sent again, it starts no second."""
    return str(form.get("key", "")) if isinstance(refusal, TimedOut | Unavailable) else None


async def _page(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    *,
    model_id: str,
    given: dict[str, Any] | None = None,
    refusal: GatewayError | None = None,
    example: int = 0,
    used: str = "",
    used_kind: str = "image",
) -> Response:
    models = await deps.generations.models(session.user_id)
    if not models:
        raise NotFound("No model is on offer at the moment.")
    model = next((offered for offered in models if offered.model_id == model_id), models[0])
    closed = model.requires if model.is_usable is False else None
    examples = [language_of(request).say(words) for words in EXAMPLES[model.modality]]
    form = given or ({"prompt": examples[example - 1]} if 0 < example <= len(examples) else {})
    # A refused form goes back to where it stood; what was made stays as it is beside it, and is not read.
    is_part = FRAGMENT in request.headers
    response = await show(
        request,
        "composer.html" if is_part else "generate.html",
        session=session,
        refusal=refusal,
        is_new_key=False,
        models=models,
        model=model,
        fields=(fields := fields_of(model, form)),
        takes_files=any(field.kind == "media" for field in fields),
        shown_media=await previews_of(
            deps, session.user_id, [media_id for field in fields for media_id in field.values]
        ),
        used=used,
        used_kind=used_kind,
        key=_kept_key(form, refusal) or deps.secrets.new(),
        examples=examples,
        is_closed=closed is not None,
        opened_by=opening(await plans_beside(deps), closed) if closed else (),
        too_few=isinstance(refusal, InsufficientCredits),
        **await _cost(deps, session, model, form),
        **({"is_new": False} if is_part else await _feed(request, deps, session)),
    )
    if is_part:
        response.headers.update(_TO_COMPOSER)
    return response


async def _feed(request: Request, deps: Deps, session: ConsoleSession) -> dict[str, Any]:
    page = await deps.generations.page(session.user_id, cursor=None, limit=FEED_SIZE)
    today, earlier = _days(request, deps, page)
    return {
        "today": today,
        "earlier": earlier,
        "is_new": not page.items,
        "texts": await previews(deps, page.items),
        "has_more": page.next_cursor is not None,
    }


def _days(request: Request, deps: Deps, page: Page[Generation]) -> tuple[Day | None, Sequence[Day]]:
    """Return today, where something was made today, and the days before it."""
    days = by_day(page.items, now=deps.clock.now(), zone=zone_of(request), language=language_of(request))
    return (days[0], days[1:]) if days and days[0].is_today else (None, days)


async def _cost(deps: Deps, session: ConsoleSession, model: Model, form: dict[str, Any]) -> dict[str, Any]:
    typed = with_placeholders(model, input_of(model, form))
    try:
        quoted = await deps.generations.quote(session.user_id, model_id=model.model_id, job=typed)
    except GatewayError:
        # The form says what is wrong when it is sent; until then there is no price for it.
        return {"quote": None}
    return {"quote": quoted}


async def _model(deps: Deps, model_id: str) -> Model:
    return await deps.generations.model(ModelId(model_id[:200]))
