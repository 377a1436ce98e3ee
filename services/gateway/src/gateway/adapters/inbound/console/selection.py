"""`/library/selected`: what is done to several generations at once."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response, StreamingResponse

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.collections import UNNAMED, collect, selected_choices, shown
from gateway.adapters.inbound.console.compare import comparison
from gateway.adapters.inbound.console.languages import gettext_noop, language_of
from gateway.adapters.inbound.console.page import HtmlRoute, Session, go, show
from gateway.adapters.inbound.console.zipped import zipped
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.parameters import collection_id, generation_id
from gateway.domain.console_session import ConsoleSession
from gateway.domain.errors import InvalidRequest, NotFound
from gateway.domain.file_names import named
from gateway.domain.generation import Generation
from gateway.domain.identifiers import GenerationId
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)

SELECTED_MAX = 100
DOWNLOAD_MAX_BYTES = 2 * 1024**3
Undone = Annotated[
    list[Annotated[str, Query(pattern=r"^gen_[0-9a-f]{32}$")]] | None, Query(max_length=SELECTED_MAX)
]


class Deed(StrEnum):
    """What the buttons of the bar do."""

    DELETE = "delete"
    RESTORE = "restore"
    COMPARE = "compare"
    DOWNLOAD = "download"
    COLLECT = "collect"
    TAKE_OUT = "take-out"


@router.get("/library/selected", dependencies=[per_user(Limit.READS)])
async def selected_again() -> Response:
    """Lead whoever comes back to what a form had shown to the library: the selection is not kept."""
    return go("/library")


@router.post("/library/selected", dependencies=[per_user(Limit.CHANGES)])
async def selected(
    request: Request,
    deps: CurrentDeps,
    session: Session,
    deed: Annotated[Deed, Form()],
    generation: Annotated[list[str] | None, Form()] = None,
    confirmed: Annotated[str, Form()] = "",
    collection: Annotated[str, Form()] = "",
    name: Annotated[str | None, Form()] = None,
    held: Annotated[str, Form()] = "",
) -> Response:
    """Do it to each of them; a deletion asks first."""
    ids = _checked(generation or ())
    if not ids:
        return go("/library", note="none-selected")
    if deed is Deed.COMPARE:
        return go(comparison((ids[0], ids[1])) if len(ids) == 2 else "/library?note=not-two")
    if deed is Deed.RESTORE:
        await deps.restore_selected(session.user_id, ids)
        return go("/library", note="restored" if len(ids) == 1 else "restored-many")
    if deed is Deed.DOWNLOAD:
        return _downloaded(deps, await deps.read_selected(session.user_id, ids))
    if deed is Deed.COLLECT:
        return await _collected(request, deps, session, ids, collection=collection, name=name)
    if deed is Deed.TAKE_OUT:
        return await _taken_out(deps, session, ids, held=held)
    if not confirmed:
        found = await _found(deps, session, ids)
        return await show(request, "delete_selected.html", session=session, generations=found)
    done = await deps.discard_selected(session.user_id, ids)
    told: list[tuple[str, str | int]] = [("undo", each) for each in done.hidden]
    told += [("running", done.running_count), ("failed", done.failed_count)]
    said = [(name, value) for name, value in told if value]
    return go(f"/library?{urlencode(said)}", note="deleted-many")


async def _found(deps: Deps, session: ConsoleSession, ids: Sequence[GenerationId]) -> Sequence[Generation]:
    """Return those that are there. Raises NotFound where none of them is."""
    found = await deps.read_selected(session.user_id, ids)
    if not found:
        raise NotFound("There is no such generation.")
    return found


async def _collected(
    request: Request,
    deps: Deps,
    session: ConsoleSession,
    ids: Sequence[GenerationId],
    *,
    collection: str,
    name: str | None,
) -> Response:
    """Put them into the collection that was chosen or named; ask for one until it is."""
    found = await _found(deps, session, ids)
    if not collection and name is None:
        return await selected_choices(request, deps, session, found)
    try:
        chosen = await collect(
            deps,
            session,
            [each.generation_id for each in found],
            collection=collection,
            name=name or "",
        )
    except UNNAMED as refusal:
        return await selected_choices(request, deps, session, found, refusal=refusal, name=name or "")
    return go(shown(chosen), note="collected")


async def _taken_out(
    deps: Deps, session: ConsoleSession, ids: Sequence[GenerationId], *, held: str
) -> Response:
    """Take them out of the collection that they were selected in."""
    known = collection_id(held)
    out = [each.generation_id for each in await _found(deps, session, ids)]
    await deps.collections.remove_from_collection(session.user_id, known, out)
    address = f"{shown(known)}&{urlencode([('undo', each) for each in out])}"
    return go(address, note="taken-out")


def _downloaded(deps: Deps, generations: Sequence[Generation]) -> Response:
    """Send all that came out of them as one file."""
    members = list(named(generations))
    if not members:
        return go("/library", note="nothing-to-download")
    if sum(output.size_bytes for _, output in members) > DOWNLOAD_MAX_BYTES:
        return go("/library", note="too-large")
    now = deps.clock.now()
    return StreamingResponse(
        zipped(members, deps.output_files, now=now),
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="tintype-{now:%Y-%m-%d}.zip"',
            "Cache-Control": "no-store",
        },
    )


def deleted_note(request: Request, *, deleted: int, running: int, failed: int) -> str:
    """Say how many are deleted and how many are not, and why."""
    texts = language_of(request).texts
    counted = [
        (deleted, texts.ngettext("%(num)s deleted.", "%(num)s deleted.", deleted)),
        (running, texts.ngettext("%(num)s still runs and stays.", "%(num)s still run and stay.", running)),
        (
            failed,
            texts.ngettext("%(num)s could not be deleted.", "%(num)s could not be deleted.", failed),
        ),
    ]
    return " ".join(text % {"num": count} for count, text in counted if count)


def _checked(texts: Sequence[str]) -> list[GenerationId]:
    """Read ids, each once. Raises InvalidRequest for too many and NotFound for what is no id."""
    if len(texts) > SELECTED_MAX:
        raise InvalidRequest(gettext_noop("At most 100 can be selected at a time."))
    return list(dict.fromkeys(generation_id(text) for text in texts))
