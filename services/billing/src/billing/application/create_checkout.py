"""Use case: open a hosted checkout page for one pack."""

from dataclasses import dataclass

from billing.application.bounds import require_same_origin, require_text
from billing.application.follow_checkout import FollowCheckoutHandler
from billing.application.open_page import PageOpener, PageRequest
from billing.domain.catalogue import Catalogue
from billing.domain.checkout import Checkout, CheckoutStatus
from billing.domain.errors import IdempotencyKeyReused, UnknownPack
from billing.domain.identifiers import CheckoutId, PackId, UserId
from billing.domain.pack import Pack
from billing.domain.page_request import fingerprint, is_same_request
from billing.ports.clock import Clock
from billing.ports.id_source import IdSource
from billing.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True, kw_only=True)
class CreateCheckout:
    """Sell one pack to one user. Without a key, every call opens a checkout of its own.

    `{CHECKOUT_ID}` in an address stands for the checkout's id.
    """

    user_id: UserId
    email: str
    pack_id: PackId
    idempotency_key: str | None
    success_url: str
    cancel_url: str


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The checkout, and whether this key had opened it before."""

    checkout: Checkout
    replayed: bool


@dataclass(frozen=True)
class CreateCheckoutHandler:
    """Commits the checkout before it asks the processor: a crash in between opens no second one."""

    units: UnitsOfWork
    pages: PageOpener
    follow: FollowCheckoutHandler
    catalogue: Catalogue
    clock: Clock
    ids: IdSource
    public_url: str

    async def __call__(self, command: CreateCheckout) -> Opened:
        """Open the page, or return the one that this key opened; one that has expired gets another page.

        Raises InvalidField, UnknownPack, IdempotencyKeyReused, and what the processor's port does.
        """
        self._validate(command)
        pack = self.catalogue.find(command.pack_id)
        if pack is None:
            raise UnknownPack(f"there is no pack {command.pack_id!r}", pack_id=command.pack_id)
        wanted = self._new(command, pack)
        async with self.units.of(command.user_id) as work:
            checkout = await work.add_checkout(wanted)
        if not is_same_request(checkout, wanted):
            raise IdempotencyKeyReused(
                "this key opened another checkout before", checkout_id=checkout.checkout_id
            )
        replayed = checkout.checkout_id != wanted.checkout_id
        checkout = await self.follow.look_again(checkout)
        if checkout.page_id is None or checkout.status is CheckoutStatus.EXPIRED:
            request = PageRequest(
                email=command.email, success_url=command.success_url, cancel_url=command.cancel_url
            )
            checkout = await self.pages.open(checkout, pack, request)
        return Opened(checkout=checkout, replayed=replayed)

    def _new(self, command: CreateCheckout, pack: Pack) -> Checkout:
        checkout_id, now = CheckoutId(self.ids.new("chk")), self.clock.now()
        return Checkout(
            checkout_id=checkout_id,
            user_id=command.user_id,
            idempotency_key=checkout_id if command.idempotency_key is None else command.idempotency_key,
            pack_id=pack.pack_id,
            pack_title=pack.title,
            credits=pack.credits,
            price_minor=pack.price_minor,
            currency=pack.currency,
            created_at=now,
            opened_at=now,
            fingerprint=fingerprint(
                pack_id=command.pack_id, success_url=command.success_url, cancel_url=command.cancel_url
            ),
        )

    def _validate(self, command: CreateCheckout) -> None:
        require_text("user_id", command.user_id)
        require_text("email", command.email, longest=320)
        require_text("pack_id", command.pack_id)
        if command.idempotency_key is not None:
            require_text("idempotency_key", command.idempotency_key)
        require_same_origin("success_url", command.success_url, self.public_url)
        require_same_origin("cancel_url", command.cancel_url, self.public_url)
