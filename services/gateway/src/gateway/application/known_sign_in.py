"""What identity offers to sign in by: asked for, and known for a while."""

from collections.abc import Callable

from gateway.domain.errors import GatewayError
from gateway.domain.sign_in import SignInOptions
from gateway.ports.sign_in import SignIn


class KnownSignInOptions:
    """An answer counts for `life_s`, and longer while nobody can give another."""

    def __init__(self, sign_in: SignIn, *, life_s: float, monotonic: Callable[[], float]) -> None:
        self._sign_in = sign_in
        self._life_s = life_s
        self._monotonic = monotonic
        self._known: tuple[SignInOptions, float] | None = None

    def last(self) -> SignInOptions:
        """Return what was known last, and ask nobody; as shipped where nothing was."""
        return self._known[0] if self._known is not None else SignInOptions()

    async def now(self) -> SignInOptions:
        """Return what is offered. Raises Unavailable or TimedOut where that was never known."""
        if self._known is not None and self._monotonic() < self._known[1] + self._life_s:
            return self._known[0]
        asked_at_s = self._monotonic()
        try:
            self._known = (await self._sign_in.options(), asked_at_s)
        except GatewayError:
            if self._known is None:
                raise
        return self._known[0]
