"""What an API key needs for each operation of the API: what is not listed, no key may do."""

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import Request

from gateway.domain.api_key import KeyGrant, Scope
from gateway.domain.errors import Forbidden

_READS = frozenset({Scope.GENERATIONS_READ})
_WRITES = frozenset({Scope.GENERATIONS_WRITE})
_BILLING = frozenset({Scope.BILLING_READ})
_READS_WEBHOOKS = frozenset({Scope.WEBHOOKS_READ})
_WRITES_WEBHOOKS = frozenset({Scope.WEBHOOKS_WRITE})

# Spending credits is all that keys do with money: buying, plans, profiles and keys are for people.
SCOPES: Mapping[str, frozenset[Scope]] = MappingProxyType(
    {
        "read_me": frozenset({Scope.ACCOUNT_READ}),
        "read_avatar": frozenset({Scope.ACCOUNT_READ}),
        "read_balance": _BILLING,
        "list_entries": _BILLING,
        "read_statement": _BILLING,
        "list_purchases": _BILLING,
        "list_invoices": _BILLING,
        "read_subscription": _BILLING,
        "list_models": _READS,
        "read_model": _READS,
        "create_quote": _READS,
        "create_generation": _WRITES,
        "cancel_generation": _WRITES,
        "delete_generation": _WRITES,
        "list_generations": _READS,
        "read_generation": _READS,
        "explain_generation": _READS | _BILLING,
        "mark_favourite": _WRITES,
        "unmark_favourite": _WRITES,
        "list_usage": _READS,
        "follow_events": _READS | _BILLING,
        "create_share": _WRITES,
        "list_shares": _READS,
        "withdraw_share": _WRITES,
        "list_collections": _READS,
        "create_collection": _WRITES,
        "read_collection": _READS,
        "rename_collection": _WRITES,
        "delete_collection": _WRITES,
        "add_generations": _WRITES,
        "remove_generations": _WRITES,
        "add_generation": _WRITES,
        "remove_generation": _WRITES,
        "create_upload": _WRITES,
        "await_upload": _WRITES,
        "complete_upload": _WRITES,
        "list_uploads": _READS,
        "read_upload": _READS,
        "delete_upload": _WRITES,
        "list_webhook_endpoints": _READS_WEBHOOKS,
        "create_webhook_endpoint": _WRITES_WEBHOOKS,
        "read_webhook_endpoint": _READS_WEBHOOKS,
        "change_webhook_endpoint": _WRITES_WEBHOOKS,
        "delete_webhook_endpoint": _WRITES_WEBHOOKS,
        "test_webhook_endpoint": _WRITES_WEBHOOKS,
        "rotate_webhook_secret": _WRITES_WEBHOOKS,
        # Whoever knows the secret can write what looks like ours: that is more than reading.
        "read_signing_secret": _WRITES_WEBHOOKS,
        "rotate_signing_secret": _WRITES_WEBHOOKS,
        "list_webhook_deliveries": _READS_WEBHOOKS,
        "redeliver_webhook": _WRITES_WEBHOOKS,
        "list_request_deliveries": _READS_WEBHOOKS,
        "redeliver_request_webhook": _WRITES_WEBHOOKS,
        # What speaks OpenAI lists the models and then runs one: a key for running is enough for both.
        "list_openai_models": _WRITES,
        "read_openai_model": _WRITES,
        "read_openai_alias": _WRITES,
        "create_openai_chat": _WRITES,
        "create_openai_response": _WRITES,
        "create_openai_image": _WRITES,
        "edit_openai_image": _WRITES,
        "create_openai_speech": _WRITES,
    }
)


def require_scopes(request: Request, key: KeyGrant) -> None:
    """Raise Forbidden unless the key allows what the request asks for."""
    needed = SCOPES.get(getattr(request.scope.get("route"), "name", ""))
    if needed is None:
        raise Forbidden("This is for people: no API key may do it.", reason="KEYS_NOT_ADMITTED")
    key.require_scopes(needed)
