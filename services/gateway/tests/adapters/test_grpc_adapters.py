"""The gRPC adapters against servers in this process: what is sent, and what comes back."""

from datetime import UTC, timedelta

import grpc
import pytest
from gateway.adapters.outbound.grpc_billing import GrpcBilling
from gateway.adapters.outbound.grpc_generation import GrpcGenerations
from gateway.adapters.outbound.grpc_identity import GrpcIdentity
from gateway.adapters.outbound.grpc_ledger import GrpcLedger
from gateway.domain.client import Client
from gateway.domain.credits import Category, EntryFilter, EntryKind
from gateway.domain.generation import GenerationStatus, LibraryFilter, NewGeneration
from gateway.domain.user import Role
from google.protobuf.timestamp_pb2 import Timestamp
from scripted_services import ADA, JOB, STATUSES, WHEN, Script
from tintype.billing.v1 import billing_pb2 as billing
from tintype.generation.v1 import generation_pb2 as generation
from tintype.identity.v1 import identity_pb2 as identity
from tintype.ledger.v1 import ledger_pb2 as ledger

pytestmark = pytest.mark.server


def stamp() -> Timestamp:
    """WHEN, as a message."""
    message = Timestamp()
    message.FromDatetime(WHEN)
    return message


async def test_identity(connection: grpc.aio.Channel, script: Script) -> None:
    """Users and sessions arrive whole; a profile's fields that are left out are not sent."""
    user = identity.User(
        user_id=ADA, email="a@b.co", email_verified=True, role=identity.ROLE_ADMIN, created_at=stamp()
    )
    session = identity.Session(
        access_token="a", refresh_token="r", expires_in_s=900, refresh_expires_at=stamp()
    )
    for name in ("SignUp", "LogIn", "RefreshSession"):
        script.answers[name] = getattr(identity, f"{name}Response")(user=user, session=session)
    for name in ("GetUser", "UpdateProfile", "VerifyEmail"):
        script.answers[name] = getattr(identity, f"{name}Response")(user=user)
    for name in ("LogOut", "RequestPasswordReset", "ResetPassword"):
        script.answers[name] = getattr(identity, f"{name}Response")()
    script.answers["GetJwks"] = identity.GetJwksResponse(jwks_json="{}")
    adapter = GrpcIdentity(connection)
    signed_in = await adapter.sign_up(email="a@b.co", password="p", full_name="Ada")
    assert signed_in == await adapter.log_in(
        email="a@b.co", password="p", client=Client(address="192.0.2.1", user_agent="Fox/1")
    )
    assert signed_in == await adapter.refresh("r")
    assert (signed_in.user.role, signed_in.tokens.refresh_expires_at) == (Role.ADMIN, WHEN)
    assert await adapter.user(ADA) == signed_in.user
    assert await adapter.verify_email("t") == signed_in.user
    await adapter.update_profile(ADA, full_name=None, avatar_url="")
    await adapter.log_out("r")
    await adapter.request_password_reset(email="a@b.co", client_address="192.0.2.1")
    await adapter.reset_password(token="t", new_password="n")
    assert await adapter.jwks() == "{}"
    changed = next(one for one in script.heard if isinstance(one, identity.UpdateProfileRequest))
    assert not changed.HasField("full_name")
    assert changed.HasField("avatar_url")
    logged_in = next(one for one in script.heard if isinstance(one, identity.LogInRequest))
    assert (logged_in.client_address, logged_in.user_agent) == ("192.0.2.1", "Fox/1")


