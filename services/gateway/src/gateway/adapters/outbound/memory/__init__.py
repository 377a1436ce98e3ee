"""Every port in memory: the same rules as the services behind, for tests without a network."""
