"""Processes that speak the protocols of services a laptop cannot or should not reach."""
