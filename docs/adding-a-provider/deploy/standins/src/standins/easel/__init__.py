"""Stands in for Easel: accepts runs, draws one colour, forgets on request."""
