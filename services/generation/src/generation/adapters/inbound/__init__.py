"""What calls generation."""
