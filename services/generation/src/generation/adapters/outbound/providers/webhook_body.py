"""What a webhook's body says, once it is known who wrote it."""

from generation.adapters.outbound.providers.http_api import Answer, run_id_in
from generation.domain.errors import InvalidWebhook
from generation.domain.identifiers import RunId
from generation.ports.media_provider import ProviderUnavailable


def run_told(body: bytes, name: str, *, within: str | None = None) -> RunId:
    """Return the run that the field `name` is the id of, in the object or in the one called `within`.

    Raises InvalidWebhook when there is none.
    """
    told = Answer(200, {}, body).told()
    inner = told if within is None else told.get(within)
    try:
        return run_id_in(inner if isinstance(inner, dict) else {}, name)
    except ProviderUnavailable as error:
        raise InvalidWebhook("the body is about no run") from error
