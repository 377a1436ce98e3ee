"""The inside of billing knows no payment processor by name: not in code, texts, comments or docstrings."""

import re

import pytest
from billing.adapters.outbound.payment_back_ends import BACK_ENDS
from source import INSIDE, ROOT, files

# What Stripe calls its own: itself, its objects and their fields, the beginnings of its ids and keys.
WORDS = re.compile(
    r"stripe|lookup.?key|payment.?intent|session|livemode|client.?reference|connected.?account|thin.?event"
    r"|checkout\.session|balance.?transaction|webhook.?secret|price_id|product_id|latest_charge"
    r"|\b(?:cs|pi|ch|re|du|dp|cus|in|price|prod|evt|acct|whsec|sk|rk|pk)_(?:[0-9]|live|test|\{)",
    re.IGNORECASE,
)


def test_nothing_inside_of_billing_is_said_in_a_vendors_words() -> None:
    """Domain, ports and use cases would be the same before any processor with hosted pages."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files("billing", *INSIDE)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if WORDS.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("name", BACK_ENDS)
def test_a_vendors_library_is_imported_in_its_folder_alone(name: str) -> None:
    """And the folder by nobody: the one in use is found by its name."""
    imported = re.compile(
        rf"^\s*(?:from|import) (?:{name}\b|billing\.adapters\.outbound\.{name}\b)", re.MULTILINE
    )
    found = [
        path.relative_to(ROOT / "services/billing/src/billing").as_posix()
        for path in files("billing")
        if imported.search(path.read_text())
    ]
    assert found
    assert [place for place in found if not place.startswith(f"adapters/outbound/{name}/")] == []


@pytest.mark.parametrize(
    "line",
    [
        "def verify(self, body, stripe_signature)",
        "lookup_key: str",
        "session_id",
        "# A payment intent",
        '"pi_1"',
    ],
)
def test_the_words_are_found(line: str) -> None:
    """A check that finds nothing would hold nothing."""
    assert WORDS.search(line)
