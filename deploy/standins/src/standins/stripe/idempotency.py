"""`Idempotency-Key`: the first answer is kept for a day and given again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from standins.stripe.errors import StripeError
from standins.stripe.store import Store

KEY_LENGTH_MAX = 255
KEPT_S = 24 * 60 * 60


@dataclass(frozen=True)
class Answer:
    """What a request was answered with."""

    status: int
    body: dict[str, Any]
    request_id: str


@dataclass(frozen=True)
class Claim:
    """A key together with the request it stands for."""

    key: str
    path: str
    fingerprint: str


def claim(key: str, path: str, params: dict[str, Any]) -> Claim:
    """Bind a key to an endpoint and its decoded parameters."""
    if len(key) > KEY_LENGTH_MAX:
        message = f"Idempotency keys can be at most {KEY_LENGTH_MAX} characters long."
        raise StripeError(message, kind="idempotency_error", executed=False)
    text = json.dumps(params, sort_keys=True)
    return Claim(key, path, hashlib.sha256(text.encode()).hexdigest())


def recall(store: Store, claimed: Claim, *, now: float) -> Answer | None:
    """Return the first answer, if there was one; refuses a key that first stood for another request."""
    store.sql.execute("DELETE FROM idempotency WHERE created <= ?", (int(now) - KEPT_S,))
    row = store.sql.execute("SELECT * FROM idempotency WHERE key = ?", (claimed.key,)).fetchone()
    if row is None:
        return None
    another = f"Try using a key other than '{claimed.key}' if you meant to execute a different request."
    if row["path"] != claimed.path:
        raise _reused(
            "Keys for idempotent requests can only be used for the same endpoint they were first used for "
            f"('{claimed.path}' vs '{row['path']}'). {another}"
        )
    if row["fingerprint"] != claimed.fingerprint:
        raise _reused(
            "Keys for idempotent requests can only be used with the same parameters they were first used "
            f"with. {another}"
        )
    return Answer(row["status"], json.loads(row["body"]), row["request_id"])


def remember(store: Store, claimed: Claim, answer: Answer, *, now: float) -> None:
    """Keep an answer, in the transaction that made it true."""
    store.sql.execute(
        "INSERT INTO idempotency (key, path, fingerprint, status, body, request_id, created)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            claimed.key,
            claimed.path,
            claimed.fingerprint,
            answer.status,
            json.dumps(answer.body),
            answer.request_id,
            int(now),
        ),
    )


def in_use(key: str) -> StripeError:
    """Return the refusal while the first request with a key is still running."""
    return StripeError(
        "There is currently another in-progress request using this Idempotent Key (that probably means you "
        f"submitted twice, and the other request is still going through): {key}. Please try again later.",
        status=409,
        code="idempotency_key_in_use",
        executed=False,
    )


def _reused(message: str) -> StripeError:
    return StripeError(message, kind="idempotency_error", executed=False)
