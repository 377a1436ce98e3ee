"""Delivery of events to the webhook endpoint."""
