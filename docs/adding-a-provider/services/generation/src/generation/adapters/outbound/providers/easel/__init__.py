"""Easel, an API that draws: runs are submitted, looked at and fetched."""
