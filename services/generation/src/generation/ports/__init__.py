"""The roles that generation needs others to play."""
