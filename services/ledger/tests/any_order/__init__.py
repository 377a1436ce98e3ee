"""A machine that applies every command in any order, and what must hold after each."""
