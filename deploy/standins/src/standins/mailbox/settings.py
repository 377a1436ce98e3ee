"""Settings of the mailbox, from `STANDIN_MAILBOX_...`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Listen = Annotated[str, Field(pattern=r"^.+:\d{1,5}$")]


class MailboxSettings(BaseSettings):
    """Where it listens and how much it keeps."""

    model_config = SettingsConfigDict(env_prefix="STANDIN_MAILBOX_", extra="ignore")

    listen: Listen = "127.0.0.1:8025"
    smtp_listen: Listen = "127.0.0.1:1025"
    """Port 0 takes a free one; `app.state.smtp_port` tells which."""
    data_folder: Path = Path("mailbox-data")
    kept_count: Annotated[int, Field(ge=1, le=10_000)] = 500
    message_bytes_max: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = 5 * 1024 * 1024
