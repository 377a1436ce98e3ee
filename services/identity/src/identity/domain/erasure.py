"""The end of an account: who has to forget what, and what stands where an id stood."""

from identity.domain.identifiers import UserId

OURS = "identity"
"""The part that this service erases itself."""

PARTS = (OURS, "billing", "generation")
"""Those that tell when they have erased what they kept."""

NOBODY = UserId("erased")
"""Stands where a row has to stay and named an account."""
