"""Every port of storage in memory: for unit tests, with the same guarantees as the real adapters."""
