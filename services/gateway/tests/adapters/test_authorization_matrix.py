"""Every call of the API, and everybody who may try: one table, in which no call is left out."""

from dataclasses import replace
from enum import Enum, auto
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from gateway.adapters.inbound.key_scopes import SCOPES
from gateway.adapters.inbound.rest.routers import api_routes
from gateway.domain.api_key import Scope
from gateway.domain.generation import GenerationStatus
from gateway.domain.identifiers import UserId
from gateway.domain.user import Role
from gateway_world import PASSWORD, SKETCH, Door, description
from key_ring import KeyRing

# Every call by everybody, for seconds.
pytestmark = pytest.mark.real_time


class Who(Enum):
    """Whom a call is for."""

    ANYBODY = auto()
    OWNER = auto()
    """Whoever is signed in, for what is theirs."""
    STAFF = auto()
    """Support and administrators."""
    ADMIN = auto()


# What is for people or their keys stands in key_scopes.py already: a call that a key may make is its owner's.
FOR: dict[str, Who] = {
    **dict.fromkeys(
        (
            "sign_up", "log_in", "refresh_session", "log_out", "request_password_reset", "reset_password",
            "verify_email", "change_email", "keep_email", "list_models", "read_model", "list_packs",
            "list_plans", "receive_stripe", "receive_of_provider", "openapi", "docs", "style", "script",
            "healthz", "readyz", "complete_log_in", "start_oauth", "finish_oauth", "read_options",
            "ask_for_passkey", "sign_in_with_passkey", "read_output",
        ),
        Who.ANYBODY,
    ),
    **dict.fromkeys(SCOPES.keys() - {"list_models", "read_model"}, Who.OWNER),
    **dict.fromkeys(
        (
            "resend_verification", "step_up", "change_me", "delete_me", "keep_me", "ask_for_email_change",
            "set_avatar", "remove_avatar",
            "read_second_factor", "begin_second_factor", "confirm_second_factor", "remove_second_factor",
            "list_sessions", "end_session", "end_other_sessions", "create_api_key", "list_api_keys",
            "revoke_api_key", "create_checkout", "read_checkout", "change_subscription",
            "cancel_subscription", "resume_subscription", "open_billing_portal", "redeem_promotion",
            "read_methods", "create_link", "delete_link", "export_me", "ask_for_proof", "list_passkeys",
            "ask_for_new_passkey", "create_passkey", "update_passkey", "delete_passkey",
            "read_referral", "claim_referral", "read_auto_top_up", "set_auto_top_up",
        ),
        Who.OWNER,
    ),
    **dict.fromkeys(
        (
            "list_users", "read_user", "list_users_entries", "list_users_generations", "list_users_purchases",
            "list_audit_records", "list_mails", "list_margins", "list_providers", "list_dead_letters",
        ),
        Who.STAFF,
    ),
    **dict.fromkeys(("change_user", "correct_credits", "refund_purchase", "replay_dead_letter"), Who.ADMIN),
}  # fmt: skip
ROUTES = {route.name: route for route in api_routes()}
# Says no at once or never ends: who may follow is tried in test_event_stream.py.
ENDLESS = {"follow_events"}
# What is answered to whoever is not let in at all.
KEPT_OUT = {
    "UNAUTHENTICATED", "INVALID_TOKEN", "SESSION_ENDED", "INVALID_API_KEY", "KEYS_NOT_ADMITTED",
    "SCOPE_REQUIRED", "NOT_STAFF", "NOT_AN_ADMIN",
}  # fmt: skip


def test_every_call_has_a_row() -> None:
    """A new one fails here until somebody says whom it is for; one that is gone leaves no row."""
    assert set(FOR) == set(ROUTES)


async def log_in(door: Door, email: str, role: Role = Role.USER) -> str:
    """Somebody signs in; returns the proof."""
    user_id = UserId(await door.sign_up(email, welcome_credits=1000))
    users = door.world.identity.users
    users[user_id] = replace(users[user_id], role=role)
    body = {"email": email, "password": PASSWORD}
    token = (await door.http.post("/v1/auth/login", json=body)).json()["access_token"]
    return f"Bearer {token}"


async def things(door: Door, proof: str) -> dict[str, str]:
    """Of each thing that an address can name, one that is Ada's."""
    http, bearing = door.http, {"Authorization": proof}
    body = {"model": SKETCH, "input": {"prompt": "a heron"}}
    job = (await http.post("/v1/generations", json=body, headers=bearing)).json()
    collection = await http.post("/v1/collections", json={"name": "Herons"}, headers=bearing)
    png = bearing | {"content-type": "image/png"}
    upload = await http.post("/v1/uploads", content=b"a heron", headers=png)
    checkout = (await http.post("/v1/checkout", json={"pack": "starter"}, headers=bearing)).json()
    scopes = {"name": "Hers", "scopes": ["account:read"]}
    key = await http.post("/v1/api-keys", json=scopes, headers=bearing)
    session = (await http.get("/v1/sessions", headers=bearing)).json()["data"][0]
    hook = {"url": "https://receiver.example/", "event_types": ["generation.succeeded"]}
    endpoint = (await http.post("/v1/webhook-endpoints", json=hook, headers=bearing)).json()["id"]
    sent = await http.post(f"/v1/webhook-endpoints/{endpoint}/test", headers=bearing)
    return {
        "provider": SKETCH.partition("/")[0],
        "name": SKETCH.partition("/")[2],
        "generation": job["id"],
        "collection": collection.json()["id"],
        "upload": upload.json()["id"],
        "checkout": checkout["id"],
        "purchase": str(door.world.billing.pay(checkout["id"]).purchase_id),
        "api_key": key.json()["id"],
        "session": session["id"],
        "webhook_endpoint": endpoint,
        "delivery": sent.json()["id"],
        "output": "out_" + "0" * 32,
        "share": "shr_" + "0" * 32,
        "link": "lnk_" + "0" * 32,
        "alias": "gpt-image-1",
        "dead_letter": "ledger:evt_1",
        "passkey": await a_passkey(door, bearing),
        "user": str(next(iter(door.world.identity.users))),
    }


