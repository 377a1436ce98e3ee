"""A provider's own request, made of a model's input."""

from typing import Any

import pytest
from generation.domain.identifiers import MediaId
from generation.domain.request_template import BadRequestTemplate, RequestTemplate, UnmappedValue

FIELDS: dict[str, dict[str, Any]] = {
    "prompt": {"type": "string"},
    "count": {"type": "integer", "minimum": 1, "maximum": 4},
    "ratio": {"type": "string", "enum": ["1:1", "16:9"]},
    "seconds": {"type": "string", "enum": ["5", "10"]},
    "steps": {"type": "integer", "enum": [4, 8]},
    "strength": {"type": "number"},
    "audio": {"type": "boolean"},
    "pictures": {"type": "array"},
    "image": {"type": "string", "x-media": "image"},
    "images": {"type": "array", "x-media": "image"},
}


def template(**table: Any) -> RequestTemplate:
    """A template of which every other field is unused."""
    said = str(table)
    unused = {name for name in FIELDS if f"{{{name}}}" not in said and f"'from': '{name}'" not in said}
    return RequestTemplate.checked(table, FIELDS, unused=frozenset(unused))


@pytest.mark.parametrize(
    ("job", "sent"),
    [
        ({"prompt": "fox", "count": 2}, {"input": {"text": "fox", "n": 2, "fast": True, "tags": [1, "a"]}}),
        ({"prompt": "{count}"}, {"input": {"text": "{count}", "fast": True, "tags": [1, "a"]}}),
        ({}, {"input": {"fast": True, "tags": [1, "a"]}}),
        ({"count": None}, {"input": {"fast": True, "tags": [1, "a"]}}),
        ({"count": 0, "prompt": ""}, {"input": {"text": "", "n": 0, "fast": True, "tags": [1, "a"]}}),
    ],
)
def test_fields_are_put_in_their_places(job: dict[str, Any], sent: dict[str, Any]) -> None:
    """With their types, and only what was given; what a user wrote is never read as a template."""
    made = template(input={"text": "{prompt}", "n": "{count}", "fast": True, "tags": [1, "a"]})
    assert made.filled(job) == sent


def test_a_list_keeps_what_was_given() -> None:
    """And is left out when nothing is left in it; one that was empty from the start stays."""
    made = template(files=["{prompt}", "{ratio}"], none=[], nested={"inner": ["{count}"]})
    assert made.filled({"ratio": "1:1"}) == {"files": ["1:1"], "none": [], "nested": {}}
    assert made.filled({"prompt": "a", "ratio": "1:1", "count": 1}) == {
        "files": ["a", "1:1"],
        "none": [],
        "nested": {"inner": [1]},
    }


def test_filling_in_changes_neither_the_template_nor_the_input() -> None:
    """What one job is sent with is not seen by the next."""
    words = {"from": "ratio", "map": {"1:1": {"width": 1}, "16:9": {"width": 2}}}
    made = template(a={"b": ["{prompt}"]}, c={"d": 1}, e=words)
    job = {"prompt": "fox", "ratio": "1:1"}
    first = made.filled(job)
    first["a"]["b"].append("more")
    first["c"]["d"] = first["e"]["width"] = 9
    assert made.filled(job) == {"a": {"b": ["fox"]}, "c": {"d": 1}, "e": {"width": 1}}
    assert job == {"prompt": "fox", "ratio": "1:1"}


