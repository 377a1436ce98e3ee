"""Pictures: made from words, and from other pictures."""

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from starlette.datastructures import UploadFile

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.openai.bodies import OpenaiBody
from gateway.adapters.inbound.openai.event_stream import SSE, EventStream
from gateway.adapters.inbound.openai.form import EDIT_BODY, PictureForm, picture_form
from gateway.adapters.inbound.openai.media import (
    RUNS,
    Wanted,
    available,
    content_of,
    keyed,
    made,
    paid_for,
    tell_charge,
)
from gateway.adapters.inbound.openai.model_input import image_input, media_fields
from gateway.adapters.inbound.openai.picture_events import STREAM, Kind, picture_events, stream_wish
from gateway.adapters.inbound.openai.picture_run import PictureRun, begun
from gateway.adapters.inbound.openai.route import OpenaiRoute
from gateway.adapters.inbound.rest.answers.answer import Answer, shown
from gateway.adapters.inbound.rest.parameters import idempotency_key, mark_replayed
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.domain.generation import Document, Generation, Modality, Model
from gateway.domain.identifiers import AccountId
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/openai/v1/images", tags=["openai"], route_class=OpenaiRoute)

PIECE_BYTES = 64 * 1024
STREAMED = ("stream", "partial_images")
_OPTIONAL = Annotated[str | None, Field(max_length=64)]


class OpenaiImageBody(OpenaiBody):
    """What to draw."""

    prompt: Annotated[str, Field(max_length=32_000, examples=["a heron"])]
    """In words."""
    n: Annotated[int | None, Field(ge=1, le=10)] = None
    """How many."""
    size: _OPTIONAL = None
    """`auto`, or a width and a height such as `1024x1024`; of a model that knows only shapes, that shape."""
    quality: _OPTIONAL = None
    """One of the model's, or `auto`."""
    output_format: _OPTIONAL = None
    """One of the model's: `png`, `webp`, `jpeg`."""
    response_format: Literal["url", "b64_json"] | None = None
    """How the pictures come: by signed addresses or in the answer; both without it."""
    stream: bool | None = None
    """Whether the picture comes in events; one picture alone does, in base64."""
    partial_images: Annotated[int | None, Field(ge=0, le=3)] = None
    """Of a stream: how many previews come before the picture, at most; none of models that show none."""


class OpenaiImage(Answer):
    """One picture."""

    b64_json: Annotated[str | None, shown("iVBORw0KGgo=", None)]
    """The file in base64; null where addresses were asked for."""
    url: Annotated[str | None, shown("https://media.example/out_1?signature=x", None)]
    """Where it can be fetched from, for minutes; null where files were asked for."""
    revised_prompt: Annotated[str | None, shown(None)]
    """Always null: prompts are passed on as they are."""


class OpenaiImages(Answer):
    """The pictures of one generation."""

    created: Annotated[int, shown(1769860800)]
    """In seconds since 1970."""
    data: list[OpenaiImage]


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The pictures; with `stream` one, in events.", "content": {SSE: STREAM}}
}


@router.post(
    "/generations",
    response_model=OpenaiImages,
    dependencies=[per_user(Limit.GENERATIONS)],
    responses={**refuses(RUNS), **_ANSWERS},
)
async def create_openai_image(
    body: OpenaiImageBody,
    request: Request,
    response: Response,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    key: Annotated[str, Depends(idempotency_key)],
) -> OpenaiImages | Response:
    """Draw from words, and answer with the pictures.

    Any field of the model's own `input_schema` may come beside OpenAI's. What a model can't do is refused by
    the field's name. With `stream` one picture comes in events, whatever the model. A client that leaves has
    the generation cancelled, unless it sent an `Idempotency-Key`, with which it may come back for it.
    """
    wish = stream_wish(
        stream=body.stream,
        partial_images=body.partial_images,
        # Under its own name, too.
        n=(body.n, body.others().get("output_count")),
        response_format=body.response_format,
    )
    asked = body.model_dump(exclude_unset=True, exclude={"model", "models", "response_format", *STREAMED})
    wanted = Wanted(
        models=body.wanted(),
        modality=Modality.IMAGE,
        input_of=lambda model: image_input(model, {"prompt": body.prompt} | asked),
    )
    if wish.is_streamed:
        run = await begun(request, deps, principal, key, wanted, previews_max=wish.previews_max)
        return await _streamed(deps, run, "image_generation")
    generation, replayed = await made(request, deps, principal, key, wanted)
    tell_charge(response, generation, await available(deps, generation), replayed=replayed)
    with paid_for(request):
        return await _pictures(deps, generation, body.response_format)


