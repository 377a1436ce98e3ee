"""Accounts by their ids: which can be one, and which are known. Over every store."""

import pytest
from command_makers import adjust, claw_back, grant, renew, reserve
from ledger.application.command import Command
from ledger.application.open_account import OpenAccount
from ledger.domain.errors import AccountNotFound, InvalidField
from ledger.ports.ledger_reader import EntryFilter
from support import LedgerUnderTest

# None of them can be a token of a subject.
IMPOSSIBLE = {
    "nothing": "",
    "a space behind": "usr_x ",
    "a space before": " usr_x",
    "a dot": "usr_x.",
    "two dots": "usr..x",
    "a wildcard": "usr_*",
    "every token": ">",
    "NUL": "usr_\x00",
    "a line's end": "usr_x\n",
    "half a character": "usr_\ud83d",
    "another alphabet": "usr_ä",
    "65 characters": "u" * 65,
}


def commands(account_id: str) -> list[Command]:
    """Every command that names an account."""
    return [
        grant(account_id, 5),
        renew(account_id, 5),
        reserve(account_id, 5),
        claw_back(account_id, "pi_1", "refund", 5),
        adjust(account_id, 5),
        OpenAccount(request_id="open", account_id=account_id),
    ]


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", IMPOSSIBLE)
async def test_an_impossible_id_is_refused_everywhere(memory_ledger: LedgerUnderTest, name: str) -> None:
    """By every command and every question; the field is named, and nothing is opened."""
    account_id = IMPOSSIBLE[name]
    for command in commands(account_id):
        with pytest.raises(InvalidField) as refused:
            await memory_ledger.apply(command)
        assert refused.value.field == "account_id"
    for asking in (
        memory_ledger.read_balance(account_id),
        memory_ledger.list_entries(account_id, EntryFilter()),
        memory_ledger.list_reservation_lots(account_id, "res_1"),
        memory_ledger.list_lots(account_id),
    ):
        with pytest.raises(InvalidField) as refused:
            await asking
        assert refused.value.field == "account_id"
    assert memory_ledger.units.accounts == {}  # type: ignore[attr-defined]
    assert await memory_ledger.outbox() == []


@pytest.mark.parametrize("account_id", ["u", "usr_0192f0c1-7a3e-7b1c-9d2e-ff00aa11bb22", "u" * 64])
async def test_possible_ids(any_ledger: LedgerUnderTest, account_id: str) -> None:
    """Letters, digits, _ and -."""
    await any_ledger.give(account_id, 5)
    assert await any_ledger.available(account_id) == (5, 0)


@pytest.mark.parametrize("amount", [5, -5])
async def test_an_account_that_nobody_opened_is_not_corrected(
    any_ledger: LedgerUnderTest, amount: int
) -> None:
    """Nor opened by it: nothing changes, and the request id is not used up."""
    command = adjust("usr_nobody", amount)
    with pytest.raises(AccountNotFound):
        await any_ledger.apply(command)
    assert await any_ledger.available("usr_nobody") == (0, 0)
    assert await any_ledger.outbox() == []
    with pytest.raises(AccountNotFound):
        await any_ledger.apply(command)
    await any_ledger.give("usr_nobody", 10)
    assert not (await any_ledger.apply(command)).replayed
    assert await any_ledger.available("usr_nobody") == (10 + amount, 0)


async def test_an_opened_account_is_known(any_ledger: LedgerUnderTest) -> None:
    """With nothing in it."""
    await any_ledger.apply(OpenAccount(request_id="open", account_id="usr_new"))
    assert await any_ledger.available("usr_new") == (0, 0)
    await any_ledger.apply(adjust("usr_new", 5))
    assert await any_ledger.available("usr_new") == (5, 0)
