"""What models cost, in the person's language, and for how many units."""

import pytest
from gateway.adapters.inbound.console.templates import environments
from gateway.adapters.outbound import generation_messages
from gateway.domain.generation import Pricing
from gateway_world import HTML, Door, enter
from tintype.generation.v1 import generation_pb2 as pb

IMAGE, SECOND = (
    Pricing(unit=unit, credits_per_unit=5, summary="as it was set") for unit in ("image", "second")
)
TOKEN = Pricing(unit="token", credits_per_unit=1, per_units=1_000, summary="as it was set")


@pytest.mark.parametrize(
    ("pricing", "english", "spanish"),
    [
        (IMAGE, "5 credits an image", "5 créditos por imagen"),
        (SECOND, "5 credits a second", "5 créditos por segundo"),
        (TOKEN, "1 credit per 1,000 tokens", "1 crédito por cada 1.000 tokens"),
        (Pricing(unit="page", credits_per_unit=2, summary="2 a page"), "2 a page", "2 a page"),
        (Pricing(unit="image", credits_per_unit=2, per_units=3, summary="2 for 3"), "2 for 3", "2 for 3"),
    ],
)
def test_a_price_is_said_in_words(pricing: Pricing, english: str, spanish: str) -> None:
    """Of units and counts that pages know; of others, by whoever set it."""
    for code, said in (("en", english), ("es", spanish)):
        macro = environments[code].get_template("components/price.html").module.price_words  # type: ignore[attr-defined]
        assert str(macro(pricing)).strip() == said


@pytest.mark.parametrize("path", ["/", "/pricing", "/generate"])
async def test_pages_say_prices_in_the_persons_language(door: Door, path: str) -> None:
    """Where models are listed and where one is chosen."""
    if path == "/generate":
        await enter(door)
    page = (await door.http.get(path, headers=HTML | {"Accept-Language": "es"})).text
    # The breakdown of a price is the service's own, in English.
    listed = page.partition('id="quote"')[0]
    assert "5 créditos por imagen" in listed
    assert "credits an image" not in listed


@pytest.mark.parametrize(("sent", "read"), [(0, 1), (1, 1), (1_000, 1_000)])
def test_a_release_that_says_no_count_sells_single_units(sent: int, read: int) -> None:
    """Credits buy one unit, as they did before there was a count."""
    model = pb.Model(
        model_id="a/b", modality=pb.MODALITY_TEXT, pricing=pb.Pricing(unit="token", per_units=sent)
    )
    assert generation_messages.model(model).pricing.per_units == read


async def test_fields_have_names_in_the_persons_language(door: Door) -> None:
    """In the form and where it is said what was asked for; a field that nobody translated keeps its name."""
    csrf = await enter(door)
    door.world.ledger.grant(next(iter(door.world.identity.users)), 100)
    spanish = HTML | {"Accept-Language": "es"}
    form = (await door.http.get("/generate", headers=spanish)).text
    assert '<label class="label" for="prompt">Descripción</label>' in form
    assert ">Output count</legend>" in form
    made = {"model": "local/sketch", "prompt": "a heron", "csrf_token": csrf, "seed": "7"}
    await door.http.post("/generate", data=made, headers=HTML)
    (job,) = door.world.generations.jobs
    assert "<dt>Semilla</dt>" in (await door.http.get(f"/library/{job}", headers=spanish)).text
    assert "<dt>Seed</dt>" in (await door.http.get(f"/library/{job}", headers=HTML)).text
