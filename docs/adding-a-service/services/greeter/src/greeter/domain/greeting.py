"""How somebody is greeted."""

from dataclasses import dataclass

from greeter.domain.identifiers import AccountId


@dataclass(frozen=True)
class Greeting:
    """One account's greeting."""

    account_id: AccountId
    full_name: str

    @property
    def text(self) -> str:
        """What is said."""
        return f"Welcome, {self.full_name}!"
