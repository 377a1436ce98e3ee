"""Stands in for Cloudflare Turnstile: a box to tick, and tokens that count once."""
