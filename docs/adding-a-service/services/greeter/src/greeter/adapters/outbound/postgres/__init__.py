"""Greetings in PostgreSQL."""
