"""Greets everybody who has registered."""
