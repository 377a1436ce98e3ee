"""The three calls of the API."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standins.chaos.answers import lose, misbehave
from standins.chaos.troubles import ANSWERS, Trouble
from standins.comfydeploy.deployments import DEPLOYMENTS
from standins.comfydeploy.problems import invalid, problem
from standins.comfydeploy.runs import ComfyRun, Runs

BODY_BYTES_MAX = 1_000_000
M = TypeVar("M", bound=BaseModel)


class Asked(BaseModel):
    """The body of a new run."""

    model_config = ConfigDict(extra="ignore")

    deployment_id: str
    inputs: dict[str, Any] = {}
    webhook: Annotated[str, Field(max_length=2_000)] | None = None
    webhook_intermediate_status: bool = False


class Stopped(BaseModel):
    """The body of a cancel."""

    run_id: str


class Api:
    """One method a call."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs

    async def queue(self, request: Request) -> Response:
        """Queue a run of a deployment; each call is another run."""
        asked = await _parsed(request, Asked)
        if isinstance(asked, Response):
            return asked
        deployment = DEPLOYMENTS.get(asked.deployment_id)
        if deployment is None:
            return problem(404, detail="Deployment not found")
        trouble = self.runs.chaos.of_submit(str(asked.inputs.get(deployment.words, "")))
        if trouble in ANSWERS:
            return await misbehave(trouble, problem)
        if wrong := deployment.wrong(asked.inputs):
            return invalid(f"inputs.{wrong[0]}", wrong[1])
        run = ComfyRun(
            deployment,
            asked.inputs,
            str(request.base_url),
            trouble,
            asked.webhook,
            asked.webhook_intermediate_status,
        )
        if trouble is Trouble.LOST:
            return await lose(self.runs.start(run))
        await self.runs.start(run)
        return JSONResponse({"run_id": run.run_id, "status": self.runs.said(run.status)})

    async def get(self, request: Request) -> Response:
        """Return a run as it stands."""
        trouble = self.runs.chaos.of_poll()
        if trouble is not None:
            return await misbehave(trouble, problem)
        run = self.runs.kept.get(request.query_params.get("run_id", ""))
        return problem(404) if run is None else JSONResponse(self.runs.document(run))

    async def cancel(self, request: Request) -> Response:
        """Stop a run."""
        asked = await _parsed(request, Stopped)
        if isinstance(asked, Response):
            return asked
        run = self.runs.kept.get(asked.run_id)
        if run is None:
            return problem(404)
        self.runs.cancel(run)
        return JSONResponse({"run_id": run.run_id, "status": self.runs.said(run.status)})


async def _parsed(request: Request, model: type[M]) -> M | Response:
    try:
        return model.model_validate_json((await request.body())[:BODY_BYTES_MAX])
    except ValidationError as error:
        wrong = error.errors()[0]
        return invalid(".".join(map(str, wrong["loc"])) or "body", wrong["msg"])
