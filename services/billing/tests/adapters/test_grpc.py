"""BillingService's tables: every error has a status, every method its callers."""

import inspect

from billing.adapters.inbound.grpc import ALLOWED, ERRORS
from billing.domain import errors
from tintype.billing.v1 import billing_pb2 as pb


def test_every_domain_error_has_a_status() -> None:
    """A refusal is never answered as our bug."""
    classes = [one for _, one in inspect.getmembers(errors, inspect.isclass)]
    unmapped = [one for one in classes if one.__module__ == errors.__name__ and one not in ERRORS]
    assert unmapped == [errors.BillingError]


def test_every_method_names_its_callers() -> None:
    """A method that is not listed is closed; none is forgotten."""
    methods = {method.name for method in pb.DESCRIPTOR.services_by_name["BillingService"].methods}
    assert {name.rpartition("/")[2] for name in ALLOWED} == methods
