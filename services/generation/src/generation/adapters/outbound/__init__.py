"""What generation calls."""
