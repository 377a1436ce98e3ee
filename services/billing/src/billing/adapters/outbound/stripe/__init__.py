"""Stripe, by its official SDK. Nothing of Stripe leaves this folder but our own words."""
