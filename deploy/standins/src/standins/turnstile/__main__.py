"""`python -m standins.turnstile`."""

from __future__ import annotations

from standins.serving import load_settings, serve
from standins.turnstile.app import create_app
from standins.turnstile.settings import TurnstileSettings

if __name__ == "__main__":
    settings = load_settings(TurnstileSettings)
    serve(create_app(settings), settings.listen)
