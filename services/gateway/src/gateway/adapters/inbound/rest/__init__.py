"""The REST resources, one a module; what they answer is in `answers`."""
