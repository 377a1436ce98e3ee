"""Benchmarks. Each runs by itself: its own servers, its own folder, nothing left behind."""
