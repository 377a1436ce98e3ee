"""Whether a provider could be asked, as far as the settings say."""

from pydantic import ValidationError
from pydantic_settings import SettingsError

from generation.adapters.outbound.providers.registry import Chosen, ChosenProvider, folders
from generation.domain.model import Readiness


def readiness_of(name: str, in_use: Chosen) -> Readiness:
    """Return how a provider stands, by the name that models call it by. Values of settings go nowhere."""
    chosen = next((provider for provider in in_use if provider.name == name), None)
    if chosen is None and name not in folders():
        return Readiness(is_in_use=False, is_known=False)
    return Readiness(is_in_use=chosen is not None, lacks=_lacking(chosen or ChosenProvider(name, name)))


def _lacking(provider: ChosenProvider) -> tuple[str, ...]:
    try:
        provider.settings_class()()
    except ValidationError as invalid:
        problems = invalid.errors(include_input=False, include_url=False)
        names = ("_".join(map(str, problem["loc"])).upper() for problem in problems)
        return tuple(dict.fromkeys(provider.prefix + name for name in names))
    except SettingsError:
        return (f"{provider.prefix}...",)
    return ()
