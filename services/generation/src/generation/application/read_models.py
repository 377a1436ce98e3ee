"""Reads the catalogue."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from generation.application.entitlement_check import EntitlementCheck
from generation.application.usual_durations import UsualDurations
from generation.domain.entitlements import Entitlements
from generation.domain.identifiers import AccountId, ModelId
from generation.domain.model import Model
from generation.ports.catalogue import Catalogue
from generation.ports.unit_of_work import UnitsOfWork


@dataclass(frozen=True)
class ModelView:
    """A model, and how many seconds its jobs take as a rule; None while nobody knows.

    `is_usable` says whether the account that asked may use it, None where none did.
    """

    model: Model
    median_duration_s: float | None
    is_usable: bool | None


@dataclass(frozen=True)
class ReadModels:
    """Answers which models are on offer."""

    units: UnitsOfWork
    catalogue: Catalogue
    durations: UsualDurations
    entitlement: EntitlementCheck

    async def all(self, account_id: AccountId | None) -> Sequence[ModelView]:
        """Every model, in the order to show them."""
        return await self._views(self.catalogue.models(), account_id)

    async def model(self, model_id: ModelId, account_id: AccountId | None) -> ModelView:
        """One model. Raises UnknownModel."""
        (view,) = await self._views([self.catalogue.model(model_id)], account_id)
        return view

    async def _views(self, models: Iterable[Model], account_id: AccountId | None) -> Sequence[ModelView]:
        models = list(models)
        known = await self._known(account_id, models) if account_id else None
        return [
            ModelView(
                model,
                self.durations.of(model.model_id),
                self.entitlement.opens(model, known) if account_id else None,
            )
            for model in models
        ]

    async def _known(self, account_id: AccountId, models: Iterable[Model]) -> Entitlements | None:
        # Where nothing requires anything, nobody has to be asked.
        if all(model.requires is None for model in models):
            return None
        async with self.units.of(account_id) as work:
            return await work.entitlements.of(account_id)
