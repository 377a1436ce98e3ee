"""Everything that is kept of the caller, as one ZIP."""

import json
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from gateway.adapters.inbound.archive import Ending, File, Member, Missing, Small, Text, archived
from gateway.adapters.inbound.auth import CurrentDeps, CurrentPrincipal
from gateway.adapters.inbound.deps import Deps
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.answers.answer import Answer
from gateway.adapters.inbound.rest.answers.api_key import ApiKey
from gateway.adapters.inbound.rest.answers.collection import Collection
from gateway.adapters.inbound.rest.answers.entry import Entry
from gateway.adapters.inbound.rest.answers.generation import Generation
from gateway.adapters.inbound.rest.answers.invoice import Invoice
from gateway.adapters.inbound.rest.answers.own_record import OwnRecord
from gateway.adapters.inbound.rest.answers.own_session import OwnSession
from gateway.adapters.inbound.rest.answers.passkey import Passkey
from gateway.adapters.inbound.rest.answers.purchase import Purchase
from gateway.adapters.inbound.rest.answers.share import Share
from gateway.adapters.inbound.rest.answers.upload import Upload
from gateway.adapters.inbound.rest.answers.user import User
from gateway.adapters.inbound.rest.answers.webhook_endpoint import WebhookEndpoint
from gateway.adapters.inbound.rest.json_route import JsonRoute
from gateway.adapters.inbound.rest.reasons import refuses
from gateway.domain import generation as jobs
from gateway.domain import upload as uploads
from gateway.domain.credits import EntryFilter
from gateway.domain.errors import GatewayError
from gateway.domain.file_names import named, suffix_of
from gateway.domain.generation import Output
from gateway.domain.identifiers import OutputId, UserId
from gateway.domain.user import Principal
from gateway.ports.rate_limits import Limit

router = APIRouter(prefix="/v1/me", tags=["account"], route_class=JsonRoute)

MANIFEST = "manifest.json"
# What the addresses in an answer are for is over in an hour: the files themselves are beside.
_PASSING = frozenset({"url", "download_url", "thumbnail_url", "expires_at", "url_expires_at"})
Item = TypeVar("Item")
_ZIP: dict[str, Any] = {
    "headers": {"Content-Disposition": {"$ref": "#/components/headers/Content-Disposition"}},
    "content": {
        "application/zip": {
            "schema": {
                "type": "string",
                "format": "binary",
                "description": "Folders `generations` and `uploads`, lists as JSON, and `manifest.json`.",
            },
            "example": "the bytes of a ZIP",
        }
    },
}


@router.get(
    "/export",
    dependencies=[per_user(Limit.EXPORTS)],
    response_class=StreamingResponse,
    responses={**refuses({404: ("USER_NOT_FOUND",)}), 200: _ZIP},
)
async def export_me(principal: CurrentPrincipal, deps: CurrentDeps) -> StreamingResponse:
    """Download everything that is kept of the account, as a ZIP.

    Profile with its picture, sessions, passkeys, API keys and webhook endpoints without their secrets,
    statement, purchases, invoices, collections, uploads, what people with a role did about the account (as
    support, administrator or operator; who it was stays theirs), and every generation with its files and the
    links that share it. `manifest.json`, the last file, lists the others and names what could not be read,
    which stops nothing else.
    """
    # A refusal can still become a problem; once the archive has begun, it is named in it.
    user = await deps.account.profile(principal.user_id)
    return exported(deps, principal, has_avatar=bool(user.avatar_version))


def exported(deps: Deps, principal: Principal, *, has_avatar: bool) -> StreamingResponse:
    """Return the archive as an answer."""
    now = deps.clock.now()
    return StreamingResponse(
        archived(
            _members(deps, principal, has_avatar=has_avatar),
            deps.output_files,
            now=now,
            ending=_manifest(principal, now),
        ),
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="tintype-account-{now:%Y-%m-%d}.zip"',
            "Cache-Control": "no-store",
        },
    )