async def test_ledger(connection: grpc.aio.Channel, script: Script) -> None:
    """Balances, entries, reservations and lots arrive whole; another account's reservation does not."""
    script.answers |= {
        "GetBalance": ledger.GetBalanceResponse(
            balance=ledger.Balance(
                available=7, held=3, by_category={ledger.CATEGORY_PAID: 4, 99: 3}, sequence=9
            )
        ),
        "GetWelcome": ledger.GetWelcomeResponse(credits=700),
        "ListEntries": ledger.ListEntriesResponse(
            entries=[
                ledger.Entry(
                    entry_id="ent_1", kind=ledger.ENTRY_KIND_CHARGE, amount=-1, settled=5, created_at=stamp()
                )
            ],
            next_page_token="12",
        ),
        "GetReservation": ledger.GetReservationResponse(
            reservation=ledger.Reservation(
                reservation_id="res_1", account_id=ADA, state=ledger.RESERVATION_STATE_HELD, reserved=5
            )
        ),
        "ListLots": ledger.ListLotsResponse(
            lots=[
                ledger.Lot(grant_id="grt_1", category=ledger.CATEGORY_PAID, remaining=4),
                ledger.Lot(grant_id="grt_2", category=99, remaining=3, expires_at=stamp()),
            ],
            further=2,
        ),
        "ListReservationLots": ledger.ListReservationLotsResponse(
            lots=[ledger.PinnedLot(grant_id="grt_1", category=ledger.CATEGORY_PAID, source="payment:pi_1")]
        ),
    }
    adapter = GrpcLedger(connection)
    balance = await adapter.balance(ADA)
    assert (balance.available, balance.held, balance.sequence) == (7, 3, 9)
    # A category that is newer than this gateway is counted as no other.
    assert balance.by_category == {Category.PAID: 4}
    assert balance.next_expiry is None
    assert await adapter.welcome_credits() == 700
    which = EntryFilter(kinds=(EntryKind.CHARGE,), since=WHEN)
    page = await adapter.entries(ADA, which, cursor="20", limit=5)
    assert (page.items[0].kind, page.items[0].amount, page.next_cursor) == (EntryKind.CHARGE, -1, "12")
    asked = next(one for one in script.heard if isinstance(one, ledger.ListEntriesRequest))
    assert (asked.page_size, asked.page_token, list(asked.kinds)) == (5, "20", [ledger.ENTRY_KIND_CHARGE])
    assert getattr(asked, "from").ToDatetime(tzinfo=UTC) == WHEN
    assert not asked.HasField("to")
    reservation = await adapter.reservation(ADA, JOB)
    assert reservation is not None
    assert reservation.reserved == 5
    assert await adapter.reservation("usr_" + "b" * 32, JOB) is None
    assert [lot.payment_id for lot in await adapter.reservation_lots(ADA, "res_1")] == ["pi_1"]
    found = await adapter.open_lots(ADA)
    assert [(lot.category, lot.remaining) for lot in found.lots] == [(Category.PAID, 4), (None, 3)]
    assert (found.lots[0].expires_at, found.lots[1].expires_at, found.further) == (None, WHEN, 2)
    script.answers["GetReservation"] = STATUSES["NOT_FOUND"]("RESERVATION_NOT_FOUND")
    assert await adapter.reservation(ADA, JOB) is None


async def test_billing(connection: grpc.aio.Channel, script: Script) -> None:
    """Packs, checkouts and purchases arrive whole; a webhook is passed on byte for byte."""
    checkout = billing.Checkout(
        checkout_id="cs_1", pack_id="starter", url="https://c", status=billing.CHECKOUT_STATUS_OPEN
    )
    script.answers |= {
        "ListPacks": billing.ListPacksResponse(packs=[billing.Pack(pack_id="starter", credits=1000)]),
        "CreateCheckout": billing.CreateCheckoutResponse(checkout=checkout, replayed=True),
        "GetCheckout": billing.GetCheckoutResponse(checkout=checkout),
        "ListPurchases": billing.ListPurchasesResponse(
            purchases=[
                billing.Purchase(
                    purchase_id="pay_1",
                    created_at=stamp(),
                    refunded_minor=300,
                    disputed_minor=7,
                    status=billing.PURCHASE_STATUS_CHARGED_BACK,
                ),
                billing.Purchase(purchase_id="pay_0", created_at=stamp()),
            ]
        ),
        "ReceiveWebhook": billing.ReceiveWebhookResponse(event_id="evt_1", duplicate=True),
    }
    adapter = GrpcBilling(connection)
    assert [pack.credits for pack in await adapter.packs()] == [1000]
    opened, replayed = await adapter.create_checkout(
        user_id=ADA, email="a@b.co", pack_id="starter", idempotency_key="k", success_url="s", cancel_url="c"
    )
    assert (opened.checkout_id, opened.url, replayed) == ("cs_1", "https://c", True)
    assert await adapter.checkout(ADA, "cs_1") == opened
    page = await adapter.purchases(ADA, cursor=None, limit=20)
    first, older = page.items
    assert (first.purchase_id, page.next_cursor) == ("pay_1", None)
    assert (first.refunded_minor, first.disputed_minor, first.status) == (300, 7, "charged_back")
    assert (older.refunded_minor, older.status) == (0, "paid")
    body = b'{"a":  1}\xff\x00'
    headers = {"stripe-signature": "t=1,v1=x", "content-type": "application/json"}
    assert await adapter.receive_webhook(body=body, headers=headers) is True
    heard = script.heard[-1]
    assert (heard.body, heard.headers, heard.signature) == (body, headers, headers["stripe-signature"])


