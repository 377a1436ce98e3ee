"""A stand-in that speaks Replicate's HTTP API for predictions."""
