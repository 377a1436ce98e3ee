"""`python -m standins.openai`."""

from __future__ import annotations

from standins.openai.app import create_app
from standins.openai.settings import OpenAISettings
from standins.serving import load_settings, serve

if __name__ == "__main__":
    settings = load_settings(OpenAISettings)
    serve(create_app(settings), settings.listen)