_EDIT_REFUSED: Reasons = {
    **RUNS,
    400: (*RUNS[400], "MALFORMED_MULTIPART", "UPLOAD_BROKEN_OFF", "UNUSABLE_MEDIA", "INVALID_FIELD"),
    409: (*RUNS[409], "UPLOAD_QUOTA_REACHED"),
    413: ("UPLOAD_TOO_LARGE",),
    415: ("UNSUPPORTED_MEDIA_TYPE",),
    429: (*RUNS[429], "TOO_MANY_UPLOADS"),
}


@router.post(
    "/edits",
    response_model=OpenaiImages,
    dependencies=[per_user(Limit.GENERATIONS)],
    responses={**refuses(_EDIT_REFUSED), **_ANSWERS},
    openapi_extra=EDIT_BODY,
)
async def edit_openai_image(
    request: Request,
    response: Response,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    key: Annotated[str, Depends(idempotency_key)],
) -> OpenaiImages | Response:
    """Change pictures as words say, and answer with what came out: in events with `stream`.

    The pictures are kept as `POST /v1/uploads` keeps them: for a day, unless a generation uses them.
    """
    async with request.form(max_files=17, max_fields=32, max_part_size=256 * 1024) as sent:
        form = picture_form(sent)
        wish = stream_wish(
            stream=form.stream,
            partial_images=form.partial_images,
            n=(form.fields.get("n"), form.fields.get("output_count")),
            response_format=form.response_format,
        )
        pictures = [
            await _kept(deps, principal.user_id, file, keyed(key, place, "image"))
            for place, file in enumerate(form.images, start=1)
        ]
        mask = await _kept(deps, principal.user_id, form.mask, keyed(key, 1, "mask")) if form.mask else None
    wanted = Wanted(
        models=form.models,
        modality=Modality.IMAGE,
        input_of=lambda model: edit_input(model, form, pictures, mask),
    )
    if wish.is_streamed:
        run = await begun(request, deps, principal, key, wanted, previews_max=wish.previews_max)
        return await _streamed(deps, run, "image_edit")
    generation, replayed = await made(request, deps, principal, key, wanted)
    tell_charge(response, generation, await available(deps, generation), replayed=replayed)
    with paid_for(request):
        return await _pictures(deps, generation, form.response_format)


def edit_input(model: Model, form: PictureForm, pictures: Sequence[str], mask: str | None) -> Document:
    """Return what a model is given; raises InvalidRequest for what it can't take."""
    asked: Mapping[str, Any] = form.fields_for(model)
    return {**image_input(model, asked), **media_fields(model, pictures, mask)}


async def _streamed(deps: Deps, run: PictureRun, kind: Kind) -> Response:
    answer = await EventStream.of(run, picture_events(deps, run, kind))
    mark_replayed(answer, run.watcher.is_replayed)
    return answer


async def _kept(deps: Deps, account_id: AccountId, file: UploadFile, key: str) -> str:
    upload, _ = await deps.uploads.create_upload(account_id, _pieces(file), idempotency_key=key)
    return str(upload.upload_id)


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(PIECE_BYTES):
        yield piece


async def _pictures(deps: Deps, generation: Generation, how: str | None) -> OpenaiImages:
    return OpenaiImages(
        created=int(generation.created_at.timestamp()),
        data=[
            OpenaiImage(
                b64_json=None if how == "url" else b64encode(await content_of(deps, output)).decode(),
                url=None if how == "b64_json" else output.url,
                revised_prompt=None,
            )
            for output in generation.outputs
        ],
    )
