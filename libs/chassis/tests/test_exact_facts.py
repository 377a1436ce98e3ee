"""The check that a test's world fails on one fact too many and on one too few."""

import pytest
from chassis.testing.facts import ExactFacts


async def test_exactly_what_was_published_passes() -> None:
    """In its order; what was compared once is not compared again."""
    published: list[str] = []
    async with ExactFacts(lambda: published) as facts:
        published += ["opened", "granted"]
        assert await facts.expect("opened", "granted") == ["opened", "granted"]
        await facts.expect()
        published.append("charged")
        await facts.expect("charged")


@pytest.mark.parametrize(
    "expected",
    [(), ("opened",), ("granted", "opened"), ("opened", "granted", "granted"), ("opened", "charged")],
)
async def test_anything_else_fails(expected: tuple[str, ...]) -> None:
    """One too few, one too many, another, or another order."""
    facts = ExactFacts(lambda: ["opened", "granted"])
    with pytest.raises(AssertionError):
        await facts.expect(*expected)
    assert await facts.unnamed() == ["opened", "granted"]


async def test_what_nobody_named_fails_at_the_end() -> None:
    """So that a test in which nothing should be published says so by saying nothing."""
    with pytest.raises(AssertionError):
        async with ExactFacts(lambda: ["opened"]):
            pass


async def test_a_test_that_failed_says_why_itself() -> None:
    """Facts that it came not to name are no second failure."""
    with pytest.raises(ZeroDivisionError):
        async with ExactFacts(lambda: ["opened"]):
            raise ZeroDivisionError


async def test_facts_are_compared_in_the_words_of_the_world() -> None:
    """And returned as they are, also from an outbox that has to be asked."""

    async def read() -> list[int]:
        return [1, 22]

    async with ExactFacts(read, in_words=lambda fact: f"{fact} credits") as facts:
        assert await facts.expect("1 credits", "22 credits") == [1, 22]


async def test_the_order_may_be_left_open() -> None:
    """The number may not."""
    facts = ExactFacts(lambda: ["a", "b", "a"])
    for expected in (("a", "b"), ("a", "b", "b"), ("a", "a", "b", "b")):
        with pytest.raises(AssertionError):
            await facts.expect_in_any_order(*expected)
    await facts.expect_in_any_order("a", "a", "b")
    await facts.expect()


async def test_a_scene_is_passed_over_by_what_may_be_in_it() -> None:
    """Something strange in it is not; what comes afterwards is compared."""
    published = ["opened", "granted", "granted"]
    async with ExactFacts(lambda: published) as facts:
        with pytest.raises(AssertionError):
            await facts.pass_over("granted")
        await facts.pass_over("granted", "opened")
        published.append("charged")
        await facts.expect("charged")


async def test_a_fact_that_was_committed_can_not_go_away() -> None:
    """A store that forgets is no store: the comparison would have missed it."""
    published = ["opened"]
    facts = ExactFacts(lambda: published)
    await facts.expect("opened")
    published.clear()
    with pytest.raises(AssertionError, match="are gone"):
        await facts.expect()
