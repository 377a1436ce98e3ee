"""`python -m standins.mailbox`."""

from __future__ import annotations

from standins.mailbox.app import create_app
from standins.mailbox.settings import MailboxSettings
from standins.serving import load_settings, serve

if __name__ == "__main__":
    settings = load_settings(MailboxSettings)
    serve(create_app(settings), settings.listen)
