"""Fixtures shared by the stand-ins' tests: everything runs over real HTTP on loopback."""
