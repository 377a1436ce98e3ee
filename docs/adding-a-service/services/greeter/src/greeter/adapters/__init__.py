"""What calls the service, and what it calls."""
