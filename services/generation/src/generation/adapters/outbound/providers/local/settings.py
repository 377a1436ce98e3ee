"""How much of this machine may draw."""

from pydantic import Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """What the worker is told, as `GENERATION_<NAME>_...`; nobody else reads it."""

    threads: int = Field(default=2, ge=1, le=64)