async def _members(deps: Deps, principal: Principal, *, has_avatar: bool) -> AsyncIterator[Member]:
    user_id, account = principal.user_id, deps.account

    async def profile() -> AsyncIterator[str]:
        yield _written(User.of(await account.profile(user_id)))

    async def sessions() -> AsyncIterator[OwnSession]:
        for session in await account.sessions(user_id):
            yield OwnSession.of(session, current=principal.session_id)

    async def keys() -> AsyncIterator[ApiKey]:
        for key in await account.keys(user_id):
            yield ApiKey.of(key)

    async def passkeys() -> AsyncIterator[Passkey]:
        for passkey in await account.passkeys_of(user_id):
            yield Passkey.of(passkey)

    async def webhook_endpoints() -> AsyncIterator[WebhookEndpoint]:
        for endpoint in await deps.webhook_endpoints.endpoints(user_id):
            yield WebhookEndpoint.of(endpoint)

    async def collections() -> AsyncIterator[Collection]:
        for collection in await account.collections_of(user_id):
            yield Collection.of(collection)

    async def statement() -> AsyncIterator[Entry]:
        async for page in deps.export_statement(user_id, EntryFilter()):
            for entry in page:
                yield Entry.of(entry)

    async def avatar() -> bytes:
        return (await account.avatar(user_id)).picture

    yield Text("profile.json", profile())
    if has_avatar:
        yield Small("avatar.webp", avatar)
    yield Text("sessions.json", _list(sessions()))
    yield Text("api-keys.json", _list(keys()))
    yield Text("passkeys.json", _list(passkeys()))
    yield Text("webhook-endpoints.json", _list(webhook_endpoints()))
    yield Text("statement.json", _list(statement()))
    yield Text("purchases.json", _list(_each(account.purchases(user_id), Purchase.of)))
    yield Text("invoices.json", _list(_each(account.invoices(user_id), Invoice.of)))
    yield Text("collections.json", _list(collections()))
    yield Text("acts.json", _list(_each(account.records(user_id), OwnRecord.of)))
    try:
        async for upload in account.sent_in(user_id):
            stem = f"uploads/{upload.created_at:%Y-%m-%d} {upload.upload_id}"
            yield Text(f"{stem}.json", _once(_upload(upload)))
            yield File(f"{stem}.{suffix_of(upload.media_type)}", _as_output(upload))
    except GatewayError as failure:
        yield Missing("uploads/", f"the rest could not be listed ({failure})")
    try:
        async for generation in account.made(user_id):
            folder = f"generations/{generation.created_at:%Y-%m-%d} {generation.generation_id}"
            yield Text(f"{folder}/generation.json", _once(_generation(generation)))
            if generation.outputs and (links := await _links(deps, user_id, generation, folder)):
                yield links
            for name, output in named([generation]):
                yield File(f"{folder}/{name}", output)
    except GatewayError as failure:
        yield Missing("generations/", f"the rest could not be listed ({failure})")


async def _links(deps: Deps, user_id: UserId, generation: jobs.Generation, folder: str) -> Member | None:
    name = f"{folder}/shares.json"
    try:
        links = await deps.shares.shares_of(user_id, generation.generation_id)
    except GatewayError as failure:
        return Missing(name, f"could not be read ({failure})")
    shown = [Share.of(link).model_dump(mode="json") for link in links]
    return Text(name, _once(json.dumps(shown))) if shown else None


def _manifest(principal: Principal, now: datetime) -> Ending:
    def ending(names: Iterable[str], missing: Iterable[Missing]) -> tuple[str, str]:
        said = {
            "account": principal.user_id,
            "made_at": now.isoformat(),
            "about": "What Tintype keeps of this account. Secrets, of which hashes are kept, are left out.",
            "missing": [{"name": each.name, "why": each.why} for each in missing],
            "files": list(names),
        }
        return MANIFEST, json.dumps(said, ensure_ascii=False, indent=1)

    return ending


async def _each(items: AsyncIterator[Item], shown: Callable[[Item], Answer]) -> AsyncIterator[Answer]:
    async for item in items:
        yield shown(item)


async def _list(answers: AsyncIterator[Answer]) -> AsyncIterator[str]:
    """Write an array that is whole also where its reading breaks off."""
    between = "[\n"
    try:
        async for answer in answers:
            yield between + _written(answer)
            between = ",\n"
    except GatewayError:
        yield ("[" if between == "[\n" else "\n") + "]\n"
        raise
    yield ("[" if between == "[\n" else "\n") + "]\n"


async def _once(text: str) -> AsyncIterator[str]:
    yield text


def _written(answer: Answer) -> str:
    return _json(answer.model_dump(mode="json"))


def _generation(generation: jobs.Generation) -> str:
    # What its owner sent, inputs and metadata, may have names of the same kind, and stays.
    told = Generation.of(generation).model_dump(mode="json")
    return _json(told | {"outputs": [_lasting(output) for output in told["outputs"]]})


def _upload(upload: uploads.Upload) -> str:
    return _json(_lasting(Upload.of(upload).model_dump(mode="json")))


def _lasting(told: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in told.items() if name not in _PASSING}


def _json(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False)


def _as_output(upload: uploads.Upload) -> Output:
    return Output(
        output_id=OutputId(upload.upload_id),
        media_type=upload.media_type,
        size_bytes=upload.size_bytes,
        width=upload.width,
        height=upload.height,
        duration_s=0,
        sha256=upload.sha256,
        url=upload.url,
        download_url=upload.url,
        expires_at=upload.url_expires_at,
    )
