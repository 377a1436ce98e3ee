"""The composition root: every part made and wired."""
