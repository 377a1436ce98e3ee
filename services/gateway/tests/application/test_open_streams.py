"""Each user has places for streams of their own; each comes back whatever ends it."""

import pytest
from gateway.application.open_streams import OpenStreams
from gateway.domain.errors import RateLimited
from gateway.domain.identifiers import UserId

ADA, BOB = UserId("usr_ada"), UserId("usr_bob")


def test_exactly_as_many_as_one_may_have() -> None:
    """The last place is had, the next is refused and costs nothing, and another user has all of theirs."""
    streams = OpenStreams(per_user_max=2)
    with streams.admit(ADA), streams.admit(ADA):
        for _ in range(2):
            with pytest.raises(RateLimited) as refused, streams.admit(ADA):
                pass
            assert (refused.value.reason, refused.value.retry_after_s) == ("TOO_MANY_STREAMS", 5)
        with streams.admit(BOB), streams.admit(BOB):
            pass
    with streams.admit(ADA), streams.admit(ADA):
        pass


def test_a_stream_that_broke_gives_its_place_back() -> None:
    """Not only one that ended well."""
    streams = OpenStreams(per_user_max=1)
    with pytest.raises(ConnectionError), streams.admit(ADA):
        raise ConnectionError
    with streams.admit(ADA):
        pass
