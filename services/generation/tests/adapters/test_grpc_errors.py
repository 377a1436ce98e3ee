"""Every refusal has a status, and every method a caller."""

from generation.adapters.inbound.grpc import ALLOWED, ERRORS
from generation.domain import errors
from tintype.generation.v1 import generation_pb2 as pb


def test_every_error_class_is_in_the_table() -> None:
    """A new class without a status would reach the caller as INTERNAL."""
    known = {
        found
        for found in vars(errors).values()
        if isinstance(found, type)
        and issubclass(found, errors.GenerationError)
        and found is not errors.GenerationError
    }
    assert known == set(ERRORS)
    assert len({error.reason for error in known}) == len(known)


def test_every_method_has_its_callers() -> None:
    """A method that nobody may call is a mistake; one that anybody may call is a worse one."""
    service = pb.DESCRIPTOR.services_by_name["GenerationService"]
    assert set(ALLOWED) == {f"/{service.full_name}/{method.name}" for method in service.methods}
    assert all(ALLOWED.values())
