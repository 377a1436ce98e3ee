"""How requests at fal are addressed: by owner, app and a number of theirs, never by a model's whole name."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from generation.adapters.outbound.providers.http_api import RUN_ID, run_id_in
from generation.domain.identifiers import RunId

PART = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
APP = re.compile(rf"{PART}/{PART}")
# An owner, an app, and perhaps an endpoint of it: `fal-ai/flux/schnell`.
MODEL = re.compile(rf"({PART}/{PART})(?:/{PART}){{0,6}}")
# What an answer's `response_url` ends with.
ADDRESS = re.compile(rf"/({PART}/{PART})/requests/({RUN_ID.pattern})")


def run_id_of(answer: Mapping[str, Any], *, model: str) -> RunId:
    """Return a run's id, which has all that its addresses are made of: `owner/app/request`.

    Owner and app are those of the address that fal says, on whatever host; where it says none that can be
    read, those of the model's name, as they are by its documentation. Raises ProviderUnavailable when the
    answer names no request.
    """
    request_id = run_id_in(answer, "request_id")
    said = answer.get("response_url")
    found = ADDRESS.search(urlsplit(said).path) if isinstance(said, str) and len(said) < 2_000 else None
    app = found[1] if found and found[2] == request_id else app_of(model)
    return RunId(f"{app}/{request_id}")


def app_of(model: str) -> str:
    """Return owner and app of a model's name."""
    return "/".join(model.split("/")[:2])


def path_of(run_id: RunId) -> str | None:
    """Return where a run is; None for what is no id of a run here."""
    app, _, request_id = run_id.rpartition("/")
    if not APP.fullmatch(app) or not RUN_ID.fullmatch(request_id):
        return None
    return f"/{app}/requests/{request_id}"


def webhook_address(webhook_url: str, *, model: str) -> str:
    """Return where a request of this model is told of: a webhook names its request, and not the app."""
    return f"{webhook_url}?{urlencode({'app': app_of(model)})}"
