"""`POST /v1/moderations`: flags what a text says is to be flagged, and a few words by itself."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standins.openai.answering import parsed
from standins.openai.failures import failure
from standins.openai.models import require
from standins.openai.obedience import HANG_S

MODELS = ("omni-moderation-latest", "omni-moderation-2024-09-26", "text-moderation-latest")
CATEGORIES = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent",
    "self-harm", "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence",
    "violence/graphic",
)  # fmt: skip
# Flagged without a marker, so that a person sees what a refusal looks like.
WORDS = {"massacre": "violence", "torture": "violence/graphic"}
FLAG = re.compile(r"\[\[flag:([a-z/-]{1,40})\]\]")
TROUBLE = re.compile(r"\[\[moderate:([a-z0-9_]{1,20})\]\]")
TEXTS_MAX = 100


class Asked(BaseModel):
    """The parameters."""

    model_config = ConfigDict(extra="forbid")
    input: str | Annotated[list[str], Field(min_length=1, max_length=TEXTS_MAX)]
    model: str = MODELS[0]


class Moderations:
    """Knows nothing but what it is told."""

    async def create(self, request: Request) -> Response:
        """One result a text, each with every category and its score."""
        asked = parsed(request, Asked)
        require(asked.model, MODELS)
        texts = [asked.input] if isinstance(asked.input, str) else asked.input
        results = [_result(text) for text in texts]
        for name in TROUBLE.findall(" ".join(texts)):
            match name:
                case "hang":
                    await asyncio.sleep(HANG_S)
                case "fewer":
                    results = results[:-1]
                case "nothing":
                    return JSONResponse({"id": "modr-0", "model": asked.model})
                case "html":
                    return Response("<html>down for maintenance</html>", media_type="text/html")
                case _:
                    raise failure(name, retry_after_s=None)
        return JSONResponse({"id": f"modr-{secrets.token_hex(8)}", "model": asked.model, "results": results})


def _result(text: str) -> dict[str, Any]:
    flagged = set(FLAG.findall(text))
    flagged |= {category for word, category in WORDS.items() if word in text.lower()}
    # One that nobody has heard of stands for what is added one day.
    names = (*CATEGORIES, *sorted(flagged - set(CATEGORIES)))
    return {
        "flagged": bool(flagged),
        "categories": {name: name in flagged for name in names},
        "category_scores": {name: 0.97 if name in flagged else 0.000_01 for name in names},
        "category_applied_input_types": {name: ["text"] if name in flagged else [] for name in names},
    }