async def test_generation(connection: grpc.aio.Channel, script: Script) -> None:
    """Whole numbers stay whole through a Struct; a job whose credits are being reserved is queued."""
    job = generation.Generation(
        generation_id=JOB,
        account_id=ADA,
        model_id="local/sketch",
        modality=generation.MODALITY_IMAGE,
        status=generation.GENERATION_STATUS_RESERVING,
        credits_reserved=5,
        outputs=[
            generation.Output(output_id="out_1", width=512, expires_at=stamp()),
            generation.Output(output_id="out_2", thumbnail_url="https://t", incomplete="length"),
        ],
        attempts=[generation.Attempt(attempt_id="att_1", provider="local", outcome="succeeded")],
        created_at=stamp(),
    )
    job.input.update({"prompt": "a heron", "seed": 7, "strength": 0.5, "nested": {"list": [1, 2.5]}})
    model = generation.Model(model_id="local/sketch", modality=generation.MODALITY_IMAGE)
    model.input_schema.update({"properties": {"seed": {"maximum": 2147483647}}})
    script.answers |= {
        "ListModels": generation.ListModelsResponse(models=[model]),
        "GetModel": generation.GetModelResponse(model=model),
        "CreateQuote": generation.CreateQuoteResponse(quote_id="q", credits=5, expires_at=stamp()),
        "CreateGeneration": generation.CreateGenerationResponse(generation=job, replayed=True),
        "GetGeneration": generation.GetGenerationResponse(generation=job),
        "ListGenerations": generation.ListGenerationsResponse(generations=[job], next_page_token="n"),
        "CancelGeneration": generation.CancelGenerationResponse(generation=job),
        "DeleteGeneration": generation.DeleteGenerationResponse(),
        "ReceiveProviderWebhook": generation.ReceiveProviderWebhookResponse(),
        "SummarizeUsage": generation.SummarizeUsageResponse(
            usage=[generation.ModelUsage(model_id="local/sketch", credits=7, generations=2)]
        ),
    }
    adapter = GrpcGenerations(connection)
    assert list(await adapter.models()) == [await adapter.model("local/sketch")]
    maximum = (await adapter.models())[0].input_schema["properties"]["seed"]["maximum"]
    assert (maximum, type(maximum)) == (2147483647, int)
    assert (await adapter.quote(ADA, model_id="local/sketch", job={"prompt": "a heron"})).credits == 5
    new = NewGeneration(
        model_id="local/sketch",
        input={"prompt": "a heron", "seed": 7},
        metadata={"a": [1]},
        idempotency_key="k",
    )
    created, replayed = await adapter.create(ADA, new)
    assert (created.status, replayed) == (GenerationStatus.QUEUED, True)
    assert created.input == {"prompt": "a heron", "seed": 7, "strength": 0.5, "nested": {"list": [1, 2.5]}}
    assert (created.failure, created.outputs[0].width, created.attempts[0].provider) == (None, 512, "local")
    assert [(one.thumbnail_url, one.incomplete) for one in created.outputs] == [
        (None, None),
        ("https://t", "length"),
    ]
    asked = script.heard[-1]
    assert (asked.idempotency_key, asked.quote_id, dict(asked.input)["seed"]) == ("k", "", 7)
    assert await adapter.generation(ADA, JOB) == created
    failed = LibraryFilter(statuses=(GenerationStatus.FAILED,))
    page = await adapter.page(ADA, wanted=failed, cursor=None, limit=3)
    assert (list(page.items), page.next_cursor) == ([created], "n")
    assert list(script.heard[-1].statuses) == [generation.GENERATION_STATUS_FAILED]
    assert await adapter.cancel(ADA, JOB) == created
    await adapter.delete(ADA, JOB)
    bounds = [WHEN, WHEN + timedelta(days=1)]
    (usage,) = await adapter.usage(ADA, bounds=bounds)
    assert (usage.period, usage.model_id, usage.credits, usage.generations) == (0, "local/sketch", 7, 2)
    assert [bound.ToDatetime(UTC) for bound in script.heard[-1].bounds] == bounds
    await adapter.receive_webhook("acme", body=b"\xff", headers={"signature": "s"}, query={"token": "t"})
    told = script.heard[-1]
    assert (told.provider, told.body, dict(told.headers), dict(told.query)) == (
        "acme",
        b"\xff",
        {"signature": "s"},
        {"token": "t"},
    )
