"""`/library/compare`: two generations side by side, and what differs in what was asked for."""

import json
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.page import HtmlRoute, Session, show
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.parameters import generation_id
from gateway.application.read_texts import SHOWN_MAX_BYTES
from gateway.domain.generation import Document
from gateway.domain.identifiers import GenerationId
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)


@dataclass(frozen=True, kw_only=True)
class InputRow:
    """A field of both inputs; an empty text is one that was not sent."""

    name: str
    values: tuple[str, str]

    @property
    def differs(self) -> bool:
        """Whether it was asked otherwise."""
        return self.values[0] != self.values[1]


@router.get("/library/compare", dependencies=[per_user(Limit.READS)])
async def compare(request: Request, deps: CurrentDeps, session: Session, a: str, b: str) -> Response:
    """Both of them, who must be the person's own."""
    left = await deps.generations.generation(session.user_id, generation_id(a))
    right = await deps.generations.generation(session.user_id, generation_id(b))
    return await show(
        request,
        "compare.html",
        session=session,
        generations=(left, right),
        rows=input_rows(left.input, right.input),
        texts=await deps.read_texts((*left.outputs, *right.outputs), size_max_bytes=SHOWN_MAX_BYTES),
    )


def comparison(ids: tuple[GenerationId, GenerationId]) -> str:
    """Return the address of the page that compares these."""
    return f"/library/compare?a={ids[0]}&b={ids[1]}"


def input_rows(left: Document, right: Document) -> list[InputRow]:
    """Return the fields of both by their names, the prompt first."""
    return [InputRow(name=name, values=(_said(left, name), _said(right, name))) for name in {**left, **right}]


def _said(job: Document, name: str) -> str:
    value: Any = job.get(name, "")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
