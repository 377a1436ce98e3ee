"""Speaks as much of Polar's API, checkout page and webhooks as a seller of credits calls."""
