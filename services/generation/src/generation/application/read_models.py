"""Reads the catalogue."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from generation.application.entitlement_check import EntitlementCheck
from generation.application.learn_statistics import LastDay
from generation.application.usual_durations import UsualDurations
from generation.domain.entitlements import Entitlements
from generation.domain.identifiers import AccountId, ModelId
from generation.domain.model import Model
from generation.domain.model_statistics import ModelStatistics
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
    last_day: ModelStatistics
    # Providers of it in whose place a stand-in answers.
    stand_ins: Sequence[str] = ()


@dataclass(frozen=True)
class ReadModels:
    """Answers which models are on offer."""

    units: UnitsOfWork
    catalogue: Catalogue
    durations: UsualDurations
    last_day: LastDay
    entitlement: EntitlementCheck
    # By the names of their providers.
    stand_ins: Collection[str] = ()

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
                self.last_day.of(model.model_id),
                [provider.name for provider in model.providers if provider.name in self.stand_ins],
            )
            for model in models
        ]

    async def _known(self, account_id: AccountId, models: Iterable[Model]) -> Entitlements | None:
        # Where nothing requires anything, nobody has to be asked.
        if all(model.requires is None for model in models):
            return None
        async with self.units.of(account_id) as work:
            return await work.entitlements.of(account_id)
