"""The use cases of generation, one a file."""
