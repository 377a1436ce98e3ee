"""How fast a large library answers."""
