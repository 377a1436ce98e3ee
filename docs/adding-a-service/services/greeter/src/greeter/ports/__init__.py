"""What the use cases need."""
