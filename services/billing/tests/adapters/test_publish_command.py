"""`python -m billing publish-catalogue`, as an operator runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import stripe
from pydantic import SecretStr
from standins.serving import running
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings

pytestmark = pytest.mark.server

KEY = "sk_test_billing"


def publish(url: str, *, key: str = KEY) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    settings = {"BILLING_STRIPE_SECRET_KEY": key, "BILLING_STRIPE_API_URL": url}
    command = [sys.executable, "-m", "billing", "publish-catalogue"]
    return subprocess.run(
        command, env={**os.environ, **settings}, capture_output=True, text=True, timeout=60, check=False
    )


def test_it_says_what_it_did_and_why_it_could_not(tmp_path: Path) -> None:
    """Everything, then nothing, then what was archived; with a wrong key one line and exit code 1."""
    with running(create_app(StripeSettings(data_folder=tmp_path, api_key=SecretStr(KEY)))) as url:
        first = publish(url)
        assert (first.returncode, first.stderr) == (0, "")
        assert "starter: product created, price created\n" in first.stdout
        assert "plan pro: product created, price created, price created\n" in first.stdout
        second = publish(url)
        assert [line.partition(": ")[2] for line in second.stdout.splitlines()] == ["on sale already"] * 5
        dashboard = stripe.StripeClient(KEY, base_addresses={"api": url}).v1
        dashboard.products.update("tintype_builder", {"active": False})
        assert "builder: product unarchived" in publish(url).stdout
        assert dashboard.products.retrieve("tintype_builder").active
        refused = publish(url, key="sk_test_of_somebody_else")
        assert refused.returncode == 1
        assert "PAYMENT_PROCESSOR_MISCONFIGURED: " in refused.stderr
        assert "Invalid API Key" in refused.stderr
        assert "somebody_else" not in refused.stderr + refused.stdout
