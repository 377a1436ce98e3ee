"""Bounds of what callers send."""

import pytest
from identity.adapters.inbound import fields
from identity.domain.errors import WrongCode
from identity.domain.sign_in_errors import SignInStateInvalid


def test_codes_of_people_and_of_providers_have_their_own_bounds() -> None:
    """What a person types is short; what a provider sends may be long."""
    assert fields.one_time_code(f" {'1' * 64} ") == "1" * 64
    for typed in ("", " ", "1" * 65):
        with pytest.raises(WrongCode):
            fields.one_time_code(typed)
    assert fields.answer_code("c" * 4_096)
    with pytest.raises(SignInStateInvalid):
        fields.answer_code("c" * 4_097)
