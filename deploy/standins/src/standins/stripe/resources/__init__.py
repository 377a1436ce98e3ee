"""Stripe's resources, one a file; `stripe/operations.py` lists them."""
