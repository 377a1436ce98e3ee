"""`/library/compare`: two generations side by side, and what differs in what was asked for."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.adapters.inbound.auth import CurrentDeps
from gateway.adapters.inbound.console.asked import label_of, model_of, said
from gateway.adapters.inbound.console.page import HtmlRoute, Session, show
from gateway.adapters.inbound.console.schema_form import TEST_CONTROL
from gateway.adapters.inbound.limited import per_user
from gateway.adapters.inbound.rest.parameters import generation_id
from gateway.application.read_texts import SHOWN_MAX_BYTES
from gateway.domain.generation import Document, Model
from gateway.domain.identifiers import GenerationId
from gateway.ports.rate_limits import Limit

router = APIRouter(route_class=HtmlRoute)


@dataclass(frozen=True, kw_only=True)
class InputRow:
    """A field of both inputs; an empty text is one that was not sent."""

    label: str
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
    models = await deps.generations.models()
    both = model_of(models, left.model_id), model_of(models, right.model_id)
    return await show(
        request,
        "compare.html",
        session=session,
        generations=(left, right),
        models=both,
        rows=input_rows(left.input, right.input, models=both),
        texts=await deps.read_texts((*left.outputs, *right.outputs), size_max_bytes=SHOWN_MAX_BYTES),
    )


def comparison(ids: tuple[GenerationId, GenerationId]) -> str:
    """Return the address of the page that compares these."""
    return f"/library/compare?a={ids[0]}&b={ids[1]}"


def input_rows(
    left: Document, right: Document, *, models: tuple[Model | None, Model | None]
) -> list[InputRow]:
    """Return the fields of both by what their forms call them, the prompt first.

    What both left empty, and how a test was told to end, nobody asked for.
    """
    rows = [
        InputRow(label=label_of(name, *models), values=(said(left.get(name, "")), said(right.get(name, ""))))
        for name in {**left, **right}
        if name != TEST_CONTROL
    ]
    return [row for row in rows if any(row.values)]
