"""Whose fault it is that a fact was not published: every error that the client and JetStream know."""

import inspect

import nats.errors
import nats.js.errors
import pytest
from chassis.publisher import blame
from chassis.relay import BrokerAway, Unpublishable
from nats.js.errors import APIError

# The fact is to blame: it can't be sent as it is.
STAYS = {"BadHeaderError", "BadSubjectError", "MaxPayloadError"}
# Anything would have failed at that moment.
PASSES = {
    "AuthorizationError",
    "ConnectionClosedError",
    "ConnectionDrainingError",
    "ConnectionReconnectingError",
    "DrainTimeoutError",
    "Error",
    "FlushTimeoutError",
    "InvalidUserCredentialsError",
    "JsonParseError",
    "NoRespondersError",
    "NoServersError",
    "NoStreamResponseError",
    "OutboundBufferLimitError",
    "ProtocolError",
    "SecureConnFailedError",
    "SecureConnRequiredError",
    "SecureConnWantedError",
    "ServerNotInPoolError",
    "StaleConnectionError",
    "TimeoutError",
    "TooManyStalledMsgsError",
    "UnexpectedEOF",
}
# JetStream's answers, which are told apart by their codes below.
BY_CODE = {"APIError", "BadRequestError", "NotFoundError", "ServerError", "ServiceUnavailableError"}
# Of subscriptions, consumers, key-value and object stores: nothing of that is done when publishing.
NOT_OF_PUBLISHING = {
    "BadBucketError",
    "BadObjectMetaError",
    "BadSubscriptionError",
    "BadTimeoutError",
    "BucketNotFoundError",
    "ConsumerInvalidResetError",
    "ConsumerSequenceMismatchError",
    "DigestMismatchError",
    "FetchTimeoutError",
    "InvalidBucketNameError",
    "InvalidCallbackTypeError",
    "InvalidKeyError",
    "InvalidObjectNameError",
    "KeyDeletedError",
    "KeyHistoryTooLargeError",
    "KeyNotFoundError",
    "KeyValueError",
    "KeyValueLimitMarkerTTLNotSupportedError",
    "KeyWrongLastSequenceError",
    "LinkIsABucketError",
    "MsgAlreadyAckdError",
    "NoKeysError",
    "NotJSMessageError",
    "ObjectAlreadyExists",
    "ObjectDeletedError",
    "ObjectNotFoundError",
    "SlowConsumerError",
}
# What JetStream answers to a message (nats-server, server/errors.json): status, code, and whether it passes.
ANSWERS = {
    "account's resources are used up": (400, 10002, True),
    "JetStream is temporarily unavailable": (503, 10008, True),
    "server is not the leader": (500, 10009, True),
    "insufficient resources": (503, 10023, True),
    "insufficient memory": (500, 10028, True),
    "JetStream is not enabled for the account": (503, 10039, True),
    "raft": (500, 10041, True),
    "insufficient storage": (500, 10047, True),
    "general stream error": (500, 10051, True),
    "message is too large": (400, 10054, False),
    "stream not found": (404, 10059, True),
    "another stream was expected": (400, 10060, False),
    "JetStream is not enabled": (503, 10076, True),
    "stream is full": (503, 10077, True),
    "stream is not valid": (500, 10096, True),
    "headers are too large": (400, 10097, False),
    "stream is sealed": (400, 10109, True),
    "stream is offline": (500, 10118, True),
    "the same message is being stored": (409, 10158, True),
    "invalid time to live": (400, 10165, False),
    "time to live is disabled": (400, 10166, False),
    "too many requests": (429, 10167, True),
    "atomic batches are disabled": (400, 10174, False),
    "batch without a sequence": (400, 10175, False),
    "incomplete batch": (400, 10176, False),
    "a header that batches don't take": (400, 10177, False),
    "invalid batch id": (400, 10179, False),
    "newer API level wanted": (412, 10185, True),
    "stream is offline for a reason": (500, 10194, True),
    "batch is too large": (400, 10199, False),
    "invalid commit of a batch": (400, 10200, False),
    "batch with a message that was stored before": (400, 10201, False),
    "too many batches at once": (429, 10210, True),
}


def error_classes() -> dict[str, type[Exception]]:
    """Every error class of the client, by its name."""
    return {
        name: found
        for module in (nats.js.errors, nats.errors)
        for name, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, nats.errors.Error) and found.__module__ == module.__name__
    }


def test_every_error_of_the_client_has_its_place() -> None:
    """A new version of the client with a new error fails here, until somebody says whose fault it is."""
    assert set(error_classes()) == STAYS | PASSES | BY_CODE | NOT_OF_PUBLISHING
    assert len(STAYS) + len(PASSES) + len(BY_CODE) + len(NOT_OF_PUBLISHING) == len(error_classes())


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", sorted(STAYS | PASSES))
def test_errors_are_told_apart_by_their_class(name: str) -> None:
    """The fact's own stay with it; the others stop the relay until the broker is back."""
    failure = error_classes()[name]()
    assert type(blame(failure)) is (Unpublishable if name in STAYS else BrokerAway)


@pytest.mark.exhaustive
@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_are_told_apart_by_their_code(answer: str) -> None:
    """A "bad request" is the fact's fault, save for those that are about the stream."""
    status, code, passes = ANSWERS[answer]
    with pytest.raises(APIError) as caught:
        APIError.from_error({"code": status, "err_code": code, "description": answer})
    assert type(blame(caught.value)) is (BrokerAway if passes else Unpublishable)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (ConnectionResetError(), BrokerAway),
        (BrokenPipeError(), BrokerAway),
        (TimeoutError(), BrokerAway),
        (UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "surrogates not allowed"), Unpublishable),
        (ValueError("a bug in how one fact is written"), Unpublishable),
        (TypeError("the same"), Unpublishable),
    ],
    ids=repr,
)
def test_errors_of_others_are_told_apart_too(failure: Exception, kind: type[Exception]) -> None:
    """What the network raises passes; what the writing of one fact raises is the fact's."""
    assert type(blame(failure)) is kind
