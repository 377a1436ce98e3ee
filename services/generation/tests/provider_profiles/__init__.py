"""How each provider is asked for things: one module a folder of `providers`, found by its name."""
