"""Exactly which facts were published: a test's world fails on one too many and on one too few.

A world reads its committed facts, from memory or from an outbox, and says in which words a test names them:

    @pytest.fixture
    async def world() -> AsyncIterator[World]:
        store = MemoryStore()
        async with ExactFacts(lambda: store.facts, in_words=lambda fact: type(fact).__name__) as facts:
            yield World(store, facts)

    async def test_a_user_who_leaves(world: World) -> None:
        await world.sign_up()
        await world.facts.pass_over("UserRegistered", "EmailVerified")
        await world.leave()
        await world.facts.expect("SessionEnded")

What nobody named by the end of the test fails it: a test in which nothing is published needs no word.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from inspect import isawaitable
from types import TracebackType
from typing import Any, Generic, TypeVar

Fact = TypeVar("Fact")


class ExactFacts(Generic[Fact]):
    """Compares what was published since the last comparison, in its order.

    `read` returns all facts that were committed, the oldest first; what it returned once comes again at the
    same place. `in_words` says what a test compares of a fact; by default all of it.
    """

    def __init__(
        self,
        read: Callable[[], Sequence[Fact] | Awaitable[Sequence[Fact]]],
        *,
        in_words: Callable[[Fact], Any] = lambda fact: fact,
    ) -> None:
        self._read = read
        self._in_words = in_words
        self._seen = 0

    async def expect(self, *facts: object) -> Sequence[Fact]:
        """Fail unless exactly these were published since the last comparison, in this order; return them."""
        published = await self._unseen()
        assert self._said(published) == list(facts)
        return self._take(published)

    async def expect_in_any_order(self, *facts: Hashable) -> Sequence[Fact]:
        """Fail unless exactly these were published since the last comparison; return them as they came."""
        published = await self._unseen()
        assert sorted(self._said(published), key=repr) == sorted(facts, key=repr)
        return self._take(published)

    async def pass_over(self, *names: object) -> None:
        """Set the scene: fail unless all that was published since the last comparison is one of these.

        How often and in which order does not matter; without a name everything may have been published,
        for a test whose subject is something else.
        """
        published = await self._unseen()
        strange = [said for said in self._said(published) if names and said not in names]
        assert strange == []
        self._take(published)

    async def unnamed(self) -> list[Any]:
        """Return what was published since the last comparison, in words."""
        return self._said(await self._unseen())

    async def __aenter__(self) -> "ExactFacts[Fact]":
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, failure: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Fail on whatever nobody named, unless the test has failed already."""
        if failure is None:
            assert await self.unnamed() == [], "published, and named by nobody"

    async def _unseen(self) -> Sequence[Fact]:
        facts = self._read()
        facts = await facts if isawaitable(facts) else facts
        assert len(facts) >= self._seen, "facts that were committed are gone"
        return facts[self._seen :]

    def _said(self, facts: Sequence[Fact]) -> list[Any]:
        return [self._in_words(fact) for fact in facts]

    def _take(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        self._seen += len(facts)
        return list(facts)
