"""What a service refuses, the public description knows: a new reason is documented when it is made."""

from types import ModuleType

import billing.domain.errors
import generation.domain.errors
import identity.domain.errors
import identity.domain.sign_in_errors
import pytest
from gateway.adapters.inbound.rest.answers.reasons import DETAILS

# What no caller of the API can be told: it is met while facts of the payment processor are worked off, or
# on a page for people, or in a command of an operator, or the gateway asks without previews then.
INSIDE = {"PURCHASE_NOT_KNOWN_YET", "SHARE_ENDED", "INVITATION_NOT_SENT", "PREVIEWS_NOT_OFFERED"}


@pytest.mark.parametrize(
    ("errors", "base"),
    [
        (billing.domain.errors, billing.domain.errors.BillingError),
        (generation.domain.errors, generation.domain.errors.GenerationError),
        (identity.domain.errors, identity.domain.errors.IdentityError),
        (identity.domain.sign_in_errors, identity.domain.errors.IdentityError),
    ],
    ids=lambda given: given.__name__,
)
def test_every_reason_has_its_words(errors: ModuleType, base: type[Exception]) -> None:
    """Each class of the service's errors has a reason that the gateway describes."""
    refusals = [
        refusal
        for refusal in vars(errors).values()
        if isinstance(refusal, type) and issubclass(refusal, base) and refusal is not base
    ]
    assert len(refusals) > 5
    reasons = {getattr(refusal, "reason", "") for refusal in refusals}
    assert reasons - INSIDE <= set(DETAILS)
