"""What calls the service: gRPC and events."""
