"""`python -m standins.stripe`."""

from __future__ import annotations

from standins.serving import load_settings, serve
from standins.stripe.app import create_app
from standins.stripe.settings import StripeSettings

if __name__ == "__main__":
    settings = load_settings(StripeSettings)
    serve(create_app(settings), settings.listen)
