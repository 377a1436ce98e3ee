"""The nouns of generation and their rules: pure Python, no input or output."""
