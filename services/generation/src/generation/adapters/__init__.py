"""Where generation meets the world."""
