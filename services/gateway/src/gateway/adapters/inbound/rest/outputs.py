"""Outputs that are kept here and not in the store: their bytes, for whoever has their address."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.conditional import is_known, part_of
from gateway.adapters.inbound.limited import per_address
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.domain.identifiers import OutputId
from gateway.ports.output_contents import OutputContent
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/outputs", tags=["generations"], route_class=JsonRoute)

_LENGTH_MAX = 2_048
OutputPath = Annotated[
    str, Path(description="An output's id.", examples=["out_019324a1b2c37def8a9b0c1d2e3f4a60"])
]
Signature = Annotated[
    str,
    Query(
        description="As in the output's address.", max_length=_LENGTH_MAX, examples=["eyJhbGciOi.e30.c2ln"]
    ),
]
_SAVED: dict[str, Any] = {
    "headers": {"Content-Disposition": {"$ref": "#/components/headers/Content-Disposition"}},
}
_TEXT: dict[str, Any] = {
    **_SAVED,
    "content": {
        "text/plain": {
            "schema": {"type": "string", "description": "In UTF-8."},
            "example": "Foxes are small dogs of the woods.",
        }
    },
}
_TEXTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The text.", **_TEXT},
    206: {"description": "The part of it that `Range` names.", **_TEXT},
    304: {"description": "It is the one that `If-None-Match` names.", **_SAVED},
}


@router.get(
    "/{output}/content",
    dependencies=[per_address(Limit.READS)],
    response_class=Response,
    responses={
        **refuses({403: ("ADDRESS_ENDED",), 404: ("OUTPUT_NOT_FOUND",), 416: ("RANGE_NOT_SATISFIABLE",)}),
        **_TEXTS,
    },
)
async def read_output(
    request: Request,
    output: OutputPath,
    signature: Signature,
    deps: CurrentDeps,
    download: Annotated[bool, Query(description="Whether browsers save it.")] = False,
) -> Response:
    """Download a text, by the signed address that its generation has: whoever has the address may.

    Other files are at the media store, whose addresses a generation has likewise.
    """
    found = await deps.output_contents.read(OutputId(output[:_LENGTH_MAX]), signature)
    return _answer(request, found, download=download)


def _answer(request: Request, found: OutputContent, *, download: bool) -> Response:
    asked, tag = request.headers, f'"{found.sha256}"'
    headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        # It was written by somebody else than us, and is shown from our own origin.
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    }
    if download:
        headers["Content-Disposition"] = f'attachment; filename="{found.file_name}"'
    if is_known(asked.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    size_bytes = len(found.content)
    part = part_of(asked.get("range", ""), size_bytes) if asked.get("if-range", tag) == tag else None
    if part is None:
        return Response(found.content, media_type=found.media_type, headers=headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size_bytes}"
    return Response(
        found.content[part.start : part.stop],
        status_code=206,
        media_type=found.media_type,
        headers=headers,
    )