def test_words_are_translated() -> None:
    """To anything; a truth by JSON's words, and a number by how it is written."""
    made = template(
        size={"from": "ratio", "map": {"1:1": "1024x1024", "16:9": {"width": 1344, "height": 768}}},
        voice={"from": "audio", "map": {"true": "on", "false": "off"}},
        pace={"from": "steps", "map": {"4": "fast", "8": "good"}},
    )
    assert made.filled({"ratio": "1:1", "audio": True}) == {"size": "1024x1024", "voice": "on"}
    wide = {"width": 1344, "height": 768}
    assert made.filled({"ratio": "16:9", "audio": False, "steps": 8}) == {
        "size": wide,
        "voice": "off",
        "pace": "good",
    }
    with pytest.raises(UnmappedValue, match="ratio"):
        made.filled({"ratio": "4:3"})


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("field", "kind", "value", "sent"),
    [
        ("count", "string", 5, "5"),
        ("count", "string", 5.0, "5"),
        ("strength", "string", 0.5, "0.5"),
        ("count", "number", 5, 5.0),
        ("count", "integer", 5.0, 5),
        ("seconds", "integer", "10", 10),
        ("seconds", "number", "10", 10.0),
        ("prompt", "string", "a", "a"),
    ],
)
def test_types_are_converted(field: str, kind: str, value: object, sent: object) -> None:
    """To what the provider wants to read."""
    got = template(x={"from": field, "as": kind}).filled({field: value})["x"]
    assert (got, type(got)) == (sent, type(sent))


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"a": {"b": ["{promt}"]}}, r"a\.b\[0\] reads 'promt'"),
        ({"a": {"from": "promt"}}, "a reads 'promt'"),
        ({"a": {"from": 7}}, "a reads 7"),
        ({"a": {"from": "ratio", "mapp": {}}}, "a says 'mapp'"),
        ({"a": {"from": "ratio", "map": {"1:1": 1}}}, "a has no word for the ratio '16:9'"),
        ({"a": {"from": "ratio", "map": {"1:1": 1, "16:9": 2, "4:3": 3}}}, "'4:3', which is no ratio"),
        ({"a": {"from": "audio", "map": {"true": 1}}}, "no word for the audio 'false'"),
        ({"a": {"from": "prompt", "map": {"x": 1}}}, "a maps prompt"),
        ({"a": {"from": "ratio", "map": "wide"}}, "a maps ratio"),
        ({"a": {"from": "steps", "as": "text"}}, "a converts to 'text'; there are string, integer, number"),
        ({"a": {"from": "steps", "as": ["string"]}}, "a converts to"),
        ({"a": {"from": "prompt", "as": "integer"}}, "every prompt to integer"),
        ({"a": {"from": "ratio", "as": "number"}}, "every ratio to number"),
        ({"a": {"from": "strength", "as": "integer"}}, "a can't convert strength"),
        ({"a": {"from": "pictures", "as": "string"}}, "a can't convert pictures"),
        ({"a": {"from": "steps", "as": "string", "map": {"4": 1, "8": 2}}}, "both"),
    ],
)
def test_a_template_that_does_not_fit_says_where(table: dict[str, Any], said: str) -> None:
    """Before any job is asked for."""
    with pytest.raises(BadRequestTemplate, match=said):
        template(**table)


def test_no_field_is_dropped_in_silence() -> None:
    """A form that asks for what is never sent would be a lie."""
    fields = {"prompt": {"type": "string"}, "seed": {"type": "integer"}}
    with pytest.raises(BadRequestTemplate, match="seed is never sent"):
        RequestTemplate.checked({"text": "{prompt}"}, fields, unused=frozenset())
    assert RequestTemplate.checked({"text": "{prompt}"}, fields, unused=frozenset({"seed"}))
    with pytest.raises(BadRequestTemplate, match="prompt is named as unused and is sent"):
        RequestTemplate.checked({"text": "{prompt}"}, fields, unused=frozenset({"seed", "prompt"}))
    with pytest.raises(BadRequestTemplate, match="sead is named as unused and is no field"):
        RequestTemplate.checked({"text": "{prompt}"}, fields, unused=frozenset({"sead"}))


def test_a_template_has_a_bottom() -> None:
    """One that is nested deeper than anything that is asked for is refused."""
    deep: Any = "{prompt}"
    for _ in range(30):
        deep = {"in": [deep]}
    with pytest.raises(BadRequestTemplate, match="nested deeper"):
        template(a=deep)


ADDRESSES = {MediaId("upl_1"): "https://a", MediaId("out_2"): "https://b"}


def test_media_are_sent_by_their_addresses() -> None:
    """One or several, in order; what was not given is left out, and other texts stay."""
    made = template(input={"url": "{image}", "urls": "{images}", "text": "{prompt}"})
    job = {"image": "upl_1", "images": ["out_2", "upl_1"], "prompt": "upl_1"}
    sent = {"url": "https://a", "urls": ["https://b", "https://a"], "text": "upl_1"}
    assert made.filled(job, ADDRESSES) == {"input": sent}
    assert made.filled({"prompt": "x"}, ADDRESSES) == {"input": {"text": "x"}}


def test_media_are_sent_by_their_ids_where_an_adapter_wants_them() -> None:
    """It takes the bytes from the run by them."""
    made = template(node={"from": "image", "as": "media_id"}, nodes={"from": "images", "as": "media_id"})
    job = {"image": "upl_1", "images": ["out_2"]}
    assert made.filled(job, ADDRESSES) == {"node": "upl_1", "nodes": ["out_2"]}


def test_media_without_a_file_are_not_sent() -> None:
    """Never an id in place of an address."""
    for job in ({"image": "upl_9"}, {"images": ["upl_1", "upl_9"]}):
        with pytest.raises(UnmappedValue):
            template(image="{image}", images="{images}").filled(job, ADDRESSES)


@pytest.mark.parametrize("said", [{"as": "string"}, {"map": {"a": 1}}, {"as": "media_id", "map": {}}])
def test_media_are_neither_mapped_nor_converted(said: dict[str, Any]) -> None:
    """Nothing is known of them when the catalogue is read."""
    with pytest.raises(BadRequestTemplate):
        template(image={"from": "image", **said})
