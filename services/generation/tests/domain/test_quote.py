"""A promised price: honoured for exactly this job, until its moment."""

from datetime import UTC, datetime, timedelta

import pytest
from generation.domain.documents import digest
from generation.domain.errors import InvalidQuote, QuoteExpired
from generation.domain.identifiers import AccountId, ModelId
from generation.domain.quote import Quote

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
JOB = {"prompt": "a red fox"}
ASKED = {"account_id": AccountId("usr_1"), "model_id": ModelId("local/sketch"), "job": JOB}
QUOTE = Quote(ASKED["account_id"], ASKED["model_id"], digest(JOB), 7, NOW)


def test_a_quote_is_good_before_its_moment() -> None:
    """At its moment it is late."""
    assert QUOTE.honour(**ASKED, now=NOW - timedelta(microseconds=1)) == 7
    with pytest.raises(QuoteExpired):
        QUOTE.honour(**ASKED, now=NOW)


@pytest.mark.parametrize(
    "other",
    [
        {"account_id": AccountId("usr_2")},
        {"model_id": ModelId("local/reel")},
        {"job": {"prompt": "a red fox", "seed": 1}},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_quote_is_for_one_job_of_one_account(other: dict[str, object]) -> None:
    """However early it is; a late one of somebody else's is somebody else's."""
    for now in (NOW - timedelta(hours=1), NOW):
        with pytest.raises(InvalidQuote):
            QUOTE.honour(**{**ASKED, **other}, now=now)
