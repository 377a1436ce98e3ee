"""How the stream of events is described."""

from typing import Any

from gateway.adapters.inbound.rest.answers.event import NAMES

STREAM: dict[str, Any] = {
    "description": "Events for as long as the access token is good (HTML Standard, 9.2).",
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "string",
                "description": "Each event has an `event` (its name), an `id` and `data`: JSON, whose schema "
                "stands under the event's name in `x-events`.",
            },
            "x-events": {
                name: {"$ref": f"#/components/schemas/{data.__name__}"} for data, name in NAMES.items()
            },
            "example": "event: generation.updated\nid: AbC123\n"
            'data: {"id":"gen_019324a1b2c37def8a9b0c1d2e3f4a5b","status":"succeeded","progress":1.0,'
            '"credits":{"reserved":5,"charged":5,"refunded":0}}\n\n',
        }
    },
}
"""For `responses`: `x-events` is what OpenAPI 3.1 has no word for."""
