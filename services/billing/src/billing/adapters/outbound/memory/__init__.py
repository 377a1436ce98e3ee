"""Every port in memory, held to the same suites as the real thing."""
