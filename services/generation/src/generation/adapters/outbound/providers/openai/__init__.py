"""OpenAI and whoever speaks its API."""
