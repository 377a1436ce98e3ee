"""Errors over gRPC: google.rpc details written by servers and read by clients."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status


def status_of(failure: Exception, *, code: grpc.StatusCode, domain: str) -> Any:
    """Return a status with ErrorInfo, and BadRequest or RetryInfo where the error has what they need.

    Reads `reason`, `details` (a mapping of strings), `field` or `violations` (pairs of field and text)
    and `retry_after_s` from the error, all but the first optional.
    """
    reason = getattr(failure, "reason", type(failure).__name__)
    metadata = {key: str(value) for key, value in (getattr(failure, "details", None) or {}).items()}
    details: list[Any] = [error_details_pb2.ErrorInfo(reason=reason, domain=domain, metadata=metadata)]
    violations = list(getattr(failure, "violations", None) or ())
    if not violations and getattr(failure, "field", None):
        violations = [(failure.field, str(failure))]  # type: ignore[attr-defined]
    if violations:
        bad_request = error_details_pb2.BadRequest()
        for name, text in violations:
            bad_request.field_violations.add(field=name, description=text)
        details.append(bad_request)
    if (retry_after_s := getattr(failure, "retry_after_s", None)) is not None:
        delay = Duration()
        delay.FromMilliseconds(int(retry_after_s * 1000))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    packed = []
    for detail in details:
        wrapped = AnyMessage()
        wrapped.Pack(detail)
        packed.append(wrapped)
    message = str(failure) or reason
    rich = status_pb2.Status(code=code_pb2.Code.Value(code.name), message=message, details=packed)
    return rpc_status.to_status(rich)


# Not frozen: context managers write an exception's traceback.
@dataclass(unsafe_hash=True)
class RemoteError(Exception):
    """What another service answered instead of a result."""

    status: grpc.StatusCode
    reason: str
    detail: str
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    # Pairs of field name and what is wrong with it.
    field_violations: tuple[tuple[str, str], ...] = ()
    retry_after_s: float | None = None

    def __str__(self) -> str:
        return f"{self.reason or self.status.name}: {self.detail}"


def remote_error(error: grpc.aio.AioRpcError) -> RemoteError:
    """Decode a failed call; an answer without details has an empty reason."""
    reason, metadata = "", {}
    violations: tuple[tuple[str, str], ...] = ()
    retry_after_s = None
    rich = rpc_status.from_call(error)  # type: ignore[arg-type]
    for detail in rich.details if rich else ():
        info, bad, retry = (
            error_details_pb2.ErrorInfo(),
            error_details_pb2.BadRequest(),
            error_details_pb2.RetryInfo(),
        )
        if detail.Unpack(info):
            reason, metadata = info.reason, dict(info.metadata)
        elif detail.Unpack(bad):
            violations = tuple((one.field, one.description) for one in bad.field_violations)
        elif detail.Unpack(retry):
            retry_after_s = retry.retry_delay.ToMilliseconds() / 1000
    return RemoteError(error.code(), reason, error.details() or "", metadata, violations, retry_after_s)
