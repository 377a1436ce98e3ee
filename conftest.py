"""Tests everywhere get real servers from one place."""

pytest_plugins = ["embedded.pytest_plugin"]
