"""Generations, from their start to their webhooks."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from standins.babysea.envelope import now, unpaid
from standins.babysea.models import BabySeaModel
from standins.babysea.settings import BabySeaSettings
from standins.chaos.files import Files
from standins.chaos.running import STALL_S, Running, iso
from standins.chaos.troubles import Chaos, Trouble, plain
from standins.chaos.webhooks import Postman, Webhook
from standins.drawing import Picture, as_file
from standins.filming import film

CAPTION = "drawn by the BabySea stand-in"
ACCOUNT = "6f1c1b5e-7f0e-4f0a-9d51-0f5f4f3a2b10"
OVER = ("succeeded", "failed", "canceled")
EVENTS = {"processing": "started", "succeeded": "completed", "failed": "failed", "canceled": "canceled"}
FAILED = ("All inference providers failed.", "BSE4001")


@dataclass
class Generation:
    """One generation; `address` is how its caller reached us, and where its files are therefore."""

    model: BabySeaModel
    given: Mapping[str, Any]
    address: str
    trouble: Trouble | None
    charged: Decimal
    # The account's endpoint when it was submitted.
    webhook_url: str | None
    generation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    prediction_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    status: str = "pending"
    files: list[str] | None = None
    error: tuple[str, str] | None = None
    created_at: float = field(default_factory=time.time)
    started_at: float | None = None
    completed_at: float | None = None
    task: asyncio.Task[None] | None = None

    @property
    def order(self) -> list[str]:
        """Who tries, in which order."""
        order = self.given.get("generation_provider_order", "fastest")
        return (self.model.orders[-1] if order == "fastest" else str(order)).split(", ")

    def submitted(self) -> dict[str, Any]:
        """Return it as its submit is answered."""
        if self.status == "canceled":
            return {"generation_id": self.generation_id, "generation_status": "canceled"}
        return {
            "model_identifier": self.model.identifier,
            "generation_provider_order": self.order,
            "generation_prediction_id": self.prediction_id,
            "generation_id": self.generation_id,
            "generation_initialized": True,
        }

    def document(self) -> dict[str, Any]:
        """Return it as its content is answered."""
        over = self.completed_at is not None
        return {
            "account_id": ACCOUNT,
            "generation_id": self.generation_id,
            "model_identifier": self.model.identifier,
            "generation_provider_used": self.order[0] if over else None,
            "generation_prediction_id": self.prediction_id,
            "generation_status": self.status,
            "generation_output_number": 1,
            "generation_input_file": None,
            **self.given,
            "generation_provider_order": self.order,
            "generation_output_file": self.urls,
            "generation_created_at": iso(self.created_at),
            "generation_started_at": iso(self.started_at),
            "generation_completed_at": iso(self.completed_at),
            **self._error(),
        }

    def told(self) -> dict[str, Any]:
        """Return it as a webhook tells it."""
        return {
            "account_id": ACCOUNT,
            "model_identifier": self.model.identifier,
            "generation_provider_used": self.order[0],
            "generation_status": self.status,
            "generation_prediction_id": self.prediction_id,
            "generation_id": self.generation_id,
            **({"generation_output_file": self.urls} if self.urls else {}),
            **self._error(),
        }

    @property
    def urls(self) -> list[str] | None:
        """The files' addresses."""
        return [f"{self.address}{path}" for path in self.files] if self.files else None

    def _error(self) -> dict[str, str]:
        if self.error is None:
            return {}
        return {"generation_error": self.error[0], "generation_error_code": self.error[1]}


class Generations(Running[Generation]):
    """The newest few, in memory, and what is left of the account's credits."""

    def __init__(self, settings: BabySeaSettings, chaos: Chaos, files: Files, postman: Postman) -> None:
        super().__init__(chaos, files, postman)
        self.settings = settings
        self.balance = settings.balance
        self.webhook_url = settings.webhook_url

    async def start(self, generation: Generation) -> None:
        """Charge and begin; with `early` trouble it has ended, and told so, when this returns.

        Raises BabySeaError when the credits do not suffice.
        """
        if self.balance < generation.charged:
            raise unpaid()
        self.balance -= generation.charged
        prompt = str(generation.given["generation_prompt"])
        await self.begin(generation.generation_id, generation, self._run(generation), prompt=prompt)

    def cancel(self, generation: Generation) -> None:
        """Stop one that has not ended, and give its credits back."""
        if generation.task:
            generation.task.cancel()
        self._end(generation, "canceled")

    async def _run(self, generation: Generation) -> None:
        await asyncio.sleep(self.settings.pending_s)
        generation.status, generation.started_at = "processing", time.time()
        self._tell(generation)
        await asyncio.sleep(STALL_S if generation.trouble is Trouble.STALL else self.settings.run_s)
        if generation.trouble is Trouble.FAIL:
            generation.error = FAILED
            self._end(generation, "failed")
            return
        if generation.trouble is not Trouble.NO_FILES:
            generation.files = self._made(generation)
        self._end(generation, "succeeded")

    def _end(self, generation: Generation, status: str) -> None:
        generation.status, generation.completed_at = status, time.time()
        if status != "succeeded":
            self.balance += generation.charged
        self._tell(generation)

    def _made(self, generation: Generation) -> list[str]:
        given = generation.given
        kind = given.get("generation_output_format", generation.model.formats[0])
        made = partial(_file, generation, kind)
        return self.keep_files(generation, made, kind, count=given.get("generation_output_number", 1))

    def _tell(self, generation: Generation) -> None:
        if generation.webhook_url is None:
            return
        event = f"generation.{EVENTS[generation.status]}"
        delivery = {
            "webhook_event": event,
            "webhook_timestamp": now(),
            "webhook_delivery_id": str(uuid.uuid4()),
            "webhook_data": generation.told(),
        }
        headers = partial(
            signed,
            secret=self.settings.webhook_secret.get_secret_value(),
            event=event,
            delivery_id=str(delivery["webhook_delivery_id"]),
        )
        body = json.dumps(delivery).encode()
        about = f"{generation.generation_id} {event}"
        self.postman.send(Webhook(generation.webhook_url, body, headers, about))


def signed(body: bytes, *, secret: str, event: str, delivery_id: str) -> Mapping[str, str]:
    """Return the headers of a webhook that is sent now; the whole secret, with its prefix, is the key."""
    at = str(int(time.time()))
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "x-babysea-signature": f"t={at},v1={digest}",
        "x-babysea-event": event,
        "x-babysea-timestamp": at,
        "x-babysea-delivery-id": delivery_id,
    }


def _file(generation: Generation, kind: str, place: int) -> bytes:
    width, height = generation.model.size(generation.given)
    prompt = plain(str(generation.given["generation_prompt"]))
    picture = Picture(prompt, place, width, height, caption=CAPTION)
    if kind == "mp4":
        return film(picture, seconds=float(generation.given["generation_duration"]))
    return as_file(picture, kind)