async def a_passkey(door: Door, bearing: dict[str, str]) -> str:
    """A passkey of Ada's."""
    door.confirm_addresses()
    asked = await door.http.post("/v1/me/passkeys/options", headers=bearing)
    body = {"name": "Phone", "passkey": KeyRing().create(asked.json()["public_key"])}
    passkey_id: str = (await door.http.post("/v1/me/passkeys", json=body, headers=bearing)).json()["id"]
    return passkey_id


def body_of(route: APIRoute, method: str) -> dict[str, Any]:
    """A body as the description shows it: it gets past the form."""
    said = description().document["paths"].get(route.path, {}).get(method.lower(), {}).get("requestBody")
    content = said["content"].get("application/json") if said else None
    if content is None:
        return {}
    examples = [each["value"] for each in content.get("examples", {}).values()]
    return {"json": content.get("example") or (examples[0] if examples else {})}


async def a_key(door: Door, proof: str, scopes: list[str]) -> str:
    """A key of Ada's."""
    body = {"name": "Key", "scopes": scopes}
    made = await door.http.post("/v1/api-keys", json=body, headers={"Authorization": proof})
    return f"Bearer {made.json()['key']}"


def reason_of(answer: httpx.Response) -> str | None:
    """Why it was refused, where the caller was not let in; None for whoever was."""
    is_problem = answer.headers.get("content-type", "") == "application/problem+json"
    reason: str = answer.json()["reason"] if is_problem else ""
    if answer.is_error and answer.request.url.path.startswith("/openai/"):
        reason = answer.json()["error"]["code"].upper()
    return reason if reason in KEPT_OUT else None


@pytest.mark.parametrize("name", sorted(set(ROUTES) - ENDLESS))
async def test_who_is_let_in(door: Door, name: str) -> None:
    """Nobody, a user, another, support, an administrator, keys and somebody whose account is closed."""
    route, whom = ROUTES[name], FOR[name]
    ada = await log_in(door, "ada@example.com")
    eve = await log_in(door, "eve@example.com")
    support = await log_in(door, "support@example.com", Role.SUPPORT)
    admin = await log_in(door, "admin@example.com", Role.ADMIN)
    gone = await log_in(door, "gone@example.com")
    hers = await things(door, ada)
    # What is waited for ends.
    door.world.generations.ends_at_once = GenerationStatus.SUCCEEDED
    door.world.output_files.otherwise = [b"a heron"]
    needed = SCOPES.get(name)
    few = await a_key(door, ada, sorted(set(Scope) - (needed or frozenset())))
    many = await a_key(door, ada, sorted(Scope))
    closed = await a_key(door, gone, sorted(Scope))
    known = {user.email: user_id for user_id, user in door.world.identity.users.items()}
    door.world.identity.disable(known["gone@example.com"], disabled=True)
    door.clock.pass_(seconds=2)
    del door.http.headers["Authorization"]
    (method,) = route.methods - {"HEAD"}
    path = route.path.format_map(hers)

    async def ask(proof: str | None) -> httpx.Response:
        headers = {"Authorization": proof} if proof else {}
        return await door.http.request(method, path, headers=headers, **body_of(route, method))

    is_public = whom is Who.ANYBODY
    before = door.state()
    if not is_public:
        assert reason_of(await ask(None)) == "UNAUTHENTICATED"
        assert reason_of(await ask(gone)) == "SESSION_ENDED"
        assert reason_of(await ask(closed)) == "INVALID_API_KEY"
        refused = "KEYS_NOT_ADMITTED" if needed is None else "SCOPE_REQUIRED"
        assert reason_of(await ask(few)) == refused
    if whom in (Who.STAFF, Who.ADMIN):
        kept_out = "NOT_STAFF" if whom is Who.STAFF else "NOT_AN_ADMIN"
        assert reason_of(await ask(ada)) == reason_of(await ask(eve)) == kept_out
        assert reason_of(await ask(many)) == "KEYS_NOT_ADMITTED"
    if whom is Who.ADMIN:
        assert reason_of(await ask(support)) == "NOT_AN_ADMIN"
    names_a_thing = set(route.path.split("/")) & {
        f"{{{thing}}}" for thing in set(hers) - {"provider", "name", "alias"}
    }
    if whom is Who.OWNER and names_a_thing:
        # Another's is not there: neither for a stranger nor for people with a role.
        for stranger in (eve, support, admin):
            assert (await ask(stranger)).status_code == 404, stranger
    if not is_public:
        assert door.state() == before
    let_in = {
        Who.ANYBODY: (None, ada, support, admin),
        Who.OWNER: (ada, support, admin),
        Who.STAFF: (support, admin),
        Who.ADMIN: (admin,),
    }[whom]
    for proof in let_in:
        answer = await ask(proof)
        # What is anybody's may still say that a mailed or a refresh token is none.
        assert reason_of(answer) in (None, *(("INVALID_TOKEN",) if is_public else ())), (proof, answer.text)
        assert answer.status_code < 500, answer.text
