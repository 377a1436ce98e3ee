"""Replicate: predictions of models that others host there."""
