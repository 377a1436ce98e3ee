"""The demo's story."""

from rich.console import Console

from tintype_local.settings import StackSettings
from tintype_local.state import StackState


async def run_demo(stack: StackState, settings: StackSettings, console: Console) -> bool:
    """Run the story; return whether every step held."""
    return False
