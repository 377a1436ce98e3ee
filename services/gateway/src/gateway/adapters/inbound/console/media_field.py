"""Media in the studio's form: what was sent without a script, what was chosen, and how it looks."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from gateway.adapters.inbound.console.schema_form import chosen_of, media_fields
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import count
from gateway.domain.errors import FieldProblem, GatewayError, InvalidRequest
from gateway.domain.generation import Model, Output
from gateway.domain.identifiers import AccountId, UploadId
from gateway.domain.page import LIMIT_MAX
from gateway.domain.upload import Upload
from gateway.ports.rate_limits import Limit

# Beside a field of this name: files of a form that no script sends one by one.
FILES = "-file"
_PIECE_BYTES = 256 * 1024
_ID = re.compile(r"(upl|out)_[0-9a-f]{32}")
_FILES_MAX = 16
# Of what was made last, so much is looked through for what was chosen, part by part.
_PARTS_MAX = 10


def typed_form(model: Model, form: FormData) -> dict[str, Any]:
    """Return a form's fields, those that name media as lists of ids; files are left out."""
    given: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
    return given | {name: list(chosen_of(form.getlist(name))) for name in media_fields(model)}


async def take_files(
    request: Request, deps: Deps, account_id: AccountId, model: Model, form: FormData, given: dict[str, Any]
) -> None:
    """Send in what a form without a script brought, and choose it beside what was chosen before.

    Raises GatewayError, which names the field; what was sent in by then is chosen.
    """
    for name in media_fields(model):
        for file in _files(form, name):
            await count(request, deps.limits, Limit.UPLOADS, account_id)
            try:
                upload, _ = await deps.uploads.create_upload(
                    account_id, pieces_of(file), idempotency_key=await _key(form, name, file)
                )
            except GatewayError as refusal:
                problem = FieldProblem(name, refusal.detail)
                raise InvalidRequest(refusal.detail, reason=refusal.reason, fields=[problem]) from refusal
            given[name] = [*given[name], upload.upload_id]


def use_in(models: Sequence[Model], model_id: str, used: str, kind: str) -> tuple[str, dict[str, Any]]:
    """Return the model that is asked for, or the first that takes such media, and its form with this."""
    if not _ID.fullmatch(used):
        return model_id, {}
    able = [model for model in models if media_fields(model, kind)]
    model = next((each for each in able if each.model_id == model_id), able[0] if able else None)
    if model is None:
        return model_id, {}
    return model.model_id, {next(iter(media_fields(model, kind))): [used]}


async def previews_of(deps: Deps, account_id: AccountId, media_ids: Iterable[str]) -> Mapping[str, str]:
    """Return the addresses of small pictures of these, as far as they are found."""
    wanted = {media_id for media_id in media_ids if _ID.fullmatch(media_id)}
    uploads = [UploadId(media_id) for media_id in wanted if media_id.startswith("upl_")]
    found = await asyncio.gather(
        *(deps.uploads.upload(account_id, upload_id) for upload_id in uploads), return_exceptions=True
    )
    shown = {
        str(upload.upload_id): _small(upload) for upload in found if not isinstance(upload, BaseException)
    }
    shown |= await _made(deps, account_id, wanted - set(uploads))
    return {media_id: url for media_id, url in shown.items() if url}


async def _made(deps: Deps, account_id: AccountId, wanted: set[str]) -> Mapping[str, str | None]:
    """Return those of these outputs that are found among what was made last."""
    found: dict[str, str | None] = {}
    cursor: str | None = None
    for _ in range(_PARTS_MAX):
        if found.keys() >= wanted:
            break
        page = await deps.generations.page(account_id, cursor=cursor, limit=LIMIT_MAX)
        outputs = [output for job in page.items for output in job.outputs]
        found |= {output.output_id: _small(output) for output in outputs if output.output_id in wanted}
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def _small(media: Upload | Output) -> str | None:
    """Return the address of a small picture; a film that is small itself has none."""
    return media.thumbnail_url or (media.url if media.media_type.startswith("image/") else None)


def _files(form: FormData, name: str) -> list[UploadFile]:
    given = [each for each in form.getlist(f"{name}{FILES}") if isinstance(each, UploadFile)]
    return [file for file in given if file.size][:_FILES_MAX]


async def pieces_of(file: UploadFile) -> AsyncIterator[bytes]:
    """Read a file of a form from its beginning."""
    await file.seek(0)
    while piece := await file.read(_PIECE_BYTES):
        yield piece


async def _key(form: FormData, name: str, file: UploadFile) -> str:
    """One key for each file of each field of a page: a button that is pressed twice sends it once."""
    digest = hashlib.sha256(f"{form.get('key', '')}\0{name}\0".encode())
    async for piece in pieces_of(file):
        digest.update(piece)
    return f"console-{digest.hexdigest()}"
