"""Links: for how long, and what is kept of their tokens."""

from datetime import timedelta

import pytest
from generation.domain.errors import InvalidInput
from generation.domain.identifiers import ShareId
from generation.domain.share import LIFETIMES_S, Share, hash_of
from generation_rows import ALICE, NOW, job


def opened(lifetime_s: int) -> Share:
    """A link of Alice's."""
    return Share.opened(
        ShareId("shr_1"),
        job().generation_id,
        ALICE,
        token="a-token",
        lifetime_s=lifetime_s,
        shows_prompt=False,
        now=NOW,
    )


@pytest.mark.parametrize(("lifetime_s", "days"), list(zip(LIFETIMES_S, (1 / 24, 1, 7, 30), strict=True)))
def test_a_link_works_for_as_long_as_was_chosen(lifetime_s: int, days: float) -> None:
    """An hour, a day, a week, thirty days."""
    share = opened(lifetime_s)
    assert (share.created_at, share.expires_at) == (NOW, NOW + timedelta(days=days))


@pytest.mark.parametrize("lifetime_s", [0, -1, 1, 3_601, 2_592_001, 10**18])
def test_no_link_works_for_another_time(lifetime_s: int) -> None:
    """Least of all for ever."""
    with pytest.raises(InvalidInput) as refused:
        opened(lifetime_s)
    assert list(refused.value.field_violations) == ["lifetime_s"]


def test_a_token_is_kept_as_its_hash_alone() -> None:
    """What is stored opens nothing."""
    share = opened(3_600)
    assert share.token_hash == hash_of("a-token")
    assert "a-token" not in repr(share)
    assert hash_of("a-token") != hash_of("a-tokem")
