"""What a page says in passing: who hears it, and what can be taken back."""

import re

import pytest
from gateway.adapters.inbound.console.templates import environment
from gateway_world import HTML, Door, enter

TOAST = '{% from "components/toast.html" import take_back, toast %}'


def said(source: str) -> str:
    """A toast, as a page has it."""
    return environment.from_string(TOAST + source).render(session={"csrf_token": "of-ada"})


def test_an_error_is_said_at_once_and_the_rest_in_turn() -> None:
    """A reader is interrupted by an error alone; both can be put away."""
    done, failed = said('{{ toast("Saved.") }}'), said('{{ toast("No.", is_error=True) }}')
    assert 'role="status"' in done
    assert 'role="alert"' in failed
    for note in (done, failed):
        assert note.count("data-put-away") == 1
        assert "<form" not in note


def test_what_was_done_can_be_taken_back_by_a_form() -> None:
    """It carries the session's token and whatever the page adds: it works without a script."""
    note = said(
        '{% call toast("Deleted.") %}{% call take_back("/library/restore", session) %}'
        '<input type="hidden" name="generation" value="gen_1">{% endcall %}{% endcall %}'
    )
    (form,) = re.findall(r'<form method="post" action="/library/restore">(.*?)</form>', note)
    assert 'name="csrf_token" value="of-ada"' in form
    assert 'name="generation" value="gen_1"' in form
    assert "Undo</button>" in form


def test_words_are_never_markup() -> None:
    """What a person wrote is shown as it is."""
    assert "<b>" not in said('{{ toast("<b>free</b>") }}')


@pytest.mark.parametrize("note", ["saved", "<b>free</b>", ""])
async def test_a_page_says_what_it_knows_only(door: Door, note: str) -> None:
    """A note is a word of ours in the address; any other says nothing."""
    await enter(door)
    page = (await door.http.get("/account", params={"note": note}, headers=HTML)).text
    (notes,) = re.findall(r'<div class="notes" id="notes">(.*?)</div>\n<template', page, re.DOTALL)
    assert ("Saved." in notes) is (note == "saved")
    assert "<b>" not in notes
