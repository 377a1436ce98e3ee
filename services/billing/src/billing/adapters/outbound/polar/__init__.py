"""Polar, by its official SDK. Nothing of Polar leaves this folder but our own words."""
