"""Uploads: send a picture in, read, list and delete them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.placed_route import PlacedRoute
from gateway.adapters.inbound.rest.answers.upload import AwaitedUpload, Upload, UploadPage
from gateway.adapters.inbound.rest.bodies import Body
from gateway.adapters.inbound.rest.file_body import described_body, file_of
from gateway.adapters.inbound.rest.parameters import (
    Paging,
    UploadPath,
    idempotency_key,
    mark_replayed,
    paging,
    upload_id,
)
from gateway.adapters.inbound.rest.reasons import Reasons, refuses
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/uploads", tags=["generations"], route_class=PlacedRoute)

_STORE: Reasons = {503: ("STORAGE_UNAVAILABLE",)}
_NOT_FOUND: Reasons = {404: ("UPLOAD_NOT_FOUND",), **_STORE}
_CREATE: Reasons = {
    400: ("MALFORMED_MULTIPART", "UPLOAD_BROKEN_OFF"),
    409: ("UPLOAD_QUOTA_REACHED",),
    413: ("UPLOAD_TOO_LARGE",),
    415: ("UNSUPPORTED_MEDIA_TYPE",),
    422: ("UNUSABLE_MEDIA",),
    429: ("TOO_MANY_UPLOADS",),
    **_STORE,
}
_AWAIT: Reasons = {
    409: ("UPLOAD_QUOTA_REACHED",),
    413: ("UPLOAD_TOO_LARGE",),
    429: ("TOO_MANY_UPLOADS",),
    **_STORE,
}
_COMPLETE: Reasons = {
    **_NOT_FOUND,
    409: ("UPLOAD_NOT_SENT", "UPLOAD_QUOTA_REACHED"),
    413: ("UPLOAD_TOO_LARGE",),
    422: ("UNUSABLE_MEDIA",),
    429: ("TOO_MANY_UPLOADS",),
}


@router.post(
    "",
    status_code=201,
    dependencies=[per_user(Limit.UPLOADS)],
    responses=refuses(_CREATE),
    openapi_extra=described_body("A PNG, JPEG or WebP, or an MP4 or WebM film."),
)
async def create_upload(
    request: Request,
    response: Response,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    key: Annotated[str, Depends(idempotency_key)],
) -> Upload:
    """Send a picture or a film in, to generate from; it is made anew, without its metadata.

    A picture is drawn upright, in sRGB; of a film (MP4 or WebM, at most ten minutes and 4K) its first picture
    and its first sound are kept. Pictures that move (GIF, animated PNG and WebP), SVG and everything else are
    refused, whatever they are said to be. As the body itself, a file may also come with its own type, such as
    `image/png`. What no generation uses is deleted after a day.
    """
    upload, replayed = await deps.uploads.create_upload(
        principal.user_id, file_of(request), idempotency_key=key
    )
    mark_replayed(response, replayed)
    response.headers["Location"] = f"/v1/uploads/{upload.upload_id}"
    return Upload.of(upload)


class NewAwaitedUpload(Body):
    """A file that is to go straight to the store."""

    size_bytes: Annotated[int, Field(ge=1, le=2**53, examples=[52_428_800])]
    """Its size: the store takes no larger one."""


@router.post(
    "/presigned",
    status_code=201,
    dependencies=[per_user(Limit.UPLOADS)],
    responses=refuses(_AWAIT),
)
async def await_upload(
    body: NewAwaitedUpload,
    response: Response,
    principal: CurrentPrincipal,
    deps: CurrentDeps,
    key: Annotated[str, Depends(idempotency_key)],
) -> AwaitedUpload:
    """Announce a file that goes straight to the store, which takes larger ones than this API does.

    Send `fields` and then the file, as the part `file`, to `url` as multipart/form-data, within an hour; the
    store answers 204. Then complete it: nothing can be generated from it before. What is not completed within
    two hours is removed. The same key and size get the same id, with a form that is signed anew.
    """
    awaited, replayed = await deps.uploads.await_upload(
        principal.user_id, size_bytes=body.size_bytes, idempotency_key=key
    )
    mark_replayed(response, replayed)
    return AwaitedUpload.of(awaited)


@router.post("/{upload}/complete", dependencies=[per_user(Limit.UPLOADS)], responses=refuses(_COMPLETE))
async def complete_upload(upload: UploadPath, principal: CurrentPrincipal, deps: CurrentDeps) -> Upload:
    """Have a file that was sent straight to the store looked at and kept, as `POST /v1/uploads` does.

    Again, it answers the same: the upload, or what the file was refused for, which is removed from the store
    then. What is sent to the store afterwards changes nothing.
    """
    completed, _ = await deps.uploads.complete_upload(principal.user_id, upload_id(upload))
    return Upload.of(completed)


@router.get("", dependencies=[per_user(Limit.READS)], responses=refuses(_STORE))
async def list_uploads(
    principal: CurrentPrincipal, deps: CurrentDeps, part: Annotated[Paging, Depends(paging)]
) -> UploadPage:
    """List the caller's uploads, newest first."""
    page = await deps.uploads.uploads(principal.user_id, cursor=part.cursor, limit=part.limit)
    return UploadPage.of(page, Upload.of)


@router.get("/{upload}", dependencies=[per_user(Limit.READS)], responses=refuses(_NOT_FOUND))
async def read_upload(upload: UploadPath, principal: CurrentPrincipal, deps: CurrentDeps) -> Upload:
    """Read one, with freshly signed addresses."""
    return Upload.of(await deps.uploads.upload(principal.user_id, upload_id(upload)))


@router.delete(
    "/{upload}", status_code=204, dependencies=[per_user(Limit.CHANGES)], responses=refuses(_NOT_FOUND)
)
async def delete_upload(upload: UploadPath, principal: CurrentPrincipal, deps: CurrentDeps) -> Response:
    """Delete one; a generation that was given it before still has it."""
    await deps.uploads.delete_upload(principal.user_id, upload_id(upload))
    return Response(status_code=204)
