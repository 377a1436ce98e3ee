"""Progress straight to the stream, past the outbox."""

import structlog
from chassis.publisher import Publisher

from generation.adapters.outbound.event_codec import encode
from generation.domain.events import GenerationProgressed
from generation.domain.identifiers import EventId
from generation.ports.ids import IdSource

log = structlog.get_logger(__name__)


class NatsProgressFeed:
    """A step that can't be published is dropped: the next one says more."""

    def __init__(self, publisher: Publisher, ids: IdSource) -> None:
        self._publisher = publisher
        self._ids = ids

    async def tell(self, event: GenerationProgressed) -> None:
        try:
            await self._publisher.publish(encode(event, event_id=EventId(self._ids.new("evt"))))
        except Exception as error:  # noqa: BLE001, telling is not worth a job
            log.debug("progress not published", error=repr(error))
