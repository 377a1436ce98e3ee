"""Which passwords are taken."""

import pytest
from identity.domain.errors import WeakPassword
from identity.domain.known_passwords import KNOWN_PASSWORDS
from identity.domain.password import PASSWORD_LENGTH_MIN, checked_password
from identity.domain.user import EmailAddress

EMAIL = EmailAddress("Ada.Lovelace@example.com")


@pytest.mark.parametrize(
    "password", ["ten chars!", "x1" * 64, "alllowercaseisfine", "пароль-из-слов", "with spaces in it"]
)
def test_length_is_enough(password: str) -> None:
    """From 10 to 128 characters of any kind are taken; nothing asks for digits or capitals."""
    assert checked_password(password, email=EMAIL) == password


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("nine char", "TOO_SHORT"),
        ("", "TOO_SHORT"),
        ("xy" * 64 + "z", "TOO_LONG"),
        ("Password123", "TOO_COMMON"),
        ("QWERTYUIOP", "TOO_COMMON"),
        ("kkkkkkkkkkkk", "TOO_COMMON"),
        ("ada.lovelace@EXAMPLE.com", "IS_EMAIL"),
        ("ADA.LOVELACE", "IS_EMAIL"),
    ],
)
def test_the_broken_rule_is_named(password: str, rule: str) -> None:
    """A refusal says which rule was broken, and in which field."""
    with pytest.raises(WeakPassword) as refused:
        checked_password(password, email=EMAIL, field="new_password")
    assert refused.value.details == {"rule": rule, "field": "new_password"}
    assert password == "" or password not in str(refused.value)


def test_composed_and_decomposed_letters_are_one_password() -> None:
    """The same letters typed on another keyboard are the same password."""
    decomposed, composed = "cafe\u0301 au lait", "caf\u00e9 au lait"
    assert checked_password(decomposed, email=EMAIL) == checked_password(composed, email=EMAIL)


def test_the_list_holds_only_what_length_lets_through() -> None:
    """No entry is dead weight: each is long enough and written as it is compared."""
    assert all(len(known) >= PASSWORD_LENGTH_MIN and known == known.casefold() for known in KNOWN_PASSWORDS)
